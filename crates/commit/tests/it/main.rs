//! Trees and canonical bytes, tried from outside; never a clock or a file.

mod file_name;
mod hex;
mod tree;
mod wire;
