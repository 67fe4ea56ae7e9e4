//! Tests of the crate through its public face.
//!
//! Expected ids and renderings come from other programs (`tests/data/make.py`): the tokenizers and
//! jinja2 packages for Python.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod attacks;
mod budget;
mod fixture;
mod grammars;
mod incremental;
mod pieces;
mod spec;
mod templates;
mod tokens;
mod tool_calls;
mod vocabulary;
