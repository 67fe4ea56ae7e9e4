//! Whether an opening is what a receipt commits to, and whether the two say the same.
//!
//! Needs no model. Never looks at what the tokens are.

use commit::{Network, Salts};
use receipt::limits::AFTER_CANCEL_MAX;
use receipt::{Choice, Opening, Output, Receipt, Stop, TokenVector, Which};

use crate::refutation::{Hex, Refutation};

/// Checks an opening against a receipt whose signatures hold.
///
/// # Errors
/// The first [`Refutation`].
pub fn opened(receipt: &Receipt, opening: &Opening, network: Network) -> Result<(), Refutation> {
    let salts = Salts { network, blind: opening.blind };
    same("job", receipt.job, opening.job.commitment(&salts))?;
    said_twice(receipt, opening)?;
    if !opening.job.rendering_holds(&salts) {
        return Err(Refutation::Rendering);
    }
    let prompt = count(opening.job.fields().prompt.len());
    if receipt.usage.prompt != prompt {
        let claimed = receipt.usage.prompt;
        return Err(Refutation::Usage { what: "tokens of the prompt", claimed, found: prompt });
    }
    if receipt.choices.len() != opening.outputs.len() {
        return Err(Refutation::Job { what: "number of answers" });
    }
    for (choice, output) in receipt.choices.iter().zip(&opening.outputs) {
        opened_choice(receipt, choice, output, opening, &salts)?;
    }
    Ok(())
}

/// What the receipt repeats of the job.
fn said_twice(receipt: &Receipt, opening: &Opening) -> Result<(), Refutation> {
    let terms = &opening.job.fields().terms;
    let pairs = [
        ("kind", receipt.kind == terms.kind),
        ("model", receipt.model == terms.model),
        ("arithmetic version", receipt.arithmetic == terms.arithmetic),
        ("sampling version", receipt.sampling == terms.sampling),
        ("audit consent", receipt.consent == terms.consent.number()),
    ];
    match pairs.into_iter().find(|(_, same)| !same) {
        Some((what, _)) => Err(Refutation::Job { what }),
        None => Ok(()),
    }
}

fn opened_choice(
    receipt: &Receipt,
    choice: &Choice,
    output: &Output,
    opening: &Opening,
    salts: &Salts,
) -> Result<(), Refutation> {
    if choice.index != output.choice || choice.index >= opening.job.fields().choices {
        return Err(Refutation::Job { what: "choice" });
    }
    let mut vector = TokenVector::new(*salts, Which::Output { choice: choice.index });
    let mut tokens = output.tokens.iter();
    for segment in &choice.segments {
        let missing = segment.head.count - vector.count();
        for _ in 0..missing {
            let claimed = choice.count();
            let found = count(output.tokens.len());
            let token = tokens.next().ok_or(Refutation::Usage {
                what: "tokens of an output",
                claimed,
                found,
            })?;
            vector.push(*token);
        }
        same("output", segment.head.root, vector.root())?;
    }
    if tokens.next().is_some() {
        let (claimed, found) = (choice.count(), count(output.tokens.len()));
        return Err(Refutation::Usage { what: "tokens of an output", claimed, found });
    }
    cancelled(receipt, choice, opening, salts.network)
}

/// A cancellation is the requester's, and not much came after it.
fn cancelled(
    receipt: &Receipt,
    choice: &Choice,
    opening: &Opening,
    network: Network,
) -> Result<(), Refutation> {
    let Stop::Cancelled { count, .. } = choice.stop else { return Ok(()) };
    let refuted = |reason| Err(Refutation::Cancellation { choice: choice.index, reason });
    let requester = opening.job.fields().terms.requester;
    if !choice.stop.is_signed(&requester, network, &receipt.job, choice.index) {
        return refuted("is not signed by the job's requester");
    }
    if choice.count() < count {
        return refuted("is for more tokens than were delivered");
    }
    if choice.count() - count > AFTER_CANCEL_MAX {
        return refuted("came more than 16 tokens before the end");
    }
    Ok(())
}

fn same(
    what: &'static str,
    committed: commit::Digest,
    shown: commit::Digest,
) -> Result<(), Refutation> {
    if committed == shown {
        return Ok(());
    }
    Err(Refutation::Opening { what, committed: Hex(committed), shown: Hex(shown) })
}

fn count(length: usize) -> u32 {
    u32::try_from(length).expect("openings have at most 2^16 tokens")
}
