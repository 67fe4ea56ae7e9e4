//! Seeded inputs that sit on the edges: extremes, zeros, outliers, noise.

use canon::{Format, KernelSet, Kernels};

/// Every set that this machine can run. It says which they are, so that whoever runs the tests elsewhere sees it.
pub(crate) fn sets() -> Vec<Kernels> {
    let sets: Vec<Kernels> = KernelSet::ALL.into_iter().filter_map(Kernels::of).collect();
    sets.iter().for_each(|kernels| println!("kernels: {}", kernels.set().name()));
    sets
}

/// A small generator (splitmix64): the same cases on every machine.
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// A value of up to `bits` bits and a sign.
    pub(crate) fn signed(&mut self, bits: u32) -> i32 {
        let value = (self.next() & ((1 << bits) - 1)) as i32;
        if self.next() & 1 == 0 { value } else { -value }
    }

    /// A fixed row of one of several characters.
    pub(crate) fn row(&mut self, length: usize) -> Vec<i32> {
        let kind = self.below(7);
        let bits = 1 + self.below(29) as u32;
        let mut row: Vec<i32> = (0..length)
            .map(|i| match kind {
                0 => 0,
                1 => (1 << 30) - 1,
                2 if i % 2 == 0 => -(1 << 30) + 1,
                2 => (1 << bits) - 1,
                3 => self.signed(bits.min(16)),
                _ => self.signed(bits),
            })
            .collect();
        if kind == 5 {
            let at = self.below(length as u64) as usize;
            row[at] = self.signed(29);
        }
        row
    }

    /// Any format.
    pub(crate) fn format(&mut self) -> Format {
        Format::ALL[self.below(Format::ALL.len() as u64) as usize]
    }

    /// The bytes of a weight matrix that the format accepts.
    pub(crate) fn weights(&mut self, format: Format, rows: usize, inputs: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..rows {
            let extreme = self.below(8);
            for _ in 0..inputs / format.span() {
                self.span(format, extreme, &mut bytes);
            }
        }
        bytes
    }

    fn half(&mut self, extreme: u64) -> [u8; 2] {
        let exponent = if extreme == 0 { self.below(31) } else { 4 + self.below(6) };
        let sign = if extreme <= 2 { self.below(2) } else { 0 };
        ((sign << 15 | exponent << 10 | self.below(1024)) as u16).to_le_bytes()
    }

    fn span(&mut self, format: Format, extreme: u64, bytes: &mut Vec<u8>) {
        let fill = match extreme {
            1 => Some(0x80),
            2 => Some(0x7f),
            3 => Some(0xff),
            _ => None,
        };
        let start = bytes.len();
        match format.number_bytes() {
            Some(4) => {
                for _ in 0..32 {
                    let number = self.single(extreme);
                    bytes.extend(number.to_le_bytes());
                }
            }
            Some(_) if matches!(format, Format::Bf16 | Format::Bf16LessOne) => {
                for _ in 0..32 {
                    let number = self.single(extreme);
                    bytes.extend(&number.to_le_bytes()[2..]);
                }
            }
            Some(_) => {
                for _ in 0..32 {
                    let half = self.half(extreme);
                    bytes.extend(half);
                }
            }
            None => {
                for _ in 0..format.span_bytes() {
                    bytes.push(fill.unwrap_or_else(|| self.below(256) as u8));
                }
                for at in halves(format) {
                    let half = self.half(extreme);
                    bytes[start + at..][..2].copy_from_slice(&half);
                }
            }
        }
    }

    fn single(&mut self, extreme: u64) -> u32 {
        let exponent = if extreme == 0 { self.below(150) } else { 115 + self.below(12) };
        (self.below(2) << 31 | exponent << 23 | self.below(1 << 23)) as u32
    }
}

/// Where the f16 numbers of a span of quants are.
pub(crate) fn halves(format: Format) -> &'static [usize] {
    match format {
        Format::F32 | Format::F16 | Format::Bf16 => &[],
        Format::F32LessOne | Format::F16LessOne | Format::Bf16LessOne => &[],
        Format::Q4_0 | Format::Q5_0 | Format::Q8_0 | Format::Iq4Nl | Format::Iq4Xs => &[0],
        Format::Q4_1 | Format::Q5_1 | Format::Q4K | Format::Q5K => &[0, 2],
        Format::Q2K => &[80, 82],
        Format::Q3K => &[108],
        Format::Q6K => &[208],
    }
}
