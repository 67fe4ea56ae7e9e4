//! What the two sides say to the referee, and its bytes (`spec/dispute.md` section 5).
//!
//! Never judges: a move that decodes may still be refused. One form only: `decode(encode(m)) == m`, no other bytes decode,
//! every count is held against its limit before anything is allocated for it.

use commit::{Blind, Digest, Reader, WireError, Writer};
use receipt::JobLeaf;

use crate::limits::{
    BIASES_BYTES_MAX, CHILDREN_MAX, LEAVES_MAX, MOVE_BYTES_MAX, OPENED_MAX, OPERANDS_MAX, OPS_MAX,
    OUTPUT_BYTES_MAX, PEAKS_MAX, PROOF_MAX,
};
use crate::slice::Slice;

/// The version of moves.
const MOVE_VERSION: u16 = 1;

/// A move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Claimant: root of its log; zeros where the log has no entry.
    Root(Digest),
    /// Challenger: how many of these entries its own log has, and their root.
    OwnRoot {
        /// Entries, at most the claimant's.
        entries: u32,
        /// Their root; zeros of none.
        root: Digest,
    },
    /// Claimant: what stands below a named subtree.
    Children(Vec<Digest>),
    /// Challenger: the first of what was revealed that is wrong.
    Name(u16),
    /// Claimant: value roots of the block's ops, up to the claimed fault where there is one.
    Ops {
        /// In order of the ops.
        roots: Vec<Digest>,
        /// Where a token is claimed, in the last block: the salt of that token's leaf.
        token_salt: Option<Digest>,
    },
    /// Claimant: how the named op came about.
    Parts(Parts),
    /// Claimant: what the named tile made.
    Open(Opened),
    /// Challenger: what the tile reads, with proofs, in the order of its operands.
    Operands(Vec<Supplied>),
    /// Challenger: the job's blind, for the opened salt is not made of it.
    Blind(Blind),
}

/// An op as tiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// What stands below the root over the outputs of the tiles that make no leaf of the value.
    pub children: Vec<Digest>,
    /// Leaves of the value.
    pub leaves: Vec<Digest>,
    /// Number of the tile that faults, where the op is claimed to.
    pub fault: Option<u32>,
}

/// A tile's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its salt.
    pub salt: Digest,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Of a row of a KV tree: the right edge of the tree it was appended to.
    pub edge: Vec<Digest>,
}

/// A leaf in the open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its salt.
    pub salt: Digest,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Consecutive leaves, and what binds them to a root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaves {
    /// In order.
    pub leaves: Vec<Leaf>,
    /// Greatest subtrees beside them, from the left.
    pub beside: Vec<Digest>,
}

/// An entry of the log in the open, and what binds it to the entries agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// Value root of the residual row.
    pub residual: Digest,
    /// Root of the layer's key and value rows.
    pub kv: Digest,
    /// From its sibling to the root.
    pub path: Vec<Digest>,
}

/// An operand with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supplied {
    /// The referee has it.
    Known,
    /// Committed tokens.
    Tokens {
        /// Of the prompt.
        prompt: Leaves,
        /// Of the output.
        output: Leaves,
    },
    /// Bytes of a file or of the units.
    Slice(Slice),
    /// Leaves of a value or outputs of tiles; the boundary where the value is the block's input.
    Leaves {
        /// The leaves.
        opened: Leaves,
        /// The entry before the block.
        boundary: Option<Boundary>,
    },
    /// Key and value rows.
    Page {
        /// The rows.
        rows: Leaves,
        /// From the head's root to that of all heads.
        path: Vec<Digest>,
    },
    /// The right edge of a KV tree.
    Edge {
        /// Its subtrees, the greatest first.
        peaks: Vec<Digest>,
        /// From the head's root to that of all heads.
        path: Vec<Digest>,
        /// The same boundary one position earlier; none at position 0.
        boundary: Option<Boundary>,
    },
    /// The job's biases.
    Biases(JobLeaf),
}

impl Move {
    /// The canonical bytes.
    ///
    /// # Panics
    /// Where a list is beyond its limit: an honest side's never is.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u16(MOVE_VERSION);
        match self {
            Self::Root(root) => {
                out.u8(1);
                out.bytes(root);
            }
            Self::OwnRoot { entries, root } => {
                out.u8(2);
                out.u32(*entries);
                out.bytes(root);
            }
            Self::Children(children) => {
                out.u8(3);
                write_hashes(&mut out, children);
            }
            Self::Name(index) => {
                out.u8(4);
                out.u16(*index);
            }
            Self::Ops { roots, token_salt } => {
                out.u8(5);
                write_hashes(&mut out, roots);
                write_option(&mut out, token_salt.as_ref(), |out, salt| out.bytes(salt));
            }
            Self::Parts(parts) => {
                out.u8(6);
                write_hashes(&mut out, &parts.children);
                write_hashes(&mut out, &parts.leaves);
                write_option(&mut out, parts.fault.as_ref(), |out, tile| out.u32(*tile));
            }
            Self::Open(opened) => {
                out.u8(7);
                write_leaf(&mut out, &opened.salt, &opened.bytes);
                write_hashes(&mut out, &opened.edge);
            }
            Self::Operands(operands) => {
                out.u8(8);
                out.length_u8(operands.len());
                operands.iter().for_each(|operand| operand.write(&mut out));
            }
            Self::Blind(blind) => {
                out.u8(9);
                out.bytes(&blind.0);
            }
        }
        out.finish()
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > MOVE_BYTES_MAX {
            let (found, max) = (bytes.len(), MOVE_BYTES_MAX);
            return Err(WireError::Limit { what: "bytes of a move", found, max });
        }
        let mut input = Reader::new(bytes);
        let read = Self::read(&mut input)?;
        input.end("the move")?;
        Ok(read)
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.version("a move's", MOVE_VERSION)?;
        Ok(match input.u8("the kind of move")? {
            1 => Self::Root(input.array("the log's root")?),
            2 => Self::OwnRoot {
                entries: input.u32("entries of the log")?,
                root: input.array("the log's root")?,
            },
            3 => Self::Children(read_hashes(input, "subtrees", CHILDREN_MAX)?),
            4 => Self::Name(input.u16("what is named")?),
            5 => Self::Ops {
                roots: read_hashes(input, "ops of a block", OPS_MAX)?,
                token_salt: read_option(input, "whether a salt follows", |input| {
                    input.array("the token's salt")
                })?,
            },
            6 => Self::Parts(Parts {
                children: read_hashes(input, "subtrees", CHILDREN_MAX)?,
                leaves: read_hashes(input, "leaves of a value", LEAVES_MAX)?,
                fault: read_option(input, "whether a fault follows", |input| {
                    input.u32("the tile that faults")
                })?,
            }),
            7 => {
                let Leaf { salt, bytes } = read_leaf(input)?;
                let edge = read_hashes(input, "subtrees of an edge", PEAKS_MAX)?;
                Self::Open(Opened { salt, bytes, edge })
            }
            8 => Self::Operands(input.list_u8("operands", OPERANDS_MAX, Supplied::read)?),
            9 => Self::Blind(Blind(input.array("the blind")?)),
            found => {
                return Err(WireError::Unknown { what: "the kind of move", found: found.into() });
            }
        })
    }
}

impl Supplied {
    fn write(&self, out: &mut Writer) {
        match self {
            Self::Known => out.u8(1),
            Self::Tokens { prompt, output } => {
                out.u8(2);
                prompt.write(out);
                output.write(out);
            }
            Self::Slice(slice) => {
                out.u8(3);
                out.length_u32(slice.chunks.len());
                out.bytes(&slice.chunks);
                write_hashes(out, &slice.beside);
            }
            Self::Leaves { opened, boundary } => {
                out.u8(4);
                opened.write(out);
                write_option(out, boundary.as_ref(), |out, boundary| boundary.write(out));
            }
            Self::Page { rows, path } => {
                out.u8(5);
                rows.write(out);
                write_hashes(out, path);
            }
            Self::Edge { peaks, path, boundary } => {
                out.u8(6);
                write_hashes(out, peaks);
                write_hashes(out, path);
                write_option(out, boundary.as_ref(), |out, boundary| boundary.write(out));
            }
            Self::Biases(leaf) => {
                out.u8(7);
                let bytes = leaf.encode();
                out.length_u16(bytes.len());
                out.bytes(&bytes);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match input.u8("the kind of operand")? {
            1 => Self::Known,
            2 => Self::Tokens { prompt: Leaves::read(input)?, output: Leaves::read(input)? },
            3 => Self::Slice(Slice {
                chunks: input.bytes_u32("bytes of a slice", MOVE_BYTES_MAX)?.to_vec(),
                beside: read_hashes(input, "hashes of a slice", PROOF_MAX)?,
            }),
            4 => Self::Leaves {
                opened: Leaves::read(input)?,
                boundary: read_option(input, "whether a boundary follows", Boundary::read)?,
            },
            5 => Self::Page {
                rows: Leaves::read(input)?,
                path: read_hashes(input, "levels of a path", PROOF_MAX)?,
            },
            6 => Self::Edge {
                peaks: read_hashes(input, "subtrees of an edge", PEAKS_MAX)?,
                path: read_hashes(input, "levels of a path", PROOF_MAX)?,
                boundary: read_option(input, "whether a boundary follows", Boundary::read)?,
            },
            7 => {
                // Version, number, length, salt and path of the leaf.
                let max = BIASES_BYTES_MAX + 2 + 1 + 4 + 4 * 32;
                Self::Biases(JobLeaf::decode(input.bytes_u16("bytes of the biases", max)?)?)
            }
            found => {
                let what = "the kind of operand";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        })
    }
}

impl Leaves {
    fn write(&self, out: &mut Writer) {
        out.length_u16(self.leaves.len());
        self.leaves.iter().for_each(|leaf| write_leaf(out, &leaf.salt, &leaf.bytes));
        write_hashes(out, &self.beside);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            leaves: input.list_u16("leaves", OPENED_MAX, read_leaf)?,
            beside: read_hashes(input, "hashes of a proof", PROOF_MAX)?,
        })
    }
}

impl Boundary {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.residual);
        out.bytes(&self.kv);
        write_hashes(out, &self.path);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            residual: input.array("the residual's root")?,
            kv: input.array("the rows' root")?,
            path: read_hashes(input, "levels of a path", PROOF_MAX)?,
        })
    }
}

fn write_leaf(out: &mut Writer, salt: &Digest, bytes: &[u8]) {
    out.bytes(salt);
    out.length_u16(bytes.len());
    out.bytes(bytes);
}

fn read_leaf(input: &mut Reader<'_>) -> Result<Leaf, WireError> {
    let salt = input.array("a leaf's salt")?;
    let bytes = input.bytes_u16("bytes of a leaf", OUTPUT_BYTES_MAX)?.to_vec();
    Ok(Leaf { salt, bytes })
}

fn write_hashes(out: &mut Writer, hashes: &[Digest]) {
    out.length_u16(hashes.len());
    hashes.iter().for_each(|hash| out.bytes(hash));
}

fn read_hashes(
    input: &mut Reader<'_>,
    what: &'static str,
    max: usize,
) -> Result<Vec<Digest>, WireError> {
    input.list_u16(what, max, |input| input.array(what))
}

fn write_option<T>(out: &mut Writer, value: Option<&T>, write: impl Fn(&mut Writer, &T)) {
    out.u8(u8::from(value.is_some()));
    if let Some(value) = value {
        write(out, value);
    }
}

fn read_option<'a, T>(
    input: &mut Reader<'a>,
    what: &'static str,
    read: impl Fn(&mut Reader<'a>) -> Result<T, WireError>,
) -> Result<Option<T>, WireError> {
    match input.u8(what)? {
        0 => Ok(None),
        1 => read(input).map(Some),
        found => Err(WireError::Unknown { what, found: found.into() }),
    }
}
