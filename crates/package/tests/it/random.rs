//! Manifests and parts made from a seed: all that may differ does.

use canon::sample::{Micro, Parameters, Settings};
use package::{
    About, Defaults, File, FileHashes, Manifest, Part, PartKind, Quality, Redistributable,
    SpecialTokens, Token, TokenBytes, TokenType, Tokenizer, TokenizerKind,
};

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn small(&mut self, bound: u32) -> u32 {
        u32::try_from(self.below(bound.into())).unwrap()
    }

    fn size(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(u64::try_from(bound).unwrap())).unwrap()
    }

    fn chance(&mut self) -> bool {
        self.below(2) == 0
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    fn hash(&mut self) -> [u8; 32] {
        self.bytes(32).try_into().unwrap()
    }

    fn text(&mut self, least: usize, most: usize) -> String {
        let count = least + self.size(most - least + 1);
        (0..count).map(|_| ['a', 'Z', '9', 'é', '☃'][self.size(5)]).collect()
    }

    fn name(&mut self, index: usize) -> String {
        let letters: String =
            (0..self.size(40)).map(|_| ['a', 'B', '.', '_', '-'][self.size(5)]).collect();
        format!("{index}{letters}z")
    }
}

pub(crate) fn manifest(random: &mut Random) -> Manifest {
    let about = About {
        name: random.text(0, 40),
        licence: random.text(0, 20),
        redistributable: [Redistributable::Unknown, Redistributable::Yes, Redistributable::No]
            [random.size(3)],
    };
    let parts = PartKind::ALL.map(|part| {
        let there = part.required() || random.chance();
        let hash = random.hash();
        there.then(|| Part { hash, length: 1 + random.below(part.bytes_max()) })
    });
    let files = (0..1 + random.size(4)).map(|index| {
        let size = 1 + random.below(1 << 30);
        let blake3 = random.hash();
        let shards: Vec<_> = match size.div_ceil(package::limits::SHARD_BYTES) {
            1 => vec![blake3],
            count => (0..count).map(|_| random.hash()).collect(),
        };
        let hashes = FileHashes { size, blake3, sha256: random.hash(), shards };
        File { name: random.name(index), hashes }
    });
    Manifest::new(about, parts, files.collect()).unwrap()
}

pub(crate) fn tokenizer(random: &mut Random) -> Tokenizer {
    let count = 1 + random.small(60);
    let mut id = |there: bool| {
        let id = random.small(count);
        there.then_some(id)
    };
    let special = SpecialTokens {
        beginning: id(true),
        end: id(true),
        end_of_turn: id(false),
        end_of_message: id(count.is_multiple_of(2)),
        unknown: id(count.is_multiple_of(3)),
        padding: id(count.is_multiple_of(5)),
    };
    let kinds = [
        TokenType::Normal,
        TokenType::Unknown,
        TokenType::Control,
        TokenType::UserDefined,
        TokenType::Unused,
        TokenType::Byte,
    ];
    let token =
        |random: &mut Random| Token { kind: kinds[random.size(6)], text: random.text(1, 12) };
    let pre_tokenizer = random.text(0, 9);
    let (add_beginning, add_end) = (random.chance(), random.chance());
    let stop_tokens = (0..count).filter(|_| random.below(5) == 0).collect();
    let tokens = (0..count).map(|_| token(random)).collect();
    let merges =
        (0..random.small(30)).map(|_| (random.small(count), random.small(count))).collect();
    let kind = TokenizerKind::ByteLevel { pre_tokenizer, merges };
    Tokenizer { kind, add_beginning, add_end, special, stop_tokens, tokens }
}

/// The same of SentencePiece's kind: everything but what its kind says is the other's.
pub(crate) fn sentence_piece(random: &mut Random) -> Tokenizer {
    let other = tokenizer(random);
    let count = u32::try_from(other.tokens.len()).unwrap();
    let scores: Vec<u32> = (0..count).map(|_| random.small(40)).collect();
    let mut all = scores.clone();
    all.sort_unstable();
    all.dedup();
    let rank = |score| u32::try_from(all.binary_search(score).unwrap()).unwrap();
    let written = |kind: TokenType| kind.special() || kind == TokenType::UserDefined;
    let tokens = (0..count).zip(&other.tokens);
    let kind = TokenizerKind::SentencePiece {
        add_space: random.chance(),
        ranks: scores.iter().map(rank).collect(),
        stripping_tokens: tokens
            .filter(|(_, token)| written(token.kind) && random.chance())
            .map(|(id, _)| id)
            .collect(),
    };
    Tokenizer { kind, ..other }
}

pub(crate) fn token_bytes(random: &mut Random) -> TokenBytes {
    let tokens: Vec<(bool, Vec<u8>)> = (0..random.size(50))
        .map(|_| {
            let count = random.size(20);
            (random.chance(), random.bytes(count))
        })
        .collect();
    TokenBytes::new(tokens.iter().map(|(special, bytes)| (*special, bytes.as_slice()))).unwrap()
}

pub(crate) fn defaults(random: &mut Random) -> Defaults {
    let mut micro = |least: i64, most: i64| {
        let span = u64::try_from(most - least).unwrap();
        Micro::new(least + i64::try_from(random.below(span + 1)).unwrap())
    };
    let settings = Settings {
        temperature: micro(10_000, 100_000_000),
        top_p: micro(0, 1_000_000),
        min_p: micro(0, 1_000_000),
        repetition: micro(10_000, 100_000_000),
        presence: micro(-2_000_000, 2_000_000),
        frequency: micro(-2_000_000, 2_000_000),
        top_k: random.small(1 << 20),
        bias: Vec::new(),
        grammar: None,
    };
    Defaults::new(&Parameters::new(settings).unwrap(), random.small(1 << 16))
}

pub(crate) fn quality(random: &mut Random) -> Quality {
    Quality {
        kl_micro: random.small(u32::MAX),
        float_perplexity_milli: random.small(u32::MAX),
        perplexity_milli: random.small(u32::MAX),
        same_top_micro: random.small(1_000_001),
        tokens: random.small(u32::MAX),
        text: random.hash(),
        text_name: random.text(0, 30),
    }
}
