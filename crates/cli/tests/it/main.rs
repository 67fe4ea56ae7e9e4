//! Tests of the binary as a person would call it.
