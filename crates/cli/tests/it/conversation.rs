//! A conversation on a terminal: a pseudo-terminal is typed into and read, as a person would.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::world::World;

/// Only a test that fails waits so long.
const PATIENCE: Timespec = Timespec { tv_sec: 120, tv_nsec: 0 };
const PROMPT: &str = ">>> ";
const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";

/// The binary at the other end of a terminal.
struct Terminal {
    ours: File,
    child: Child,
    seen: Vec<u8>,
    /// What was seen before this is done with.
    done: usize,
}

impl Terminal {
    fn new(world: &World, arguments: &[&str]) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let end = || -> OwnedFd {
            open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap()
        };
        let mut command = world.command(arguments);
        command.env("TERM", "xterm");
        command.stdin(Stdio::from(end())).stdout(Stdio::from(end())).stderr(Stdio::from(end()));
        let child = command.spawn().unwrap();
        drop(command);
        Self { ours: File::from(ours), child, seen: Vec::new(), done: 0 }
    }

    /// Reads until this appears; gives what came before it.
    fn until(&mut self, words: &str) -> String {
        loop {
            let new = &self.seen[self.done..];
            if let Some(at) = new.windows(words.len()).position(|found| found == words.as_bytes()) {
                let before = String::from_utf8_lossy(&new[..at]).into_owned();
                self.done += at + words.len();
                return before;
            }
            let told = String::from_utf8_lossy(&self.seen).into_owned();
            assert!(self.more(), "{words:?} is not in {told:?}");
        }
    }

    /// Reads what there is; whether the other end is still there.
    fn more(&mut self) -> bool {
        let mut ready = [PollFd::new(&self.ours, PollFlags::IN)];
        assert!(poll(&mut ready, Some(&PATIENCE)).unwrap() > 0, "nothing is said any more");
        let mut bytes = [0; 4096];
        // Linux tells with an error that everybody has left the other end.
        let count = self.ours.read(&mut bytes).unwrap_or(0);
        self.seen.extend_from_slice(&bytes[..count]);
        count > 0
    }

    fn type_in(&mut self, keys: &str) {
        self.ours.write_all(keys.as_bytes()).unwrap();
    }

    /// The exit status, once all it says is read.
    fn status(mut self) -> Option<i32> {
        while self.more() {}
        self.child.wait().unwrap().code()
    }
}

#[test]
fn two_turns_help_and_leaving() {
    let world = World::new();
    let tiny = world.tiny();
    let options = ["--temperature", "0", "--max-tokens", "3"];
    let mut terminal = Terminal::new(&world, &[&["run", &tiny], &options[..]].concat());
    terminal.until(PROMPT);
    for said in ["hello", "and the"] {
        terminal.type_in(&format!("{said}\r"));
        terminal.until("(cut at 3 tokens");
        terminal.until(PROMPT);
    }
    terminal.type_in("/help\r");
    terminal.until("/clear   forget the conversation");
    terminal.until(PROMPT);
    terminal.type_in("/nonsense\r");
    terminal.until("There is no /nonsense.");
    terminal.until(PROMPT);
    terminal.type_in("/clear\r");
    terminal.until("The conversation is forgotten.");
    terminal.until(PROMPT);
    terminal.type_in(CTRL_D);
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn an_interrupt_ends_an_answer_and_not_the_conversation() {
    let world = World::new();
    let long = world.long();
    let options = ["--temperature", "0", "--max-tokens", "30000"];
    let mut terminal = Terminal::new(&world, &[&["run", &long], &options[..]].concat());
    let id = Pid::from_raw(i32::try_from(terminal.child.id()).unwrap()).unwrap();
    terminal.until(PROMPT);
    for _ in 0..2 {
        terminal.type_in("hello\r");
        // The end of the line that was typed, and the beginning of the answer: far more is to come
        // than a terminal holds, so that it can't be over.
        terminal.until("\n");
        let heard = terminal.seen.len() + 100;
        while terminal.seen.len() < heard {
            assert!(terminal.more());
        }
        kill_process(id, Signal::INT).unwrap();
        let rest = terminal.until(PROMPT);
        // Without the interrupt it would have gone on to its last token, and said so.
        assert!(!rest.contains("(cut"), "{rest}");
    }
    terminal.type_in(CTRL_C);
    terminal.until("Ctrl-D or /bye leaves.");
    terminal.until(PROMPT);
    terminal.type_in("/bye\r");
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn a_conversation_that_fills_the_context_says_so_and_goes_on() {
    let world = World::new();
    let tiny = world.tiny();
    let mut terminal = Terminal::new(&world, &["run", &tiny, "--temperature", "0"]);
    terminal.until(PROMPT);
    terminal.type_in("hello\r");
    terminal.until("context of 256 tokens is full");
    terminal.until(PROMPT);
    terminal.type_in("hello\r");
    terminal.until("/clear and say it again");
    terminal.until(PROMPT);
    terminal.type_in("/clear\r");
    terminal.until(PROMPT);
    terminal.type_in("hello\r");
    terminal.until("context of 256 tokens is full");
    terminal.until(PROMPT);
    terminal.type_in(CTRL_D);
    assert_eq!(terminal.status(), Some(0));
}
