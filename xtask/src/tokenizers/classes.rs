//! The class of every character, in Unicode 16 as our regular expressions have it and in llama.cpp's tables.

use regex::Regex;

use super::peer::Peer;
use crate::Outcome;

/// Bit by bit, as `xtask/peer/tokens.cpp` has them.
const CLASSES: [&str; 6] = [r"\p{N}", r"\p{L}", r"\p{M}", r"\p{P}", r"\p{S}", r"\s"];
const CHARACTERS: u32 = 0x11_0000;

/// Which characters both sides class alike.
#[derive(Debug)]
pub(super) struct Classes {
    alike: Vec<bool>,
}

/// Asks both sides for all of them.
pub(super) fn both(peer: &Peer) -> Outcome<Classes> {
    let theirs = peer.classes()?;
    let ours = ours();
    if theirs.len() != ours.len() {
        return Err(format!("llama.cpp has {} characters, we {}", theirs.len(), ours.len()));
    }
    Ok(Classes { alike: ours.iter().zip(&theirs).map(|(our, their)| our == their).collect() })
}

fn ours() -> Vec<u8> {
    let expressions = CLASSES.map(|class| Regex::new(class).expect("the classes are well formed"));
    let mut bytes = [0; 4];
    let mut class = |number| {
        let Some(character) = char::from_u32(number) else { return 0 };
        let text = character.encode_utf8(&mut bytes);
        expressions.iter().rev().fold(0, |bits, one| bits << 1 | u8::from(one.is_match(text)))
    };
    (0..CHARACTERS).map(&mut class).collect()
}

impl Classes {
    /// Whether it is of one class on both sides.
    pub(super) fn alike(&self, character: char) -> bool {
        let index = usize::try_from(u32::from(character)).expect("usize has at least 32 bits");
        self.alike[index]
    }

    /// What there is to say of them.
    pub(super) fn line(&self) -> String {
        let count = self.alike.iter().filter(|alike| !**alike).count();
        let first = self.alike.iter().position(|alike| !alike);
        let first = first.map(|at| format!(", the first U+{at:04X}")).unwrap_or_default();
        format!(
            "{count} characters are of another class in llama.cpp's tables than in Unicode 16{first}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_their_classes() {
        let ours = ours();
        let bits =
            [('7', 1), ('a', 2), ('\u{301}', 4), ('!', 8), ('+', 16), ('\u{3000}', 32), ('\0', 0)];
        for (character, bit) in bits {
            assert_eq!(ours[character as usize], bit, "{character:?}");
        }
    }
}
