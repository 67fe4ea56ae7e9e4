//! Any bytes as a filing: decoded to what encodes to just these bytes, or refused; checked by a referee, and never a panic.
//!
//! The first byte chooses: the bytes are a filing, or an opening whose job and output a filing is made of, for no mutation
//! of signed bytes gets past a signature.
//!
//! Run: `cargo +nightly fuzz run dispute_filing -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use std::sync::LazyLock;

use commit::{Network, Salts};
use dispute::{Claim, Dispute, Filing, FilingError, Model, Part, Party};
use libfuzzer_sys::fuzz_target;
use program::tiny::Shape;
use program::{Checked, Role};
use receipt::{Head, Opening, PartialOpening, SecretKey, SignedHead, TokenVector, Which};

const NETWORK: Network = Network::OFFLINE;

static CHECKED: LazyLock<Checked> =
    LazyLock::new(|| Checked::new(shape().program()).expect("tiny programs are sound"));

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    match choice % 2 {
        0 => {
            let Ok(filing) = Filing::decode(bytes) else { return };
            assert_eq!(filing.encode(), bytes, "two encodings of one filing");
            // The model that the vectors are of.
            let _ = check(&filing, core::array::from_fn(|at| at as u8 + 100));
        }
        _ => {
            let Ok(opening) = Opening::decode(bytes) else { return };
            let Some(filing) = filed(&opening) else { return };
            assert_eq!(Filing::decode(&filing.encode()).as_ref(), Ok(&filing));
            let checked = check(&filing, opening.job.fields().terms.model);
            // Only leaf 0 can be of a kind that no dispute is about.
            let malformed = matches!(checked, Err(FilingError::Bytes { leaf: 1.., .. }));
            assert!(!malformed, "a leaf of a job: {checked:?}");
        }
    }
});

/// As `spec/oracle/dispute_cases.py` has it.
fn shape() -> Shape {
    Shape { context_max: 256, ..Shape::default() }
}

/// A referee looks at it, and opens what it takes.
fn check(filing: &Filing, id: [u8; 32]) -> Result<(), FilingError> {
    let tensors = CHECKED.program().tensors.iter().zip(0..);
    let units = tensors.map(|(tensor, at)| match CHECKED.role(program::TensorId(at)) {
        Role::Matrix => u64::from(tensor.rows),
        Role::Gain => 1,
        Role::Bias => 0,
    });
    let units = Part { hash: [0; 32], bytes: 2 * units.sum::<u64>() };
    let model = Model::new(&CHECKED, id, vec![Part::of(&shape().weights())], units);
    let model = model.expect("the parts are the program's");
    let checked = filing.check(&model, NETWORK);
    if let Err(error) = &checked {
        assert!(error.to_string().len() < 200, "a message is short");
    }
    let subject = checked?;
    assert!((1..=256).contains(&subject.positions));
    let dispute = Dispute::open(&model, subject, 1, 0);
    assert_eq!(dispute.turn(), Some(Party::Claimant));
    assert!(dispute.asked().is_some());
    Ok(())
}

/// A signed filing about the last token of an opening's first output.
fn filed(opening: &Opening) -> Option<Filing> {
    let output = opening.outputs.first()?;
    let salts = Salts { network: NETWORK, blind: opening.blind };
    let which = Which::Output { choice: output.choice };
    let count = u32::try_from(output.tokens.len()).ok()?;
    let head = Head {
        job: opening.job.commitment(&salts),
        choice: output.choice,
        start: 0,
        prior: [0; 32],
        count,
        root: TokenVector::over(salts, which, &output.tokens).root(),
    };
    let shown = PartialOpening::new(&salts, which, &output.tokens, count.checked_sub(1)?)?;
    Some(Filing {
        head: SignedHead::sign(head, &SecretKey::from_seed([1; 32]), NETWORK),
        terms: opening.job.show(&salts, 0)?,
        prompt: opening.job.show(&salts, 2)?,
        parameters: opening.job.show(&salts, 3)?,
        claim: Claim::Token(shown),
    })
}
