//! Pipes and interrupts. A pipe of one page makes these exact: an answer of many pages can't be
//! over before the test has read on.

use std::io::{BufRead, BufReader, PipeReader, Read};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::world::World;

/// Far more text than a pipe of one page holds: the tiny model's greedy answer never ends itself.
const LONG: [&str; 4] = ["--max-tokens", "30000", "--temperature", "0"];

/// An answer in the making, of which one byte was read.
fn speaking(world: &World) -> (Child, PipeReader) {
    let model = world.long();
    let (mut reader, writer) = std::io::pipe().unwrap();
    rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    let mut command = world.command(&[&["run", &model, "hello"], &LONG[..]].concat());
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    let mut first = [0];
    reader.read_exact(&mut first).unwrap();
    (child, reader)
}

#[test]
fn an_interrupt_ends_an_answer_where_it_stands() {
    let world = World::new();
    let (child, mut reader) = speaking(&world);
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(id, Signal::INT).unwrap();
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert_eq!(rest.last(), Some(&b'\n'), "the line is ended");
    assert!(rest.len() < 20_000, "it went on for {} bytes", rest.len());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn an_interrupted_download_says_how_to_go_on() {
    let world = World::new();
    // A server that takes the call and never says a word.
    let hub = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = world.command(&["pull", "hf:org/tiny:tiny.gguf"]);
    command.env("HF_ENDPOINT", format!("http://{}", hub.local_addr().unwrap()));
    command.env("PROBITY_OFFLINE", "0").env("NO_PROXY", "*");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert!(line.starts_with("trying 127.0.0.1"), "{line}");
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(id, Signal::INT).unwrap();
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("the same command goes on from there"), "{rest}");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_reader_that_leaves_ends_the_program_quietly() {
    let world = World::new();
    let (child, reader) = speaking(&world);
    drop(reader);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn lists_and_scripts_end_quietly_too() {
    let world = World::new();
    for arguments in [&["list"][..], &["completions", "bash"], &["show", "smollm2-135m"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = world.command(arguments);
        let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        drop(command);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
}

#[test]
fn a_full_disk_is_told() {
    let world = World::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = world.command(&["list"]).stdout(full).output().unwrap();
    let done = crate::world::done(output);
    done.refused(1, &["standard output", "No space left"]);
}

#[test]
fn nobody_listening_on_standard_error_is_no_failure() {
    let world = World::new();
    let tiny = world.tiny();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    // It has something to say there: that the answer was cut.
    let mut command = world.command(&["run", &tiny, "hello", "--max-tokens", "2"]);
    let output = command.stderr(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!output.stdout.is_empty());
}
