//! SmolLM2 through `probity`: pulled, found, and asked the same question in every way.
//!
//! The prompt is longer than the chunks that are tried, and the answer is drawn, not greedy.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::runs::Run;
use crate::Outcome;

const MODEL: &str = "smollm2-135m";
const THREADS: [&str; 3] = ["1", "2", "3"];
/// As the table shows them and as they are asked for.
const CHUNKS: [(&str, &str); 4] = [("1", "1"), ("7", "7"), ("64", "64"), ("all", "16384")];
const PROMPT: &str = "A river runs from the mountains to the sea. On its way it passes seven \
    villages, three mills and an old stone bridge, where every year in the first week of October \
    the people of both banks meet to trade apples, wool, honey and stories. This year it has \
    rained for eleven days, the bridge is closed, and the two sides can only shout to each other \
    over the water. Write what the baker on one side and the teacher on the other side say, and \
    how they decide what to do about the market, the apples and the children who wait.";

/// The binary and the model's file.
pub(crate) struct Product {
    binary: PathBuf,
    pub(crate) path: PathBuf,
}

/// Builds `probity` and finds the file; the inner error says why there is none.
pub(crate) fn find(
    root: &Path,
    target: &Path,
    model: Option<&Path>,
    offline: bool,
) -> Outcome<Result<Product, String>> {
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--release", "--locked", "--package", "cli"]);
    let status = build.current_dir(root).status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("building probity failed".to_owned());
    }
    let binary = target.join("release/probity");
    if let Some(path) = model {
        let path = path.to_owned();
        return Ok(Ok(Product { binary, path }));
    }
    let mut pull = Command::new(&binary);
    pull.args(["pull", MODEL]);
    if offline {
        pull.env("PROBITY_OFFLINE", "1");
    }
    let pulled = pull.output().map_err(|error| format!("{}: {error}", binary.display()))?;
    if !pulled.status.success() {
        let why = String::from_utf8_lossy(&pulled.stderr).trim().to_owned();
        return if offline { Ok(Err(why)) } else { Err(format!("{MODEL}: {why}")) };
    }
    let shown = Command::new(&binary).args(["show", MODEL]).output();
    let shown = shown.map_err(|error| format!("{}: {error}", binary.display()))?;
    let shown = String::from_utf8_lossy(&shown.stdout);
    let row = shown.lines().find_map(|line| line.strip_prefix("file "));
    let path = row.ok_or("probity show names no file")?.trim();
    Ok(Ok(Product { binary, path: PathBuf::from(path) }))
}

/// Every pair of kernels and threads, and every chunk.
pub(crate) fn runs(product: &Product, sets: &[String]) -> Outcome<Vec<Run>> {
    let mut runs = Vec::new();
    for set in sets {
        for threads in THREADS {
            let index = runs.len();
            let chunk = CHUNKS[(index + index / CHUNKS.len()) % CHUNKS.len()];
            runs.push(answer(product, set, threads, chunk)?);
        }
    }
    for chunk in CHUNKS {
        if !runs.iter().any(|run| run.chunk == chunk.0) {
            runs.push(answer(product, "portable", "1", chunk)?);
        }
    }
    Ok(runs)
}

fn answer(product: &Product, set: &str, threads: &str, chunk: (&str, &str)) -> Outcome<Run> {
    let mut command = Command::new(&product.binary);
    command.arg("run").arg(&product.path).args([PROMPT, "--json", "--seed", "1"]);
    command.args(["--max-tokens", "24", "--kernels", set, "--threads", threads]);
    command.args(["--prefill-chunk", chunk.1]).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} ended with {}", output.status));
    }
    let json: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{command:?} printed no JSON: {error}"))?;
    let digest = json["logits_digest"].as_str().ok_or("probity run --json has no logits_digest")?;
    let kernels = json["model"]["kernels"].as_str().ok_or("probity run --json has no kernels")?;
    if kernels != set {
        return Err(format!("probity ran the kernels {kernels}, asked for {set}"));
    }
    let tokens = json["tokens"].to_string();
    Ok(Run {
        model: "SmolLM2".to_owned(),
        platform: "here",
        kernels: kernels.to_owned(),
        threads: threads.to_owned(),
        chunk: chunk.0.to_owned(),
        company: "alone".to_owned(),
        digest: format!("{digest} {}", blake3::hash(tokens.as_bytes()).to_hex()),
    })
}
