//! One measurement: a child process that loads, warms up, times itself and prints one JSON
//! object. Both sides speak the same form, so one reader serves both.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::peer::Isa;
use crate::Outcome;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A prompt of this many tokens.
    Prefill(u32),
    /// `count` tokens, one at a time, after a prompt of `after`.
    Decode { count: u32, after: u32 },
}

/// Which clock counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    Cpu,
    Wall,
}

/// Our binary.
#[derive(Debug)]
pub(crate) struct Ours {
    pub(crate) program: PathBuf,
}

impl Shape {
    fn options(self) -> [(&'static str, u32); 3] {
        match self {
            Self::Prefill(tokens) => [("--prefill", tokens), ("--decode", 0), ("--after", 0)],
            Self::Decode { count, after } => {
                [("--prefill", 0), ("--decode", count), ("--after", after)]
            }
        }
    }

    pub(crate) fn tokens(self) -> u32 {
        match self {
            Self::Prefill(tokens) => tokens,
            Self::Decode { count, .. } => count,
        }
    }

    fn field(self, clock: Clock) -> &'static str {
        match (self, clock) {
            (Self::Prefill(_), Clock::Cpu) => "prefill_cpu_s",
            (Self::Prefill(_), Clock::Wall) => "prefill_wall_s",
            (Self::Decode { .. }, Clock::Cpu) => "decode_cpu_s",
            (Self::Decode { .. }, Clock::Wall) => "decode_wall_s",
        }
    }
}

/// Seconds our binary took.
pub(crate) fn ours(
    ours: &Ours,
    model: &Path,
    isa: Isa,
    shape: Shape,
    threads: u32,
    clock: Clock,
) -> Outcome<f64> {
    let mut command = Command::new(&ours.program);
    command.arg("bench").arg(model).arg("--json");
    if isa == Isa::Avx2 {
        command.args(["--kernels", "avx2"]);
    }
    seconds(command, shape, threads, clock)
}

/// Seconds llama.cpp took, with flash attention on or off.
pub(crate) fn theirs(
    driver: &Path,
    model: &Path,
    flash: bool,
    shape: Shape,
    threads: u32,
    clock: Clock,
) -> Outcome<f64> {
    let mut command = Command::new(driver);
    command.arg("bench").arg(model).args(["--flash", if flash { "1" } else { "0" }]);
    seconds(command, shape, threads, clock)
}

fn seconds(mut command: Command, shape: Shape, threads: u32, clock: Clock) -> Outcome<f64> {
    for (option, value) in shape.options() {
        command.arg(option).arg(value.to_string());
    }
    command.arg("--threads").arg(threads.to_string());
    let name = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name}: {}: {}", output.status, message.trim()));
    }
    read(&output.stdout, shape, clock).map_err(|error| format!("{name}: {error}"))
}

fn read(printed: &[u8], shape: Shape, clock: Clock) -> Outcome<f64> {
    let report: Value = serde_json::from_slice(printed).map_err(|error| error.to_string())?;
    let counted = match shape {
        Shape::Prefill(_) => &report["prefill_tokens"],
        Shape::Decode { .. } => &report["decode_tokens"],
    };
    if counted.as_u64() != Some(u64::from(shape.tokens())) {
        return Err(format!("measured {counted} tokens, not {}", shape.tokens()));
    }
    let field = shape.field(clock);
    let seconds = report[field].as_f64().ok_or(format!("no `{field}` in the report"))?;
    if seconds > 0.0 { Ok(seconds) } else { Err(format!("`{field}` is {seconds}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &[u8] = br#"{"prefill_tokens":512,"prefill_cpu_s":0.5,"prefill_wall_s":0.6,
        "decode_tokens":64,"decode_cpu_s":0.0,"decode_wall_s":0.25,"peak_rss_bytes":1}"#;

    #[test]
    fn the_field_of_the_shape_and_the_clock_is_read() {
        let decode = Shape::Decode { count: 64, after: 128 };
        assert_eq!(read(REPORT, Shape::Prefill(512), Clock::Cpu), Ok(0.5));
        assert_eq!(read(REPORT, Shape::Prefill(512), Clock::Wall), Ok(0.6));
        assert_eq!(read(REPORT, decode, Clock::Wall), Ok(0.25));
    }

    #[test]
    fn a_report_of_something_else_is_refused() {
        assert!(read(REPORT, Shape::Prefill(128), Clock::Cpu).is_err());
        assert!(read(REPORT, Shape::Decode { count: 64, after: 0 }, Clock::Cpu).is_err());
        assert!(read(b"{}", Shape::Prefill(512), Clock::Cpu).is_err());
        assert!(read(b"no report", Shape::Prefill(512), Clock::Cpu).is_err());
    }
}
