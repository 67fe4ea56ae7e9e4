//! The text that both sides tokenise: made up of a seed in many scripts, and this repository's own files.
//!
//! Never depends on a clock or on anything but seed and files. Characters that the two sides class differently are left
//! out.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::classes::Classes;
use crate::Outcome;

const MADE_LINES: usize = 1_500;
const MADE_BLOCKS: usize = 60;
const LINES_PER_BLOCK: usize = 25;
const PIECES_MAX: u64 = 12;
/// The end of a name that files of this repository are read by, and how much of each is.
const ENDS: [&str; 6] = [".md", ".rs", ".py", ".ts", ".html", ".txt"];
const FILE_BYTES_MAX: usize = 6_000;
const FILE_BLOCK_BYTES: usize = 2_000;
/// Every so many of them.
const FILES_STEP: usize = 4;

/// Runs of letters by script: first and last.
const SCRIPTS: [(u32, u32); 22] = [
    (0x61, 0x7A),
    (0x41, 0x5A),
    (0xC0, 0x24F),
    (0x370, 0x3FF),
    (0x400, 0x4FF),
    (0x531, 0x58A),
    (0x590, 0x5F4),
    (0x600, 0x6FF),
    (0x900, 0x97F),
    (0x980, 0x9FF),
    (0xB80, 0xBFF),
    (0xE00, 0xE5B),
    (0x1000, 0x109F),
    (0x10A0, 0x10FF),
    (0x1780, 0x17F9),
    (0x1E00, 0x1FFF),
    (0x3040, 0x30FF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xFF00, 0xFFEF),
    (0x1D400, 0x1D7FF),
    (0x20000, 0x2A6DF),
];
const FOUND: [&str; 48] = [
    "'s",
    "'S",
    "'ll",
    "'LL",
    "'Ll",
    "'re",
    "'VE",
    "'d",
    "'m",
    "'T",
    "don't",
    "I'LL",
    "'tis",
    "''",
    "\u{2019}s",
    "camelCaseWord",
    "HTTPServer",
    "snake_case_name",
    "UPPER",
    "McDonald",
    "iPhone",
    "fn main() {",
    "if (x != y) {",
    "    return 0;",
    "\t\tfor i in 0..10 {",
    "// TODO: x",
    "</div>",
    "<|im_start|>",
    "<|endoftext|>",
    "</s>",
    "<s>",
    "[INST]",
    "https://example.org/a?b=c&d=%20e",
    "user@example.com",
    "3.14159e-10",
    "0xDEADBEEF",
    "1,234,567.89",
    "2026-11-21T06:51:37Z",
    "a+b=c",
    "\\n",
    "\"quoted\"",
    "`code`",
    "$x^2$",
    "...",
    "\u{2026}",
    "\u{2014}",
    "\u{201C}",
    "/",
];
const SPACES: [&str; 16] = [
    " ", "  ", "   ", "    ", "        ", "\t", "\t\t", "\n", "\n\n", "\r\n", " \n", "\n ",
    "\u{A0}", "\u{3000}", "\u{2028}", "\u{85}",
];
const EMOJI: [&str; 12] = [
    "\u{1F600}",
    "\u{1F680}",
    "\u{1F469}\u{200D}\u{1F4BB}",
    "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{200D}\u{1F466}",
    "\u{1F44D}\u{1F3FD}",
    "\u{1F1E9}\u{1F1EA}",
    "\u{2764}\u{FE0F}",
    "1\u{FE0F}\u{20E3}",
    "\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "\u{2603}",
    "\u{200D}",
    "\u{FE0F}",
];
const STRANGE: [&str; 14] = [
    "\u{0}",
    "\u{1}",
    "\u{B}",
    "\u{C}",
    "\u{1B}[31m",
    "\u{1C}",
    "\u{7F}",
    "\u{AD}",
    "\u{200B}",
    "\u{FEFF}",
    "\u{FFFD}",
    "\u{FFFF}",
    "\u{E000}",
    "\u{10FFFF}",
];
/// Starts of rows of ten digits.
const DIGITS: [u32; 7] = [0x30, 0x30, 0x30, 0x660, 0x966, 0xE50, 0xFF10];
const NUMBERS: [&str; 6] = ["\u{B2}", "\u{BD}", "\u{2167}", "\u{3007}", "\u{2460}", "\u{10107}"];

/// Short lines on which rules of pre-tokenizers differ.
const TRICKY: [&str; 40] = [
    "",
    " ",
    "a",
    "Hello world",
    "  Hello   world  ",
    "it's we'll I'M THEY'RE x'd 'tis '\u{17F}",
    "don't'''s's",
    "one\ntwo\n\n  three\r\n",
    " \n \n  x",
    "tab\tand\t\ttabs \t",
    "\n\n\n   \n   y  ",
    "1 12 123 1234 12345 1234567 12345678",
    "v1.2.3 3,14 10^6 a1b22c333dddd4444",
    "x  123 \u{967}\u{968}12\u{966} 12\u{B2}345\u{BD} \u{664}\u{665}1",
    "$5 + <b> = ^~|`x` #!/usr/bin/env",
    "(hi) [there] {you} <|im_start|>",
    "...!? \u{2026}/\n/\n--- /a/b",
    "f(x)=y;\n\tz //c",
    "camelCase HTTPServer XMLHttpRequest iOS \u{C9}cole \u{E9}T\u{C9} \u{1C5}",
    "Gr\u{FC}\u{DF}e, \u{E9}t\u{E9}",
    "\u{4F60}\u{597D}\u{4E16}\u{754C}2026\u{5E74}abc \u{4F60}'s",
    "\u{3053}\u{3093}\u{306B}\u{3061}\u{306F}\u{30C6}\u{30B9}\u{30C8}\u{30FC}\u{3002}",
    "\u{D55C}\u{AD6D}\u{C5B4} \u{314B}\u{314B} \u{3105}\u{3106}",
    "\u{41F}\u{440}\u{438}\u{432}\u{435}\u{442}, \u{43C}\u{438}\u{440}!",
    "\u{939}\u{93F}\u{928}\u{94D}\u{926}\u{940} \u{94D}x",
    "\u{627}\u{644}\u{639}\u{64E}\u{631}\u{628}\u{64A}\u{629}\u{60C} \u{633}",
    "\u{E2A}\u{E27}\u{E31}\u{E2A}\u{E14}\u{E35}\u{E04}\u{E23}\u{E31}\u{E1A}",
    "e\u{301}a\u{308} \u{301}\u{301} x\u{301}'s",
    "\u{1F600} \u{1F680}x \u{1F469}\u{200D}\u{1F4BB}\u{1F44D}\u{1F3FD}1\u{FE0F}\u{20E3}",
    "a\u{A0}b\u{2003}c\u{3000}d",
    "\u{A0}\u{A0}x \u{3000}\u{3002}\u{FF01}",
    "x\u{2028}y\u{85}z",
    "\u{200B}zero\u{200D}\u{FEFF}",
    "\u{2014}dash\u{2013} \u{201C}q\u{201D} \u{20AC}5 \u{A3}5 \u{B5}m",
    "\u{B}\u{C}\u{1C}\u{1F}\u{0}end\u{7F}\u{AD}",
    "a b c \u{E9} d  e \u{301} f",
    "IMGIMGABCZ IMGIMGJZ <sentinel:12> <sentinel:>",
    "  \r\n\r\n x  \n",
    "\u{20000}\u{2EBE0}\u{F900}a\u{3400}",
    "a,b\u{3001}c\u{60C}d\u{6D4}e\u{964}f|(g",
];

/// Everything, in an order of its own.
pub(super) fn all(root: &Path, seed: u64, classes: &Classes) -> Outcome<Vec<String>> {
    let mut chance = Chance { state: seed };
    let mut texts = tricky();
    texts.extend((0..MADE_LINES).map(|_| line(&mut chance)));
    texts.extend((0..MADE_BLOCKS).map(|_| {
        let lines: Vec<String> = (0..LINES_PER_BLOCK).map(|_| line(&mut chance)).collect();
        lines.join("\n")
    }));
    texts.extend(files(root)?);
    for text in &mut texts {
        text.retain(|character| classes.alike(character));
    }
    Ok(texts)
}

/// The short lines alone, and runs that are long for a line.
pub(super) fn tricky() -> Vec<String> {
    let runs = [" ", "\n", "\t ", "7", "x", "X", "\u{301}", "\u{4F60}", "'s", "a1", "\u{3000}"];
    let runs = runs.iter().map(|run| format!("a{}b", run.repeat(41)));
    let spaces = (1..7).flat_map(|count| [format!("{}x", " ".repeat(count)), " ".repeat(count)]);
    TRICKY.iter().map(|line| (*line).to_owned()).chain(runs).chain(spaces).collect()
}

/// This repository's own files, in part.
fn files(root: &Path) -> Outcome<Vec<String>> {
    let listed = Command::new("git").arg("ls-files").current_dir(root).output();
    let listed = listed.map_err(|error| format!("git ls-files: {error}"))?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mut blocks = Vec::new();
    let chosen = listed.lines().filter(|name| ENDS.iter().any(|end| name.ends_with(end)));
    for name in chosen.step_by(FILES_STEP) {
        let Ok(text) = fs::read_to_string(root.join(name)) else { continue };
        let mut block = String::new();
        for line in text.split_inclusive('\n').take_while({
            let mut taken = 0;
            move |line| {
                taken += line.len();
                taken <= FILE_BYTES_MAX
            }
        }) {
            block.push_str(line);
            if block.len() >= FILE_BLOCK_BYTES {
                blocks.push(std::mem::take(&mut block));
            }
        }
        blocks.push(block);
    }
    Ok(blocks)
}

/// SplitMix64, as `spec/vectors/README.md` has it.
struct Chance {
    state: u64,
}

impl Chance {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = self.state;
        let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn of<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        let length = u64::try_from(list.len()).expect("a list's length has 64 bits");
        &list[usize::try_from(self.below(length)).expect("it is below a length")]
    }

    fn text(&mut self, list: &[&'static str]) -> &'static str {
        self.of::<&'static str>(list)
    }

    fn between(&mut self, first: u32, last: u32) -> char {
        let number = u64::from(first) + self.below(u64::from(last - first + 1));
        let number = u32::try_from(number).expect("it is at most the last");
        char::from_u32(number).unwrap_or('\u{FFFD}')
    }
}

fn line(chance: &mut Chance) -> String {
    let mut line = String::new();
    for _ in 0..=chance.below(PIECES_MAX) {
        piece(chance, &mut line);
        if chance.below(5) < 3 {
            line.push(' ');
        }
    }
    line
}

fn piece(chance: &mut Chance, line: &mut String) {
    match chance.below(16) {
        0..5 => {
            let (first, last) = *chance.of(&SCRIPTS);
            let length = 1 + chance.below(9);
            line.extend((0..length).map(|_| chance.between(first, last)));
        }
        5 | 6 => line.push_str(chance.text(&FOUND)),
        7 => line.push_str(chance.text(&SPACES)),
        8 => (0..=chance.below(4)).for_each(|_| line.push_str(chance.text(&SPACES))),
        9 => {
            let zero = *chance.of(&DIGITS);
            let length = 1 + chance.below(11);
            line.extend((0..length).map(|_| chance.between(zero, zero + 9)));
        }
        10 => line.push_str(chance.text(&NUMBERS)),
        11 => line.push_str(chance.text(&EMOJI)),
        12 => line.extend((0..=chance.below(4)).map(|_| chance.between(0x21, 0x2F))),
        13 => {
            line.push(chance.between(0x61, 0x7A));
            line.extend((0..=chance.below(5)).map(|_| chance.between(0x300, 0x36F)));
        }
        14 => line.push_str(chance.text(&STRANGE)),
        _ => {
            let last = if chance.below(2) == 0 { 0xFFFF } else { 0x10_FFFF };
            line.extend((0..=chance.below(4)).map(|_| chance.between(0, last)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_the_specifications() {
        let mut chance = Chance { state: 1_234_567 };
        assert_eq!((chance.next(), chance.next()), (6457827717110365317, 3203168211198807973));
    }

    #[test]
    fn a_seed_makes_the_same_lines_again_and_another_others() {
        let lines = |seed| {
            let mut chance = Chance { state: seed };
            (0..50).map(|_| line(&mut chance)).collect::<Vec<_>>()
        };
        assert_eq!(lines(1), lines(1));
        assert_ne!(lines(1), lines(2));
    }
}
