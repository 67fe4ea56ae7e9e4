//! The crate's integration tests, in one binary, under an allocator that counts (for the bound on memory).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod allocation;
mod architectures;
mod dyadic;
mod experts;
mod folder_rules;
mod folders;
mod golden;
mod hostile;
mod llama3;
mod mutated_headers;
mod mutation;
mod parse;
mod rope;
mod vocabulary;
mod yarn;

#[global_allocator]
static ALLOCATOR: allocation::Counting = allocation::Counting;
