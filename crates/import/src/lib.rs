//! Reads upstream model files: GGUF, and the folders of safetensors that Hugging Face's libraries save.
//!
//! A model file comes from strangers. This crate parses it, says exactly what is wrong with it, and hands plain
//! data to whoever builds a program from it.
//!
//! It never trusts a file, opens a file, reads the environment, or uses floating-point arithmetic: floats leave
//! here as bit patterns ([`dyadic::F32Bits`]) or as exact dyadic numbers ([`dyadic::Dyadic`]).
//!
//! Invariants: every offset and count in what it returns was checked against the file's length; memory in use stays
//! within a small multiple of the bytes given; time is linear in them, but for sorting names and offsets.
//!
//! Failure: a typed error that names the field and, where there is one, the way out. Never a panic.

pub mod architectures;
pub mod dyadic;
pub mod gguf;
pub mod huggingface;
pub mod json;
pub mod llama3;
pub mod rope;
pub mod safetensors;
pub mod yarn;
