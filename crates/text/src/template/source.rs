//! Finds the text and the string literals in a template's source, and nothing else.
//!
//! The walk follows jinja2's lexer as far as delimiters, quotes, comments and raw blocks go. Where
//! a source is malformed it copies the rest unchanged, for the template engine to complain about.
//!
//! It also makes `{% generation %}` blocks, which transformers adds to the language to find the
//! assistant's tokens in training, into `{% if true %}`.

use std::iter::Peekable;
use std::str::CharIndices;

/// The source with `fragment` applied to each stretch of text and the inside of each string literal.
pub(super) fn rewrite(source: &str, fragment: &mut impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    loop {
        let Some(open) = next_open(rest) else {
            out.push_str(&fragment(rest));
            return out;
        };
        out.push_str(&fragment(&rest[..open]));
        rest = &rest[open..];
        let end = match rest.as_bytes()[1] {
            b'#' => comment(rest, &mut out),
            b'%' => block(rest, &mut out, fragment),
            _ => code(rest, &mut out, fragment),
        };
        rest = &rest[end..];
    }
}

/// The line where there is too much code to parse: the parser nests as deep as `a + b + c` or a row
/// of `elif` is long. That is more bytes in one `{{ ... }}` or `{% ... %}`, string literals not
/// counted, or more `elif` in the template.
pub(super) fn too_much_code(source: &str, bytes_max: usize, elifs_max: usize) -> Option<usize> {
    let mut rest = source;
    let mut elifs = 0;
    while let Some(open) = next_open(rest) {
        rest = &rest[open..];
        let mut literals = 0;
        let mut count = |text: &str| {
            literals += text.len();
            String::new()
        };
        let mut copy = String::new();
        let end = match rest.as_bytes()[1] {
            b'#' => {
                rest = &rest[comment(rest, &mut copy)..];
                continue;
            }
            b'%' => block(rest, &mut copy, &mut count),
            _ => code(rest, &mut copy, &mut count),
        };
        let words = copy[2..].trim_start_matches(['-', '+']).trim_start();
        elifs += usize::from(words.starts_with("elif"));
        if end.saturating_sub(literals) > bytes_max || elifs > elifs_max {
            let before = source.len() - rest.len();
            return Some(1 + source[..before].matches('\n').count());
        }
        rest = &rest[end..];
    }
    None
}

/// Where the next `{{`, `{%` or `{#` is.
fn next_open(text: &str) -> Option<usize> {
    text.as_bytes().windows(2).position(|pair| matches!(pair, b"{{" | b"{%" | b"{#"))
}

fn comment(text: &str, out: &mut String) -> usize {
    let end = text.find("#}").map_or(text.len(), |at| at + 2);
    out.push_str(&text[..end]);
    end
}

fn block(text: &str, out: &mut String, fragment: &mut impl FnMut(&str) -> String) -> usize {
    let Some((inside, end)) = simple_block(text) else { return code(text, out, fragment) };
    let replacement = match inside.trim_matches(['-', '+']).trim() {
        "raw" => return raw(text, end, out, fragment),
        "generation" => "if true",
        "endgeneration" => "endif",
        _ => return code(text, out, fragment),
    };
    let (open, close) = (sign(inside.chars().next()), sign(inside.chars().next_back()));
    out.push_str(&format!("{{%{open} {replacement} {close}%}}"));
    // Lines stay what they were.
    out.extend(inside.matches('\n').map(|_| "{#\n#}"));
    end
}

/// A block without quotes: its inside and its end.
fn simple_block(text: &str) -> Option<(&str, usize)> {
    let (inside, _) = text[2..].split_once("%}")?;
    (!inside.contains(['"', '\''])).then_some((inside, inside.len() + 4))
}

fn sign(character: Option<char>) -> &'static str {
    match character {
        Some('-') => "-",
        Some('+') => "+",
        _ => "",
    }
}

/// A raw block from its start; the text up to its end is text.
fn raw(
    text: &str,
    start: usize,
    out: &mut String,
    fragment: &mut impl FnMut(&str) -> String,
) -> usize {
    out.push_str(&text[..start]);
    let mut from = start;
    while let Some(found) = text[from..].find("{%") {
        let at = from + found;
        if let Some((inside, length)) = simple_block(&text[at..])
            && inside.trim_matches(['-', '+']).trim() == "endraw"
        {
            out.push_str(&fragment(&text[start..at]));
            out.push_str(&text[at..at + length]);
            return at + length;
        }
        from = at + 2;
    }
    out.push_str(&text[start..]);
    text.len()
}

/// A `{{ ... }}` or `{% ... %}` with anything in it.
fn code(text: &str, out: &mut String, fragment: &mut impl FnMut(&str) -> String) -> usize {
    let close = if text.as_bytes()[1] == b'%' { '%' } else { '}' };
    out.push_str(&text[..2]);
    let mut braces = 0usize;
    let mut chars = text.char_indices().peekable();
    chars.next();
    chars.next();
    while let Some((at, character)) = chars.next() {
        match character {
            '\'' | '"' => {
                let end = literal_end(&mut chars, character, text.len());
                out.push(character);
                out.push_str(&fragment(&text[at + 1..end]));
                if end < text.len() {
                    out.push(character);
                }
                continue;
            }
            '{' => braces += 1,
            _ if character == close
                && braces == 0
                && chars.peek().is_some_and(|&(_, next)| next == '}') =>
            {
                out.push_str(&text[at..at + 2]);
                return at + 2;
            }
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        out.push(character);
    }
    text.len()
}

/// Walks over a string literal's inside and closing quote; the quote's place, or the text's end.
fn literal_end(chars: &mut Peekable<CharIndices<'_>>, quote: char, length: usize) -> usize {
    while let Some((at, character)) = chars.next() {
        if character == '\\' {
            chars.next();
        } else if character == quote {
            return at;
        }
    }
    length
}
