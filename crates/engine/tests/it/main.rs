//! Tests of the engine against the plain interpreter.
