//! Times the kernels of every set this machine can run, on one thread.
//!
//! `cargo run --release -p canon --example kernel_bench [set] [what]`: `set` is a kernel set's name
//! or `all`, `what` the beginning of a line's name. Each figure is the lower quartile of many laps in
//! processor time of the thread, which a busy machine disturbs least. Prints integers only.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Duration;
#[cfg(not(target_os = "linux"))]
use std::time::Instant;

use canon::reference::{AttentionShape, HeadRow, Layout};
use canon::{
    AttentionScratch, AttentionTask, Finish, Format, GateOp, InputKind, InputRow, KernelSet,
    Kernels, KvPage, NormOp, PAGE, PackedMatrix, Slab, TileQueue,
};

/// How long one figure is measured.
const BUDGET: Duration = Duration::from_millis(400);
/// Shortest lap.
const LAP_NS: u64 = 100_000;

struct Seed(u64);

impl Seed {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// About a bell curve of the given width in bits.
    fn bell(&mut self, bits: u32) -> i32 {
        (0..4).map(|_| (self.next() >> (64 - bits)) as i32 - (1 << (bits - 1))).sum::<i32>() / 2
    }

    fn row(&mut self, length: usize) -> Vec<i32> {
        (0..length).map(|_| self.bell(16)).collect()
    }

    fn weights(&mut self, format: Format, rows: usize, inputs: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Where a span's scale is, and its minimum.
        let (scale, minimum) = match format {
            Format::Q4_1 | Format::Q5_1 => (0, Some(2)),
            // A super-block's minima are taken away, so that they count from the scale's sign.
            Format::Q4K | Format::Q5K => (0, Some(2)),
            Format::Q2K => (80, Some(82)),
            Format::Q3K => (108, None),
            Format::Q6K => (208, None),
            Format::F32LessOne | Format::F16LessOne | Format::Bf16LessOne => (0, None),
            Format::F32 | Format::F16 | Format::Bf16 | Format::Q4_0 | Format::Q5_0 => (0, None),
            Format::Q8_0 | Format::Iq4Nl | Format::Iq4Xs => (0, None),
        };
        for _ in 0..rows * inputs / format.span() {
            // f16 scales within about a binade, and a minimum where the format has one.
            let half = 0x2000 + (self.next() & 0x7ff) as u16;
            let start = bytes.len();
            for _ in 0..format.span_bytes() {
                let byte = if format == Format::Q8_0 {
                    self.bell(7) as u8
                } else {
                    ((self.bell(3) + 8) << 4 | (self.bell(3) + 8)) as u8
                };
                bytes.push(byte);
            }
            bytes[start + scale..][..2].copy_from_slice(&half.to_le_bytes());
            if let Some(at) = minimum {
                let sign = if format.span() == 32 { 0x8000 } else { 0 };
                let minimum = (half + 0x0c00) | sign;
                bytes[start + at..][..2].copy_from_slice(&minimum.to_le_bytes());
            }
        }
        bytes
    }
}

/// Processor time of this thread, so that neighbours on the machine are not counted.
#[cfg(target_os = "linux")]
fn now() -> Duration {
    #[repr(C)]
    struct TimeSpec {
        seconds: i64,
        nanoseconds: i64,
    }
    unsafe extern "C" {
        fn clock_gettime(clock: i32, time: *mut TimeSpec) -> i32;
    }
    const THREAD_CPU: i32 = 3;
    let mut time = TimeSpec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the C library's function, given a place for its answer on 64-bit Linux.
    let status = unsafe { clock_gettime(THREAD_CPU, &mut time) };
    assert!(status == 0, "no thread clock");
    Duration::new(time.seconds as u64, time.nanoseconds as u32)
}

/// Elsewhere the wall clock has to do.
#[cfg(not(target_os = "linux"))]
fn now() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// Nanoseconds of one call: the lower quartile of many laps.
fn typical(mut call: impl FnMut()) -> u64 {
    let start = now();
    let mut laps = Vec::new();
    let mut repeat = 1;
    while laps.len() < 5 || now() - start < BUDGET {
        let lap = now();
        for _ in 0..repeat {
            call();
        }
        let took = (now() - lap).as_nanos() as u64;
        if took < LAP_NS && laps.len() < 5 {
            repeat *= 2;
            laps.clear();
        } else {
            laps.push(took / repeat);
        }
    }
    laps.sort_unstable();
    laps[laps.len() / 4]
}

struct Bench {
    kernels: Kernels,
    what: String,
}

impl Bench {
    fn wanted(&self, name: &str) -> bool {
        name.starts_with(&self.what)
    }

    fn line(&self, name: &str, ns: u64, rate: &str) {
        println!("{:9} {name:34} {ns:>11} ns {rate}", self.kernels.set().name());
    }

    fn matmuls(&self) {
        let shapes =
            [(576, 1536), (1536, 576), (192, 576), (2048, 8192), (49152, 576), (32768, 2048)];
        let quants = |format: &Format| format.number_bytes().is_none();
        for format in Format::ALL.into_iter().filter(quants) {
            for (rows, inputs) in shapes {
                let inputs: usize = inputs;
                let inputs = inputs.next_multiple_of(format.span());
                self.matmul(format, InputKind::A8, rows, inputs);
            }
        }
        self.matmul(Format::Q8_0, InputKind::A16, 1536, 576);
        self.matmul(Format::Q4_1, InputKind::A16, 1536, 576);
    }

    fn matmul(&self, format: Format, kind: InputKind, rows: usize, inputs: usize) {
        let sixteen = if kind == InputKind::A16 { "a16 " } else { "" };
        let name = |columns| format!("{sixteen}{} {rows}x{inputs} c{columns}", format.name());
        let counts: &[usize] = if rows > 10_000 { &[1, 4] } else { &[1, 4, 128, 512] };
        if !counts.iter().any(|c| self.wanted(&name(*c))) {
            return;
        }
        let mut seed = Seed(7);
        let bytes = seed.weights(format, rows, inputs);
        let packed =
            PackedMatrix::pack(format, rows, inputs, &bytes, &mut Slab::default()).unwrap();
        for columns in counts.iter().copied().filter(|c| self.wanted(&name(*c))) {
            let mut x: Vec<InputRow> = (0..columns).map(|_| InputRow::new(inputs)).collect();
            for x in &mut x {
                self.kernels.quantise(&seed.row(inputs), 12, kind, x);
            }
            let mut out = vec![0; rows * columns];
            let mut overflow = vec![false; columns];
            let x: Vec<&InputRow> = x.iter().collect();
            let groups = 0..packed.groups();
            let ns = typical(|| {
                let queue = TileQueue::new(out.chunks_exact_mut(rows), rows, rows);
                let mut tile = queue.claim().unwrap();
                let finish = Finish { frac: 12, bias: None };
                let groups = groups.clone();
                self.kernels.matmul(&packed, groups, &x, finish, &mut tile, &mut overflow);
            });
            let work = 2 * rows * inputs * columns;
            let rate = format!(
                "{:>5} GOPS {:>4} GB/s of weights",
                work as u64 / ns.max(1),
                packed.bytes() as u64 / ns.max(1)
            );
            self.line(&name(columns), ns, &rate);
            black_box(&out);
        }
    }

    fn attention(&self) {
        let (width, heads) = (64, 3);
        let shape = AttentionShape {
            head_width: width,
            query_frac: 16,
            key_frac: 16,
            value_frac: 16,
            frac: 14,
            scale: 0x5c55,
            scale_exponent: -17,
            cap: None,
        };
        let mut seed = Seed(9);
        let mut head = |kernels: &Kernels| {
            let mut row = HeadRow { quants: Vec::new(), mantissa: 0, shift: 0 };
            kernels.head_row(&seed.row(width), &mut row);
            row
        };
        for context in [128, 512, 2048] {
            let name = format!("attention {heads} heads at {context}");
            if !self.wanted(&name) {
                continue;
            }
            let mut pages = vec![KvPage::new(width); context / PAGE];
            for position in 0..context {
                let (key, value) = (head(&self.kernels), head(&self.kernels));
                pages[position / PAGE].put(position % PAGE, &key, &value);
            }
            let pages: Vec<&KvPage> = pages.iter().collect();
            let queries: Vec<HeadRow> = (0..heads).map(|_| head(&self.kernels)).collect();
            let task = AttentionTask {
                shape: &shape,
                queries: &queries,
                pages: &pages,
                positions: 0..context,
            };
            let mut scratch = AttentionScratch::default();
            let mut out = vec![0; width * heads];
            let ns = typical(|| {
                assert!(!self.kernels.attention(&task, &mut scratch, &mut out));
            });
            self.line(&name, ns, "");
        }
    }

    fn rows(&self) {
        let mut seed = Seed(11);
        for length in [576, 1536] {
            let (row, other) = (seed.row(length), seed.row(length));
            let gain: Vec<i32> = seed.row(length);
            let mut out = vec![0; length];
            let mut x = InputRow::new(length);
            let kernels = &self.kernels;
            let show = |name: &str, call: &mut dyn FnMut()| {
                let name = format!("{name} {length}");
                if self.wanted(&name) {
                    self.line(&name, typical(call), "");
                }
            };
            let op = NormOp { eps: 1 << 20, gain: &gain, gain_unit: -14, frac: 12 };
            show("row norm", &mut || {
                black_box(kernels.norm(&row, op, &mut out));
            });
            show("row quantise a8", &mut || kernels.quantise(&row, 12, InputKind::A8, &mut x));
            show("row quantise a16", &mut || kernels.quantise(&row, 12, InputKind::A16, &mut x));
            let op = GateOp { gate_frac: 12, up_frac: 12, frac: 12 };
            show("row silu-gate", &mut || {
                black_box(kernels.silu_gate(&row, &other, op, &mut out));
            });
            show("row add", &mut || {
                out.copy_from_slice(&row);
                black_box(kernels.add(&mut out, &other));
            });
        }
        let mut head = seed.row(64);
        let (sin, cos): (Vec<i32>, Vec<i32>) =
            (0..32).map(|i| canon::functions::sin_cos(i << 58)).unzip();
        for layout in [Layout::Half, Layout::Interleaved] {
            let name = format!("row rotate 64 {layout:?}");
            if self.wanted(&name) {
                let ns = typical(|| {
                    black_box(self.kernels.rotate(black_box(&mut head), &sin, &cos, layout));
                });
                self.line(&name, ns, "");
            }
        }
        let mut row = HeadRow { quants: Vec::new(), mantissa: 0, shift: 0 };
        if self.wanted("row head 64") {
            let ns = typical(|| self.kernels.head_row(black_box(&head), &mut row));
            self.line("row head 64", ns, "");
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let set = arguments.first().map_or("all", String::as_str);
    let what = arguments.get(1).cloned().unwrap_or_default();
    for kernels in KernelSet::ALL.into_iter().filter_map(Kernels::of) {
        if set == "all" || set == kernels.set().name() {
            let bench = Bench { kernels, what: what.clone() };
            bench.matmuls();
            bench.attention();
            bench.rows();
        }
    }
}
