//! Runs a template with every operator that makes something replaced by one that pays for it.
//!
//! The template engine parses; its syntax tree is copied with `~`, `*`, `+`, slices, list and map
//! literals, and assignments to attributes going through the filters of `budget`, and with raw text
//! made an expression, so that captured text is paid for too. The rest of the tree, and what it
//! means, is the engine's. This uses the engine's `machinery`, which has no stable interface: its
//! version is pinned.
//!
//! Never changes what a template gives. Failure: the engine's errors, as for any template; code that
//! nests deeper than [`MAX_CODE_DEPTH`] is refused.

use std::collections::BTreeMap;

use minijinja::machinery::ast::{self, BinOpKind, CallArg, Expr, Spanned, Stmt};
use minijinja::machinery::{
    CodeGenerator, Instructions, Span, Vm, WhitespaceConfig, make_string_output, parse,
};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Error, ErrorKind, Value};

use super::budget::{CONCAT, HELD, NESTED, PART, POWER, PRODUCT, SPREAD, SUM};
use super::reads::{READ, SPOT, reads_its_value};
use super::{Jinja, Variables};

/// How deep the syntax tree may be; every link of `a + b + c` makes it deeper by one.
const MAX_CODE_DEPTH: usize = 200;

/// The longest text of the template's own that may be read for nothing.
const FREE_BYTES: usize = 256;

/// A template that is ready to run.
pub(super) struct Machine<'s> {
    instructions: Instructions<'s>,
    blocks: BTreeMap<&'s str, Instructions<'s>>,
}

impl<'s> Machine<'s> {
    pub(super) fn new(source: &'s str) -> Result<Self, Error> {
        let spaces = WhitespaceConfig {
            keep_trailing_newline: false,
            lstrip_blocks: true,
            trim_blocks: true,
        };
        let tree = parse(source, "<template>", SyntaxConfig, spaces)?;
        let tree = Copier.statement(&tree, 0)?;
        let mut generator = CodeGenerator::new("<template>", source);
        generator.compile_stmt(&tree);
        let (instructions, blocks) = generator.finish();
        Ok(Self { instructions, blocks })
    }

    pub(super) fn run<'e>(
        &'e self,
        environment: &'e Jinja,
        variables: Variables,
    ) -> Result<String, Error>
    where
        's: 'e,
    {
        let mut text = String::new();
        let mut output = make_string_output(&mut text);
        let root = Value::from(variables);
        let vm = Vm::new(environment);
        vm.eval(&self.instructions, root, &self.blocks, &mut output, AutoEscape::None)?;
        Ok(text)
    }
}

/// Copies a syntax tree, putting payment where something is made.
struct Copier;

type Copied<T> = Result<T, Error>;

impl Copier {
    fn statements<'s>(&self, all: &[Stmt<'s>], depth: usize) -> Copied<Vec<Stmt<'s>>> {
        all.iter().map(|one| self.statement(one, depth)).collect()
    }

    fn statement<'s>(&self, from: &Stmt<'s>, depth: usize) -> Copied<Stmt<'s>> {
        let depth = deeper(depth)?;
        Ok(match from {
            Stmt::Template(node) => {
                let children = self.statements(&node.children, depth)?;
                Stmt::Template(at(ast::Template { children }, node.span()))
            }
            Stmt::EmitExpr(node) => {
                let expr = self.expression(&node.expr, depth)?;
                Stmt::EmitExpr(at(ast::EmitExpr { expr }, node.span()))
            }
            Stmt::EmitRaw(node) => {
                let value = Value::from(node.raw);
                let expr = Expr::Const(at(ast::Const { value }, node.span()));
                Stmt::EmitExpr(at(ast::EmitExpr { expr }, node.span()))
            }
            Stmt::Set(node) => self.set(node, depth)?,
            Stmt::Do(node) => {
                let call = at(self.call(&node.call, depth)?, node.call.span());
                Stmt::Do(at(ast::Do { call }, node.span()))
            }
            Stmt::Macro(node) => Stmt::Macro(self.macro_of(node, depth)?),
            Stmt::CallBlock(node) => {
                let call = at(self.call(&node.call, depth)?, node.call.span());
                let macro_decl = self.macro_of(&node.macro_decl, depth)?;
                Stmt::CallBlock(at(ast::CallBlock { call, macro_decl }, node.span()))
            }
            Stmt::Continue(node) => Stmt::Continue(at(ast::Continue, node.span())),
            Stmt::Break(node) => Stmt::Break(at(ast::Break, node.span())),
            Stmt::ForLoop(_)
            | Stmt::IfCond(_)
            | Stmt::WithBlock(_)
            | Stmt::SetBlock(_)
            | Stmt::AutoEscape(_)
            | Stmt::FilterBlock(_) => self.block(from, depth)?,
            Stmt::Block(_)
            | Stmt::Import(_)
            | Stmt::FromImport(_)
            | Stmt::Extends(_)
            | Stmt::Include(_) => self.reference(from, depth)?,
        })
    }

    /// Statements with a body.
    #[expect(clippy::wildcard_enum_match_arm, reason = "`statement` hands over only these")]
    fn block<'s>(&self, from: &Stmt<'s>, depth: usize) -> Copied<Stmt<'s>> {
        let body = |all: &[Stmt<'s>]| self.statements(all, depth);
        let expr = |one: &Expr<'s>| self.expression(one, depth);
        Ok(match from {
            Stmt::ForLoop(node) => {
                let filter_expr = node.filter_expr.as_ref().map(expr).transpose()?;
                let (target, iter) = (self.target(&node.target, depth)?, expr(&node.iter)?);
                let (body, else_body) = (body(&node.body)?, body(&node.else_body)?);
                let recursive = node.recursive;
                let copy = ast::ForLoop { target, iter, filter_expr, recursive, body, else_body };
                Stmt::ForLoop(at(copy, node.span()))
            }
            Stmt::IfCond(node) => {
                let (true_body, false_body) = (body(&node.true_body)?, body(&node.false_body)?);
                let copy = ast::IfCond { expr: expr(&node.expr)?, true_body, false_body };
                Stmt::IfCond(at(copy, node.span()))
            }
            Stmt::WithBlock(node) => {
                let pair =
                    |(to, of): &(Expr<'s>, Expr<'s>)| Ok((self.target(to, depth)?, expr(of)?));
                let assignments = node.assignments.iter().map(pair).collect::<Copied<_>>()?;
                let copy = ast::WithBlock { assignments, body: body(&node.body)? };
                Stmt::WithBlock(at(copy, node.span()))
            }
            Stmt::SetBlock(node) => {
                let filter = node.filter.as_ref().map(expr).transpose()?;
                let (target, body) = (self.target(&node.target, depth)?, body(&node.body)?);
                Stmt::SetBlock(at(ast::SetBlock { target, filter, body }, node.span()))
            }
            Stmt::AutoEscape(node) => {
                let copy =
                    ast::AutoEscape { enabled: expr(&node.enabled)?, body: body(&node.body)? };
                Stmt::AutoEscape(at(copy, node.span()))
            }
            Stmt::FilterBlock(node) => {
                let copy =
                    ast::FilterBlock { filter: expr(&node.filter)?, body: body(&node.body)? };
                Stmt::FilterBlock(at(copy, node.span()))
            }
            _ => unreachable!("another kind of statement"),
        })
    }

    /// Statements about other templates, of which there are none.
    #[expect(clippy::wildcard_enum_match_arm, reason = "`statement` hands over only these")]
    fn reference<'s>(&self, from: &Stmt<'s>, depth: usize) -> Copied<Stmt<'s>> {
        let expr = |one: &Expr<'s>| self.expression(one, depth);
        Ok(match from {
            Stmt::Block(node) => {
                let (name, required) = (node.name, node.required);
                let body = self.statements(&node.body, depth)?;
                Stmt::Block(at(ast::Block { name, required, body }, node.span()))
            }
            Stmt::Import(node) => {
                let copy = ast::Import { expr: expr(&node.expr)?, name: expr(&node.name)? };
                Stmt::Import(at(copy, node.span()))
            }
            Stmt::FromImport(node) => {
                let pair = |(name, other): &(Expr<'s>, Option<Expr<'s>>)| {
                    Ok((expr(name)?, other.as_ref().map(expr).transpose()?))
                };
                let names = node.names.iter().map(pair).collect::<Copied<_>>()?;
                let copy = ast::FromImport { expr: expr(&node.expr)?, names };
                Stmt::FromImport(at(copy, node.span()))
            }
            Stmt::Extends(node) => {
                Stmt::Extends(at(ast::Extends { name: expr(&node.name)? }, node.span()))
            }
            Stmt::Include(node) => {
                let ignore_missing = node.ignore_missing;
                let copy = ast::Include { name: expr(&node.name)?, ignore_missing };
                Stmt::Include(at(copy, node.span()))
            }
            _ => unreachable!("another kind of statement"),
        })
    }

    fn set<'s>(&self, node: &Spanned<ast::Set<'s>>, depth: usize) -> Copied<Stmt<'s>> {
        let target = self.target(&node.target, depth)?;
        let mut expr = self.expression(&node.expr, depth)?;
        if matches!(node.target, Expr::GetAttr(_)) {
            expr = paid(HELD, expr, Vec::new(), node.span());
        }
        Ok(Stmt::Set(at(ast::Set { target, expr }, node.span())))
    }

    fn macro_of<'s>(
        &self,
        node: &Spanned<ast::Macro<'s>>,
        depth: usize,
    ) -> Copied<Spanned<ast::Macro<'s>>> {
        let all = |all: &[Expr<'s>]| self.expressions(all, depth);
        let (args, defaults) = (all(&node.args)?, all(&node.defaults)?);
        let body = self.statements(&node.body, depth)?;
        Ok(at(ast::Macro { name: node.name, args, defaults, body }, node.span()))
    }

    /// What is assigned to: names, attributes, and lists of them.
    fn target<'s>(&self, from: &Expr<'s>, depth: usize) -> Copied<Expr<'s>> {
        let Expr::List(node) = from else { return self.expression(from, depth) };
        let depth = deeper(depth)?;
        let items = node.items.iter().map(|item| self.target(item, depth));
        let list = ast::List { items: items.collect::<Copied<_>>()? };
        Ok(Expr::List(at(list, node.span())))
    }

    fn expressions<'s>(&self, all: &[Expr<'s>], depth: usize) -> Copied<Vec<Expr<'s>>> {
        all.iter().map(|one| self.expression(one, depth)).collect()
    }

    fn expression<'s>(&self, from: &Expr<'s>, depth: usize) -> Copied<Expr<'s>> {
        let depth = deeper(depth)?;
        let span = from.span();
        let expr = |one: &Expr<'s>| self.expression(one, depth);
        let option = |one: &Option<Expr<'s>>| one.as_ref().map(expr).transpose();
        Ok(match from {
            Expr::Var(node) => Expr::Var(at(ast::Var { id: node.id }, span)),
            Expr::Const(node) => Expr::Const(at(ast::Const { value: node.value.clone() }, span)),
            Expr::Slice(node) => {
                let (start, stop) = (option(&node.start)?, option(&node.stop)?);
                let (of, step) = (expr(&node.expr)?, option(&node.step)?);
                let of = paid(SPOT, of, Vec::new(), span);
                let slice = ast::Slice { expr: of, start, stop, step };
                paid(PART, Expr::Slice(at(slice, span)), Vec::new(), span)
            }
            Expr::UnaryOp(node) => {
                // The kind can't be copied otherwise.
                let not = matches!(node.op, ast::UnaryOpKind::Not);
                let op = if not { ast::UnaryOpKind::Not } else { ast::UnaryOpKind::Neg };
                Expr::UnaryOp(at(ast::UnaryOp { op, expr: expr(&node.expr)? }, span))
            }
            Expr::BinOp(node) => self.operation(node, depth)?,
            Expr::Compare(node) => {
                let mut first = expr(&node.expr)?;
                if node.ops.iter().any(|link| searches(link.op)) {
                    first = read(first);
                }
                let link = |link: &ast::CompareOp<'s>| {
                    Ok(ast::CompareOp { op: link.op, expr: read(expr(&link.expr)?) })
                };
                let ops = node.ops.iter().map(link).collect::<Copied<_>>()?;
                Expr::Compare(at(ast::Compare { expr: first, ops }, span))
            }
            Expr::IfExpr(node) => {
                let (test_expr, true_expr) = (expr(&node.test_expr)?, expr(&node.true_expr)?);
                let false_expr = option(&node.false_expr)?;
                Expr::IfExpr(at(ast::IfExpr { test_expr, true_expr, false_expr }, span))
            }
            Expr::Filter(node) => {
                let (of, args) = (option(&node.expr)?, self.arguments(&node.args, depth)?);
                Expr::Filter(at(ast::Filter { name: node.name, expr: of, args }, span))
            }
            Expr::Test(node) => {
                let (of, args) = (expr(&node.expr)?, self.arguments(&node.args, depth)?);
                let of = if reads_its_value(node.name) { read(of) } else { of };
                let args = args.into_iter().map(read_argument).collect();
                Expr::Test(at(ast::Test { name: node.name, expr: of, args }, span))
            }
            Expr::GetAttr(node) => {
                let copy = ast::GetAttr { expr: expr(&node.expr)?, name: node.name };
                Expr::GetAttr(at(copy, span))
            }
            Expr::GetItem(node) => {
                let (of, subscript_expr) = (expr(&node.expr)?, expr(&node.subscript_expr)?);
                let subscript_expr = read(subscript_expr);
                let of = paid(SPOT, of, Vec::new(), span);
                Expr::GetItem(at(ast::GetItem { expr: of, subscript_expr }, span))
            }
            Expr::Call(node) => Expr::Call(at(self.call(node, depth)?, span)),
            Expr::List(node) => {
                let list = ast::List { items: self.expressions(&node.items, depth)? };
                paid(NESTED, Expr::List(at(list, span)), Vec::new(), span)
            }
            Expr::Map(node) => {
                let (keys, values) =
                    (self.expressions(&node.keys, depth)?, self.expressions(&node.values, depth)?);
                paid(NESTED, Expr::Map(at(ast::Map { keys, values }, span)), Vec::new(), span)
            }
        })
    }

    fn operation<'s>(&self, node: &Spanned<ast::BinOp<'s>>, depth: usize) -> Copied<Expr<'s>> {
        let span = node.span();
        let (left, right) =
            (self.expression(&node.left, depth)?, self.expression(&node.right, depth)?);
        Ok(match node.op {
            BinOpKind::Concat => paid(CONCAT, left, vec![CallArg::Pos(right)], span),
            BinOpKind::Mul => paid(PRODUCT, left, vec![CallArg::Pos(right)], span),
            BinOpKind::Pow => paid(POWER, left, vec![CallArg::Pos(right)], span),
            BinOpKind::Add => {
                let sum = ast::BinOp { op: BinOpKind::Add, left, right };
                paid(SUM, Expr::BinOp(at(sum, span)), Vec::new(), span)
            }
            op @ (BinOpKind::Eq
            | BinOpKind::Ne
            | BinOpKind::Lt
            | BinOpKind::Lte
            | BinOpKind::Gt
            | BinOpKind::Gte
            | BinOpKind::ScAnd
            | BinOpKind::ScOr
            | BinOpKind::Sub
            | BinOpKind::Div
            | BinOpKind::FloorDiv
            | BinOpKind::Rem
            | BinOpKind::In) => {
                let left = if matches!(op, BinOpKind::In) { read(left) } else { left };
                Expr::BinOp(at(ast::BinOp { op, left, right: read(right) }, span))
            }
        })
    }

    fn call<'s>(&self, node: &ast::Call<'s>, depth: usize) -> Copied<ast::Call<'s>> {
        let expr = self.expression(&node.expr, depth)?;
        let mut args = self.arguments(&node.args, depth)?;
        // `loop.changed` compares with the round before.
        if matches!(&node.expr, Expr::GetAttr(attribute) if attribute.name == "changed") {
            args = args.into_iter().map(read_argument).collect();
        }
        Ok(ast::Call { expr, args })
    }

    fn arguments<'s>(&self, all: &[CallArg<'s>], depth: usize) -> Copied<Vec<CallArg<'s>>> {
        let expr = |one: &Expr<'s>| self.expression(one, depth);
        let spread = |one: &Expr<'s>| -> Copied<Expr<'s>> {
            Ok(paid(SPREAD, expr(one)?, Vec::new(), one.span()))
        };
        let copy = |argument: &CallArg<'s>| {
            Ok(match argument {
                CallArg::Pos(one) => CallArg::Pos(expr(one)?),
                CallArg::Kwarg(name, one) => CallArg::Kwarg(name, expr(one)?),
                CallArg::PosSplat(one) => CallArg::PosSplat(spread(one)?),
                CallArg::KwargSplat(one) => CallArg::KwargSplat(spread(one)?),
            })
        };
        all.iter().map(copy).collect()
    }
}

fn deeper(depth: usize) -> Copied<usize> {
    if depth < MAX_CODE_DEPTH {
        return Ok(depth + 1);
    }
    let detail = format!("code may nest {MAX_CODE_DEPTH} deep, not deeper");
    Err(Error::new(ErrorKind::SyntaxError, detail))
}

fn at<T>(node: T, span: Span) -> Spanned<T> {
    Spanned::new(node, span)
}

/// The expression, through one of the filters of `budget`.
fn paid<'s>(name: &'static str, of: Expr<'s>, args: Vec<CallArg<'s>>, span: Span) -> Expr<'s> {
    Expr::Filter(at(ast::Filter { name, expr: Some(of), args }, span))
}

/// Whether a comparison looks for its left side in its right one.
fn searches(op: ast::CompareOpKind) -> bool {
    matches!(op, ast::CompareOpKind::In | ast::CompareOpKind::NotIn)
}

/// The expression, all of its value paid for; a short constant costs nothing.
fn read(of: Expr<'_>) -> Expr<'_> {
    if let Expr::Const(constant) = &of {
        let text = constant.value.as_str().map(str::len);
        if text.is_some_and(|bytes| bytes <= FREE_BYTES) || constant.value.is_number() {
            return of;
        }
    }
    let span = of.span();
    paid(READ, of, Vec::new(), span)
}

fn read_argument(argument: CallArg<'_>) -> CallArg<'_> {
    match argument {
        CallArg::Pos(one) => CallArg::Pos(read(one)),
        CallArg::Kwarg(name, one) => CallArg::Kwarg(name, read(one)),
        CallArg::PosSplat(one) => CallArg::PosSplat(read(one)),
        CallArg::KwargSplat(one) => CallArg::KwargSplat(read(one)),
    }
}
