//! The seed of a job and the noise of each choice (`spec/sampling.md` section 8).
//!
//! Pure functions of what was asked: no clock, no random numbers of the machine.

use super::parameters::{Parameters, VOCABULARY_MAX, exceeds};

/// Before choice and position.
const NOISE_DOMAIN: &[u8; 16] = b"probity noise v1";
/// Context of the seed's key derivation.
const SEED_DOMAIN: &str = "probity seed v1";

/// Why there is no seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedRefused {
    /// A vocabulary outside 1 to 2^20.
    #[error("a vocabulary of {0} tokens: it has 1 to {VOCABULARY_MAX}")]
    Vocabulary(usize),
    /// A token of the prompt that the model does not have.
    #[error("token {0} in the prompt, which the model does not have")]
    PromptToken(u32),
    /// A biased token that the model does not have.
    #[error("bias of token {0}, which the model does not have: leave it out")]
    BiasToken(u32),
    /// A prompt whose length does not fit its field.
    #[error("a prompt of {0} tokens")]
    PromptLength(usize),
}

/// The 64 bits of noise of one position of one choice.
#[must_use]
pub fn noise(seed: &[u8; 32], choice: u32, position: u64) -> u64 {
    let mut message = [0; 28];
    message[..16].copy_from_slice(NOISE_DOMAIN);
    message[16..20].copy_from_slice(&choice.to_le_bytes());
    message[20..].copy_from_slice(&position.to_le_bytes());
    let hash = blake3::keyed_hash(seed, &message);
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// The seed of a job.
///
/// # Errors
/// [`SeedRefused`] where a token is none of the model's.
pub fn seed(
    nonce: &[u8; 32],
    model: &[u8; 32],
    vocabulary: usize,
    prompt: &[u32],
    parameters: &Parameters,
) -> Result<[u8; 32], SeedRefused> {
    if vocabulary == 0 || vocabulary > VOCABULARY_MAX as usize {
        return Err(SeedRefused::Vocabulary(vocabulary));
    }
    if let Some(token) = prompt.iter().copied().find(|token| exceeds(*token, vocabulary)) {
        return Err(SeedRefused::PromptToken(token));
    }
    if let Some(token) = parameters.greatest_bias().filter(|t| exceeds(*t, vocabulary)) {
        return Err(SeedRefused::BiasToken(token));
    }
    let length =
        u32::try_from(prompt.len()).map_err(|_| SeedRefused::PromptLength(prompt.len()))?;
    let mut hasher = blake3::Hasher::new_derive_key(SEED_DOMAIN);
    hasher.update(nonce);
    hasher.update(model);
    hasher.update(&length.to_le_bytes());
    for token in prompt {
        hasher.update(&token.to_le_bytes());
    }
    hasher.update(&parameters.encode());
    Ok(*hasher.finalize().as_bytes())
}
