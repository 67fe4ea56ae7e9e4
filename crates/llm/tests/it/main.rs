//! Tests of generation on tiny models.

mod ends;
mod fixture;
mod invariance;
mod refusals;
