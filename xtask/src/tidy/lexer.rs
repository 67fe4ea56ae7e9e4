//! Rust source as a flat list of tokens, each marked as test code or not.
//!
//! Never parses: a token list is enough for every check, and survives syntax the checks do
//! not know. Comments are gone; the contents of strings stay inside their one token.
//! What stands under `#[cfg(test)]` or `#[test]` is test code. A file that does not lex is an
//! error for the caller to report, never silently skipped.

use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Literal,
    Mark,
}

#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) kind: Kind,
    pub(crate) line: usize,
    pub(crate) test: bool,
}

/// A function with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) lines: usize,
    pub(crate) test: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<Token>,
    pub(crate) functions: Vec<Function>,
    /// First and last lines of the items that are test code.
    pub(crate) test_spans: Vec<(usize, usize)>,
    /// `#[cfg(test)] mod name;`: the file of that name is test code too.
    pub(crate) test_modules: Vec<String>,
    /// `#![cfg(test)]` stands in the file.
    pub(crate) all_test: bool,
}

/// Lexes one file.
pub(crate) fn lex(text: &str) -> Result<Lexed, String> {
    let stream = TokenStream::from_str(text)
        .map_err(|error| format!("does not lex at line {}: {error}", error.span().start().line))?;
    let mut lexed = Lexed::default();
    walk(stream, false, &mut lexed);
    Ok(lexed)
}

fn walk(stream: TokenStream, in_test: bool, lexed: &mut Lexed) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    // The test item that is being passed: it ends with the first `;` or brace group.
    let mut test_item: Option<usize> = None;
    for (index, tree) in trees.iter().enumerate() {
        if starts_test_attribute(&trees, index) && test_item.is_none() && !in_test {
            test_item = Some(tree.span().start().line);
        }
        if starts_inner_test_attribute(&trees, index) {
            lexed.all_test = true;
        }
        let test = in_test || test_item.is_some();
        note_function(&trees, index, test, lexed);
        push(tree, test, lexed);
        let Some(first_line) = test_item else { continue };
        if ends_item(tree) {
            lexed.test_spans.push((first_line, tree.span().end().line));
            test_item = None;
            note_test_module(&trees, index, lexed);
        }
    }
}

fn push(tree: &TokenTree, test: bool, lexed: &mut Lexed) {
    let line = tree.span().start().line;
    match tree {
        TokenTree::Ident(word) => {
            lexed.tokens.push(Token { text: word.to_string(), kind: Kind::Word, line, test });
        }
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            lexed.tokens.push(Token { text, kind: Kind::Literal, line, test });
        }
        TokenTree::Punct(mark) => {
            let text = mark.as_char().to_string();
            lexed.tokens.push(Token { text, kind: Kind::Mark, line, test });
        }
        TokenTree::Group(group) => {
            let (open, close) = match group.delimiter() {
                Delimiter::Parenthesis => ("(", ")"),
                Delimiter::Brace => ("{", "}"),
                Delimiter::Bracket => ("[", "]"),
                Delimiter::None => ("", ""),
            };
            let mark = |text: &str, line| Token { text: text.into(), kind: Kind::Mark, line, test };
            lexed.tokens.push(mark(open, line));
            walk(group.stream(), test, lexed);
            lexed.tokens.push(mark(close, tree.span().end().line));
        }
    }
}

fn is_mark(tree: Option<&TokenTree>, character: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(mark)) if mark.as_char() == character)
}

fn is_word(tree: Option<&TokenTree>, text: &str) -> bool {
    matches!(tree, Some(TokenTree::Ident(word)) if word == text)
}

fn says_test(tree: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(group)) = tree else { return false };
    if group.delimiter() != Delimiter::Bracket {
        return false;
    }
    let text: String = group.stream().to_string().split_whitespace().collect();
    text == "test" || text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

fn starts_test_attribute(trees: &[TokenTree], index: usize) -> bool {
    is_mark(trees.get(index), '#') && says_test(trees.get(index + 1))
}

fn starts_inner_test_attribute(trees: &[TokenTree], index: usize) -> bool {
    is_mark(trees.get(index), '#')
        && is_mark(trees.get(index + 1), '!')
        && says_test(trees.get(index + 2))
}

fn ends_item(tree: &TokenTree) -> bool {
    match tree {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(mark) => mark.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    }
}

fn note_test_module(trees: &[TokenTree], end: usize, lexed: &mut Lexed) {
    if end < 2 || !is_mark(trees.get(end), ';') || !is_word(trees.get(end - 2), "mod") {
        return;
    }
    if let Some(TokenTree::Ident(name)) = trees.get(end - 1) {
        lexed.test_modules.push(name.to_string());
    }
}

fn note_function(trees: &[TokenTree], index: usize, test: bool, lexed: &mut Lexed) {
    if !is_word(trees.get(index), "fn") {
        return;
    }
    let Some(TokenTree::Ident(name)) = trees.get(index + 1) else { return };
    let Some(end) = trees[index..].iter().find(|tree| ends_item(tree)) else { return };
    if matches!(end, TokenTree::Punct(_)) {
        return;
    }
    let line = trees[index].span().start().line;
    let lines = end.span().end().line - line + 1;
    lexed.functions.push(Function { name: name.to_string(), line, lines, test });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, test: bool) -> Vec<String> {
        let lexed = lex(text).unwrap();
        let wanted = |token: &&Token| token.kind == Kind::Word && token.test == test;
        lexed.tokens.iter().filter(wanted).map(|token| token.text.clone()).collect()
    }

    #[test]
    fn comments_and_strings_hold_no_words() {
        let text = "// std::fs\n/* f32 */ const A: &str = \"unsafe\"; const B: &str = r#\"f64\"#;";
        assert_eq!(words(text, false), ["const", "A", "str", "const", "B", "str"]);
    }

    #[test]
    fn test_items_are_test_code_and_the_next_item_is_not() {
        let text = "#[cfg(test)]\n#[allow(x)]\nmod tests { fn a() {} }\nfn b() {}";
        assert_eq!(words(text, true), ["cfg", "test", "allow", "x", "mod", "tests", "fn", "a"]);
        assert_eq!(words(text, false), ["fn", "b"]);
        assert_eq!(lex(text).unwrap().test_spans, [(1, 3)]);
    }

    #[test]
    fn a_test_use_ends_at_its_semicolon() {
        assert_eq!(words("#[cfg(test)] use a; use b;", false), ["use", "b"]);
        assert_eq!(words("#[cfg(test)] use {a, b}; use c;", false), ["use", "c"]);
    }

    #[test]
    fn a_test_module_in_another_file_is_named() {
        assert_eq!(lex("#[cfg(test)]\nmod cases;\nmod other;").unwrap().test_modules, ["cases"]);
    }

    #[test]
    fn functions_are_measured_from_fn_to_their_brace() {
        let lexed = lex("trait T { fn a(); }\npub fn b<F: Fn()>(f: fn(u8))\n{\n\n}\n").unwrap();
        let b = Function { name: "b".into(), line: 2, lines: 4, test: false };
        assert_eq!(lexed.functions, [b]);
    }

    #[test]
    fn a_file_that_does_not_lex_is_an_error() {
        assert!(lex("fn a( {").is_err());
    }
}
