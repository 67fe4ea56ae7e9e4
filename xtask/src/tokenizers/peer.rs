//! llama.cpp's tokenizers as a program: `xtask/peer/tokens.cpp` says what it reads and writes.
//!
//! Each question is a process of its own, so that one that dies takes nothing with it. Failure: its line on stderr.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;

const NUMBER_BYTES: usize = 4;

/// The program.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) driver: PathBuf,
}

/// A text's tokens.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ids {
    /// Whether control tokens were read in the text.
    pub(super) control: bool,
    /// Whether what begins and ends a prompt was added.
    pub(super) prompt: bool,
    pub(super) ids: Vec<u32>,
}

impl Peer {
    /// Of each text its tokens in all four ways.
    pub(super) fn ids(&self, vocabulary: &Path, texts: &[String]) -> Outcome<Vec<[Ids; 4]>> {
        let output = self.ask(Command::new(&self.driver).arg("ids").arg(vocabulary), texts)?;
        let mut lists = Lists { bytes: &output };
        let mut way =
            |control, prompt| Ok::<_, String>(Ids { control, prompt, ids: lists.next()? });
        let each = texts.iter().map(|_| {
            Ok([way(false, false)?, way(false, true)?, way(true, false)?, way(true, true)?])
        });
        each.collect()
    }

    /// Of each token what it is: 1 control or unknown, 2 user-defined, 0 another.
    pub(super) fn roles(&self, vocabulary: &Path) -> Outcome<Vec<u32>> {
        let output = self.ask(Command::new(&self.driver).arg("roles").arg(vocabulary), &[])?;
        Lists { bytes: &output }.next()
    }

    /// Of each text the lengths in bytes of the words a pre-tokenizer cuts it into.
    pub(super) fn words(
        &self,
        vocabulary: &Path,
        pre: &str,
        texts: &[String],
    ) -> Outcome<Vec<Vec<u32>>> {
        let mut command = Command::new(&self.driver);
        let output = self.ask(command.arg("words").arg(vocabulary).arg(pre), texts)?;
        let mut lists = Lists { bytes: &output };
        texts.iter().map(|_| lists.next()).collect()
    }

    /// A byte of flags for every character.
    pub(super) fn classes(&self) -> Outcome<Vec<u8>> {
        self.ask(Command::new(&self.driver).arg("classes"), &[])
    }

    fn ask(&self, command: &mut Command, texts: &[String]) -> Outcome<Vec<u8>> {
        let named = |error: std::io::Error| format!("{}: {error}", self.driver.display());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(named)?;
        let mut input = child.stdin.take().expect("stdin is a pipe");
        let mut stderr = child.stderr.take().expect("stderr is a pipe");
        let (output, said) = std::thread::scope(|scope| {
            // A program that dies early reads no more of this; its status tells.
            scope.spawn(move || texts.iter().try_for_each(|text| send(&mut input, text)));
            let said = scope.spawn(move || {
                let mut said = String::new();
                let read = stderr.read_to_string(&mut said);
                read.map(|_| said)
            });
            let output = child.wait_with_output().map_err(named);
            (output, said.join().expect("reading does not panic"))
        });
        let output = output?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = said.unwrap_or_default();
        Err(format!("llama.cpp: {}: {}", output.status, said.trim().replace('\n', "; ")))
    }
}

fn send(input: &mut impl Write, text: &str) -> std::io::Result<()> {
    let length = u32::try_from(text.len()).map_err(std::io::Error::other)?;
    input.write_all(&length.to_le_bytes())?;
    input.write_all(text.as_bytes())
}

/// Reads lists of numbers off bytes.
struct Lists<'b> {
    bytes: &'b [u8],
}

impl Lists<'_> {
    fn next(&mut self) -> Outcome<Vec<u32>> {
        let count = usize::try_from(self.number()?).expect("usize has at least 32 bits");
        if count > self.bytes.len() / NUMBER_BYTES {
            return Err("llama.cpp's answer is cut short".into());
        }
        (0..count).map(|_| self.number()).collect()
    }

    fn number(&mut self) -> Outcome<u32> {
        let (number, rest) =
            self.bytes.split_first_chunk().ok_or("llama.cpp's answer is cut short")?;
        self.bytes = rest;
        Ok(u32::from_le_bytes(*number))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn lists_are_read_and_short_ones_refused() {
        let bytes = [2, 0, 0, 0, 7, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
        let mut lists = Lists { bytes: &bytes };
        assert_eq!((lists.next().unwrap(), lists.next().unwrap()), (vec![7, 257], vec![]));
        assert!(lists.next().unwrap_err().contains("cut short"));
    }

    #[test]
    fn a_program_that_fails_is_quoted() {
        let peer = Peer { driver: "sh".into() };
        let mut shell = Command::new(&peer.driver);
        let failed =
            peer.ask(shell.args(["-c", "echo one >&2; echo two >&2; exit 3"]), &["x".into()]);
        assert_eq!(failed, Err("llama.cpp: exit status: 3: one; two".into()));
        let mut shell = Command::new(&peer.driver);
        let echoed = peer.ask(shell.args(["-c", "cat"]), &["ab".into(), String::new()]);
        assert_eq!(echoed.unwrap(), b"\x02\0\0\0ab\0\0\0\0");
    }
}
