//! Models on this machine: pull, list, show, rm; and completions.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use crate::world::{Done, World, done, tiny};

const NAME: &str = "hf:org/tiny:tiny.gguf";

/// A hub with one file, for as long as the test runs.
fn hub(file: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that hangs up is no failure of the test.
            let _ = stream.and_then(|stream| serve(stream, &file));
        }
    });
    address
}

fn serve(mut stream: TcpStream, file: &[u8]) -> std::io::Result<()> {
    let mut request = String::new();
    let mut lines = BufReader::new(stream.try_clone()?);
    lines.read_line(&mut request)?;
    let mut header = String::new();
    while lines.read_line(&mut header)? > 2 {
        header.clear();
    }
    let there = request.contains("/org/tiny/resolve/main/tiny.gguf");
    let status = if there { "200 OK" } else { "404 Not Found" };
    let body = if there { file } else { b"" };
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\netag: \"tiny\"\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    if request.starts_with("GET") {
        stream.write_all(body)?;
    }
    Ok(())
}

fn online(world: &World, hub: &str, arguments: &[&str]) -> Done {
    let mut command = world.command(arguments);
    command.env("HF_ENDPOINT", hub).env("PROBITY_OFFLINE", "0").env("NO_PROXY", "*");
    done(command.output().unwrap())
}

#[test]
fn a_model_comes_is_listed_shown_run_and_goes() {
    let world = World::new();
    let bytes = tiny().write();
    let hub = hub(bytes.clone());
    let pulled = online(&world, &hub, &["pull", NAME]).ok();
    let path = pulled.out.trim();
    assert_eq!(std::fs::read(path).unwrap(), bytes);
    assert!(pulled.err.contains("stored"), "{pulled:?}");

    let again = world.run(&["pull", NAME]).ok();
    assert_eq!(again.out.trim(), path, "and nothing is asked of the network");

    let listed = world.run(&["list"]).ok().out;
    assert!(listed.lines().any(|line| line.starts_with(NAME)), "{listed}");
    assert!(listed.contains("smollm2-135m") && listed.contains("probity pull smollm2-135m"));

    let shown = world.run(&["show", NAME]).ok().out;
    let digest = blake3::hash(&bytes).to_hex().to_string();
    for what in [NAME, path, &digest, "256 tokens", "288 tokens"] {
        assert!(shown.contains(what), "{what} is not in {shown}");
    }

    world.run(&["run", NAME, "hello", "--max-tokens", "3"]).ok();
    assert_eq!(world.packed().len(), 1);

    let removed = world.run(&["rm", NAME]).ok();
    assert!(removed.err.contains("freed"), "{removed:?}");
    assert!(!removed.err.contains("link"), "{removed:?}");
    assert!(!std::path::Path::new(path).exists());
    assert_eq!(world.packed().len(), 0, "the prepared weights go with it");
    world.run(&["rm", NAME]).refused(1, &[NAME, "not here"]);
}

#[test]
fn what_a_package_still_holds_is_not_freed() {
    let world = World::new();
    let bytes = vec![1; 5_000_000];
    let hub = hub(bytes);
    let path = online(&world, &hub, &["pull", NAME]).ok().out;
    // As `package build` brings a file into a package.
    std::fs::hard_link(path.trim(), world.path("linked")).unwrap();
    let removed = world.run(&["rm", NAME]).ok();
    for said in ["another link holds its 5.00 MB", "freed 0 B"] {
        assert!(removed.err.contains(said), "{said}: {removed:?}");
    }
}

#[test]
fn run_downloads_what_is_not_here() {
    let world = World::new();
    let hub = hub(tiny().write());
    let done = online(&world, &hub, &["run", NAME, "hello", "--max-tokens", "3"]).ok();
    assert!(!done.out.is_empty());
    let wrong = online(&world, &hub, &["run", "hf:org/tiny:other.gguf", "hello"]);
    wrong.refused(1, &["other.gguf"]);
}

#[test]
fn looking_creates_nothing() {
    let world = World::new();
    world.run(&["list"]).ok();
    world.run(&["show", "smollm2-135m"]).ok();
    assert!(!world.home().exists());
}

#[test]
fn unfinished_downloads_are_listed_and_removed() {
    let world = World::new();
    let partial = world.home().join("partial");
    std::fs::create_dir_all(&partial).unwrap();
    let part = |name: String| std::fs::write(partial.join(name), vec![0; 2_000_000]).unwrap();
    part(format!("blake3-{}", store::catalogue::find("smollm2-135m").unwrap().blake3));
    part("sha256-00".to_owned());
    let listed = world.run(&["list"]).ok();
    for said in ["2.00 MB downloaded: probity pull smollm2-135m", "probity rm smollm2-135m"] {
        assert!(listed.out.contains(said), "{listed:?}");
    }
    assert!(listed.err.contains("1 unfinished download, 2.00 MB"), "{listed:?}");
    let removed = world.run(&["rm", "smollm2-135m"]).ok();
    assert!(removed.err.contains("unfinished") && removed.err.contains("freed 2.00 MB"));
    assert!(world.run(&["list"]).ok().out.contains("not here: probity pull smollm2-135m"));
    world.run(&["rm", "smollm2-135m"]).refused(1, &["nothing to delete"]);
}

#[test]
fn a_source_that_fails_is_told_once() {
    let world = World::new();
    // It has no such repository, and pip may ask nobody: both sources fail.
    let hub = hub(Vec::new());
    let mut command = world.command(&["pull", "smollm2-135m"]);
    command.env("HF_ENDPOINT", hub).env("PROBITY_OFFLINE", "0").env("NO_PROXY", "*");
    command.env("PIP_FIND_LINKS", world.path("wheels")).env("PIP_NO_INDEX", "1");
    let done = done(command.output().unwrap());
    done.refused(1, &["failed (the hub has no", "going on to the next source: "]);
    assert_eq!(done.err.matches("the hub has no").count(), 1, "{done:?}");
    assert_eq!(done.err.matches("wheels has no").count(), 1, "{done:?}");
    assert_eq!(done.err.matches("error").count(), 1, "{done:?}");
}

#[test]
fn removing_a_path_never_deletes_the_file() {
    let world = World::new();
    let tiny = world.tiny();
    world.run(&["run", &tiny, "hello", "--max-tokens", "3"]).ok();
    assert_eq!(world.packed().len(), 1);
    let removed = world.run(&["rm", &tiny]).ok();
    assert!(removed.err.contains("stays"), "{removed:?}");
    assert!(std::path::Path::new(&tiny).exists());
    assert_eq!(world.packed().len(), 0);
}

#[test]
fn show_prints_the_program() {
    let world = World::new();
    let tiny = world.tiny();
    let program = world.run(&["show", &tiny, "--program"]).ok().out;
    for op in ["embed", "norm", "matmul", "attention", "sample"] {
        assert!(program.contains(op), "{op} is not in {program}");
    }
    let plain = world.run(&["show", &tiny]).ok().out;
    assert!(!plain.contains("matmul"), "{plain}");
}

#[test]
fn shells_are_taught() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = world.run(&["completions", shell]).ok().out;
        for word in ["prefill-chunk", "completions", "max-tokens"] {
            assert!(script.contains(word), "{word} is not in {shell}'s script");
        }
    }
    let out = world.path("scripts");
    let folder = out.to_str().unwrap();
    world.run(&["completions", "bash", "--out", folder]).ok();
    let script = std::fs::read(out.join("probity.bash")).unwrap();
    assert_eq!(script, world.run(&["completions", "bash"]).ok().out.as_bytes());
    let again = ["completions", "bash", "--out", folder];
    world.run(&again).refused(1, &["probity.bash is there already", "--force"]);
    world.run(&[&again[..], &["--force"]].concat()).ok();
    if let Ok(checked) = Command::new("bash").arg("-n").arg(out.join("probity.bash")).output() {
        assert!(checked.status.success(), "{checked:?}");
    }
    let file = world.file("file", b"");
    world.run(&["completions", "bash", "--out", &file]).refused(1, &[&file]);
    world.run(&["completions", "tcsh"]).refused(2, &["tcsh", "bash"]);
}

#[test]
fn help_teaches() {
    let world = World::new();
    let help = world.run(&["--help"]).ok().out;
    for word in ["smollm2-135m", "PROBITY_HOME", "PROBITY_KERNELS", "Exit status", "bench"] {
        assert!(help.contains(word), "{word} is not in {help}");
    }
    let version = world.run(&["--version"]).ok().out;
    assert!(version.ends_with("(arithmetic 1, sampling 1)\n"), "{version}");
    let run = world.run(&["help", "run"]).ok().out;
    assert_eq!(run, world.run(&["run", "--help"]).ok().out);
    for word in [
        "--system",
        "--max-tokens",
        "--temperature",
        "--top-p",
        "--top-k",
        "--min-p",
        "--seed",
        "--threads",
        "--prefill-chunk",
        "--kernels",
        "--json",
        "--stop",
        "--date",
        "--raw",
        "Examples",
        "logits_digest",
        "package's folder",
        "Same model id, prompt, parameters and seed",
    ] {
        assert!(run.contains(word), "{word} is not in {run}");
    }
    for command in ["run", "bench", "pull", "list", "show", "rm", "completions"] {
        let help = world.run(&[command, "--help"]).ok().out;
        assert!(help.contains("Usage: probity"), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
}
