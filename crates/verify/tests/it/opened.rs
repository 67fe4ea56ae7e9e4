//! Every way in which an opening and a receipt can disagree.

use receipt::{
    AuditConsent, Job, JobFields, Messages, Opening, Receipt, Rendered, Renderer, Signature, Stop,
};
use verify::{Refutation, opened};

use crate::world::{NETWORK, fields, opening, receipt_of, requester, salts, worker};

/// Makes a receipt say something else.
type Spoil = fn(&mut Receipt);

fn found(receipt: &Receipt, opening: &Opening) -> String {
    match opened(receipt, opening, NETWORK) {
        Ok(()) => "holds".into(),
        Err(refutation) => refutation.to_string(),
    }
}

fn honest() -> (Receipt, Opening) {
    let opening = opening();
    (receipt_of(&opening, Stop::Length), opening)
}

#[test]
fn an_honest_receipt_holds() {
    let (receipt, opening) = honest();
    assert_eq!(found(&receipt, &opening), "holds");
    assert!(receipt.heads_hold(NETWORK));
    assert_eq!(Receipt::decode(&receipt.encode()), Ok(receipt));
}

#[test]
fn any_change_of_the_opening_refutes() {
    let (receipt, opening) = honest();
    let change = |change: fn(&mut JobFields)| {
        let mut fields = fields();
        change(&mut fields);
        Opening { job: Job::new(fields).unwrap(), ..opening.clone() }
    };
    let changes: [fn(&mut JobFields); 9] = [
        |job| job.prompt[1] += 1,
        |job| job.prompt.push(1),
        |job| job.nonce[0] ^= 1,
        |job| job.choices += 1,
        |job| job.stop.tokens_max += 1,
        |job| job.stop.tokens.push(90),
        |job| job.stop.strings[0].push('x'),
        |job| job.terms.beacon_height += 1,
        |job| job.rendered = Rendered::Worker(Messages::Shown(b"{\"text\":\"ho\"}".to_vec())),
    ];
    for changed in changes.map(change) {
        let text = found(&receipt, &changed);
        assert!(text.contains("its job is committed to as"), "{text}");
    }
    let mut blind = opening.clone();
    blind.blind.0[31] ^= 1;
    assert!(found(&receipt, &blind).contains("its job is committed to as"));
    let mut token = opening.clone();
    token.outputs[1].tokens[30] += 1;
    assert!(found(&receipt, &token).contains("its output is committed to as"));
    let mut shorter = opening.clone();
    shorter.outputs[0].tokens.pop();
    assert!(found(&receipt, &shorter).contains("tokens of an output 40 claimed, 39 found"));
    let mut longer = opening.clone();
    longer.outputs[0].tokens.push(1);
    assert!(found(&receipt, &longer).contains("tokens of an output 40 claimed, 41 found"));
    let mut fewer = opening;
    fewer.outputs.pop();
    assert!(found(&receipt, &fewer).contains("number of answers"));
}

#[test]
fn a_receipt_that_says_other_things_than_its_job_is_refuted() {
    let (receipt, opening) = honest();
    let changes: [(&str, Spoil); 5] = [
        ("model", |receipt| receipt.model[0] ^= 1),
        ("arithmetic version", |receipt| receipt.arithmetic += 1),
        ("sampling version", |receipt| receipt.sampling += 1),
        ("audit consent", |receipt| receipt.consent = AuditConsent::Open.number()),
        ("tokens of the prompt", |receipt| receipt.usage.prompt += 1),
    ];
    for (what, change) in changes {
        let mut changed = receipt.clone();
        change(&mut changed);
        let text = found(&changed, &opening);
        assert!(text.contains(what), "{what}: {text}");
    }
}

#[test]
fn an_inflated_count_does_not_even_decode() {
    let (mut receipt, _) = honest();
    receipt.usage.output += 1;
    assert!(Receipt::decode(&receipt.encode()).is_err());
}

#[test]
fn a_cancellation_needs_the_requester_and_few_tokens_after_it() {
    let opening = opening();
    let job = opening.job.commitment(&salts());
    let stopped = |secret: &receipt::SecretKey, count| {
        let mut receipt = receipt_of(&opening, Stop::Length);
        for choice in &mut receipt.choices {
            choice.stop = Stop::cancelled(secret, NETWORK, &job, choice.index, count);
        }
        found(&receipt, &opening)
    };
    assert_eq!(stopped(&requester(), 40), "holds");
    assert_eq!(stopped(&requester(), 25), "holds");
    assert!(stopped(&requester(), 24).contains("16 tokens before the end"), "choice 1 has 41");
    assert!(stopped(&requester(), 41).contains("for more tokens than were delivered"));
    assert!(stopped(&worker(), 40).contains("not signed by the job's requester"));
    let mut receipt = receipt_of(&opening, Stop::Length);
    receipt.choices[0].stop = Stop::Cancelled { count: 40, signature: Signature::NONE };
    assert!(found(&receipt, &opening).contains("not signed"));
}

#[test]
fn a_renderer_must_have_signed() {
    let of = |secret: &receipt::SecretKey, claimed: Option<receipt::PublicKey>| {
        let mut fields = fields();
        let messages = Messages::Shown(b"{\"text\":\"hi\"}".to_vec());
        let prompt = Job::new(fields.clone()).unwrap().prompt_leaf(&salts());
        let mut rendered = Rendered::signed(&salts(), Renderer::Gateway, secret, &prompt, messages);
        if let (Rendered::Before { key, .. }, Some(claimed)) = (&mut rendered, claimed) {
            *key = claimed;
        }
        fields.rendered = rendered;
        let opening = Opening { job: Job::new(fields).unwrap(), ..opening() };
        (receipt_of(&opening, Stop::Length), opening)
    };
    let (receipt, opening) = of(&requester(), None);
    assert_eq!(found(&receipt, &opening), "holds");
    let (receipt, opening) = of(&requester(), Some(worker().public()));
    assert_eq!(opened(&receipt, &opening, NETWORK), Err(Refutation::Rendering));
}
