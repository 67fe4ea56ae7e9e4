//! Tests of generation on tiny models.
