//! Makes the JavaScript and the types beside a WebAssembly module: `glue MODULE FOLDER NAME`.
//!
//! It is wasm-bindgen's own program, as a library of a pinned version, so that nothing has to be installed. Never run
//! by hand: `cargo xtask bindings` does. Failure: one line on stderr and exit status 1.
#![allow(clippy::print_stderr, reason = "it talks to the person who runs cargo xtask bindings")]

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [module, folder, name] = words.as_slice() else {
        eprintln!("usage: glue MODULE FOLDER NAME");
        return ExitCode::FAILURE;
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name(name).typescript(true).remove_name_section(true);
    bindgen.remove_producers_section(true).omit_default_module_path(true);
    let made = bindgen.web(true).and_then(|bindgen| bindgen.generate(folder));
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("glue: {error:#}");
            ExitCode::FAILURE
        }
    }
}
