//! `cargo xtask clients`: the programs people already have, unmodified, against the real server.
//!
//! Each client is installed from its index under `target/clients/` and does what its users do (`xtask/clients/`): one
//! script per client, one line per case. Never patches a client; tells it of the server by its own settings alone.
//! Failure: exit status 1 after all cases ran, with every failed case and what the client said.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::bindings::{copy, named, said};
use crate::served::{self, Served};

/// What is asked where nothing else is named.
const MODEL: &str = "smollm2-135m";
/// The name requests use.
const NAME: &str = "model";
/// From Python's index; the newest of a major version.
const PYTHON: [&str; 4] =
    ["openai>=3,<4", "anthropic>=2,<3", "langchain-openai>=1,<2", "llm>=0.36,<1"];
/// From npm's index.
const NODE: &str = "openai@^6";

/// A client, its script, and what runs that.
struct Client {
    name: &'static str,
    script: &'static str,
    node: bool,
}

const CLIENTS: [Client; 5] = [
    Client { name: "openai-python", script: "openai_client.py", node: false },
    Client { name: "openai-node", script: "openai_client.mjs", node: true },
    Client { name: "llm", script: "llm_client.py", node: false },
    Client { name: "LangChain ChatOpenAI", script: "langchain_client.py", node: false },
    Client { name: "anthropic-python", script: "anthropic_client.py", node: false },
];

/// Installs the clients, starts a server, runs every case.
pub(crate) fn run(root: &Path, words: &[&str]) -> Outcome<()> {
    let model = match words {
        [] => MODEL,
        ["--model", model] => model,
        _ => return Err("usage: cargo xtask clients [--model MODEL]".into()),
    };
    let folder = crate::bench::target_folder(root)?.join("clients");
    install(&folder)?;
    let program = served::build(root, false)?;
    let mut server = Served::start(&program, &folder.join("home"), &[&format!("{NAME}={model}")])?;
    let mut failed = 0_usize;
    for client in &CLIENTS {
        failed += cases(root, &folder, &server, client)?;
    }
    if !server.runs() {
        return Err(format!("the server ended: {}", server.said()));
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} cases failed")) }
}

fn install(folder: &Path) -> Outcome<()> {
    let environment = folder.join("venv");
    if !environment.join("bin/llm").exists() {
        said(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        said(Command::new(environment.join("bin/pip")).args(["install", "--quiet"]).args(PYTHON))?;
    }
    let node = folder.join("node");
    if !node.join("node_modules/openai").exists() {
        std::fs::create_dir_all(&node).map_err(|error| named(&node, &error))?;
        let manifest = node.join("package.json");
        std::fs::write(&manifest, "{\"private\":true}")
            .map_err(|error| named(&manifest, &error))?;
        let mut npm = Command::new("npm");
        said(npm.args(["install", "--no-audit", "--no-fund", NODE]).current_dir(&node))?;
    }
    Ok(())
}

/// Runs a client's script; gives how many of its cases failed.
fn cases(root: &Path, folder: &Path, server: &Served, client: &Client) -> Outcome<usize> {
    let mut command = command(root, folder, client)?;
    command.env("PROBITY_URL", &server.url).env("PROBITY_MODEL", NAME).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut failed = 0;
    for line in text.lines() {
        let mut parts = line.splitn(3, '\t');
        let (case, state) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        println!("{:22} {case:14} {state:7} {}", client.name, parts.next().unwrap_or(""));
        failed += usize::from(state != "ok");
    }
    let silent = text.is_empty() || (failed == 0 && !output.status.success());
    if silent {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} did not run: {}", client.name, words.trim()));
    }
    Ok(failed)
}

fn command(root: &Path, folder: &Path, client: &Client) -> Outcome<Command> {
    let script: PathBuf = root.join("xtask/clients").join(client.script);
    if client.node {
        // Modules are looked for beside the script.
        let beside = folder.join("node").join(client.script);
        copy(&script, &beside)?;
        let mut node = Command::new("node");
        node.arg(beside);
        return Ok(node);
    }
    let mut python = Command::new(folder.join("venv/bin/python"));
    python.arg(script);
    Ok(python)
}
