//! What is committed to without being shown: a leaf of a job, a token of a vector, and nothing else in their place.

use commit::{Blind, Network, Salts};
use receipt::{Job, JobLeaf, Messages, PartialOpening, Rendered, Renderer, TokenVector, Which};

use crate::generator::{self, Random};

#[test]
fn every_leaf_of_a_job_can_be_shown_alone() {
    for seed in 0..40 {
        let random = &mut Random::new(seed);
        let salts = random.salts();
        let job = generator::job(random, &salts);
        let (commitment, leaves) = (job.commitment(&salts), job.leaves(&salts));
        for (leaf, bytes) in (0..8).zip(&leaves) {
            let shown = job.show(&salts, leaf).unwrap();
            assert_eq!(&shown.bytes, bytes);
            let dated = (leaf == 0).then_some(job.fields().terms.beacon_height);
            assert_eq!(shown.beacon_height(), dated);
            assert!(shown.is_of(salts.network, &commitment));
            nothing_else_is_of(&shown, salts.network, &commitment);
        }
        assert_eq!(job.show(&salts, 8), None);
    }
}

fn nothing_else_is_of(shown: &JobLeaf, network: Network, commitment: &[u8; 32]) {
    let mut changed = vec![shown.clone(); 4];
    changed[0].bytes.push(0);
    changed[1].salt[31] ^= 1;
    changed[2].path[0][0] ^= 1;
    changed[3].path.swap(1, 2);
    if let Some(first) = shown.bytes.first() {
        let flipped = [&[first ^ 1], &shown.bytes[1..]].concat();
        changed.push(JobLeaf { bytes: flipped, ..shown.clone() });
        changed.push(JobLeaf { bytes: shown.bytes[1..].to_vec(), ..shown.clone() });
    }
    let elsewhere = (0..=255).filter(|leaf| *leaf != shown.leaf);
    changed.extend(elsewhere.map(|leaf| JobLeaf { leaf, ..shown.clone() }));
    for other in &changed {
        assert!(!other.is_of(network, commitment), "{other:?}");
    }
    assert!(!shown.is_of(Network([9; 32]), commitment), "another network");
    let mut other = *commitment;
    other[0] ^= 1;
    assert!(!shown.is_of(network, &other));
}

/// A leaf that has no bytes yet has none, though whoever made the commitment hashed some.
#[test]
fn a_reserved_leaf_with_bytes_is_of_no_job() {
    use commit::Domain;
    let random = &mut Random::new(5);
    let salts = random.salts();
    let sound = generator::job(random, &salts).show(&salts, 7).unwrap();
    let shown = JobLeaf { bytes: vec![1], ..sound };
    let hash =
        |domain: &'static str, pieces: &[&[u8]]| Domain::new(domain).hash(salts.network, pieces);
    let leaf = hash("probity job leaf v1", &[&shown.salt, &shown.bytes]);
    let node = |right: [u8; 32], left: &[u8; 32]| hash("probity job node v1", &[left, &right]);
    let commitment = shown.path.iter().fold(leaf, node);
    assert!(!shown.is_of(salts.network, &commitment));
    // The same bytes in the leaf before it are no matter of this leaf.
    assert!(JobLeaf::decode(&shown.encode()).is_err());
}

/// A field that is not in a commitment could be changed behind it.
#[test]
fn every_field_is_committed_to() {
    for seed in 0..30 {
        let random = &mut Random::new(seed);
        let salts = random.salts();
        let fields = generator::fields(random, &salts);
        let was = Job::new(fields.clone()).unwrap().commitment(&salts);
        let changes: [fn(&mut receipt::JobFields); 10] = [
            |job| job.terms.model[0] ^= 1,
            |job| job.terms.arithmetic ^= 1,
            |job| job.terms.sampling ^= 1,
            |job| job.terms.beacon_height ^= 1,
            |job| job.terms.requester.0[31] ^= 1,
            |job| job.nonce[0] ^= 1,
            |job| job.prompt[0] ^= 1,
            |job| job.choices = job.choices % 128 + 1,
            |job| job.stop.tokens_max = job.stop.tokens_max / 2 + 1,
            |job| job.stop.tokens.push(u32::MAX),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut fields = fields.clone();
            change(&mut fields);
            if let Ok(job) = Job::new(fields) {
                let same = job.fields().stop.tokens_max == 1 && at == 8;
                assert!(same || job.commitment(&salts) != was, "change {at}");
            }
        }
        let job = Job::new(fields).unwrap();
        let blind = Salts { blind: Blind(random.bytes()), ..salts };
        assert_ne!(job.commitment(&blind), was);
        assert_ne!(job.commitment(&Salts { network: Network([9; 32]), ..salts }), was);
    }
}

/// A longer limit continues the same text, so it has the same seed; whatever the distribution hangs on has another.
#[test]
fn the_seed_is_of_prompt_and_distribution_alone() {
    let random = &mut Random::new(12);
    let salts = random.salts();
    let fields = generator::fields(random, &salts);
    let seed = |change: fn(&mut receipt::JobFields)| {
        let mut fields = fields.clone();
        change(&mut fields);
        Job::new(fields).unwrap().seed()
    };
    let was = seed(|_| {});
    assert_eq!(was, seed(|job| job.stop.tokens_max = 77));
    assert_eq!(was, seed(|job| job.stop.tokens.clear()));
    assert_eq!(was, seed(|job| job.choices = 3));
    assert_eq!(was, seed(|job| job.rendered = Rendered::Nobody));
    assert_ne!(was, seed(|job| job.nonce[0] ^= 1));
    assert_ne!(was, seed(|job| job.terms.model[0] ^= 1));
    assert_ne!(was, seed(|job| job.prompt.push(0)));
}

#[test]
fn one_token_is_shown_and_no_other_in_its_place() {
    for count in [1_u32, 2, 3, 5, 8, 17, 33] {
        let random = &mut Random::new(count.into());
        let salts = random.salts();
        let tokens = random.tokens(count as usize);
        for which in [Which::Prompt, Which::Output { choice: 2 }] {
            let root = TokenVector::over(salts, which, &tokens).root();
            for position in 0..count {
                let shown = PartialOpening::new(&salts, which, &tokens, position).unwrap();
                assert_eq!(shown.root(salts.network), Some(root));
                no_other_token(&shown, &root, salts.network);
            }
            assert_eq!(PartialOpening::new(&salts, which, &tokens, count), None);
        }
    }
}

fn no_other_token(shown: &PartialOpening, root: &[u8; 32], network: Network) {
    let mut changed = vec![shown.clone(); 3];
    changed[0].token ^= 1;
    changed[1].salt[0] ^= 1;
    changed[2].path.push([0; 32]);
    if !shown.path.is_empty() {
        changed.push(PartialOpening { path: shown.path[1..].to_vec(), ..shown.clone() });
        let mut other = shown.clone();
        other.path[0][0] ^= 1;
        changed.push(other);
    }
    let elsewhere = (0..2 * shown.count).filter(|position| *position != shown.position);
    changed.extend(elsewhere.map(|position| PartialOpening { position, ..shown.clone() }));
    for other in &changed {
        assert_ne!(other.root(network).as_ref(), Some(root), "{other:?}");
    }
    assert_ne!(shown.root(Network([9; 32])).as_ref(), Some(root), "another network");
}

/// Prompt, outputs and positions have salts of their own: equal tokens don't show as equal hashes.
#[test]
fn equal_tokens_have_different_leaves() {
    let salts = Random::new(1).salts();
    let places = [Which::Prompt, Which::Output { choice: 0 }, Which::Output { choice: 1 }];
    let salt = |which: Which| (0..4).map(move |position| which.salt(&salts, position));
    let mut all: Vec<_> = places.into_iter().flat_map(salt).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 12);
}

/// The vector of the first n tokens is made of the first n leaves: no head needs a proof against a later one.
#[test]
fn shorter_vectors_are_prefixes() {
    let random = &mut Random::new(8);
    let (salts, tokens) = (random.salts(), random.tokens(70));
    let which = Which::Output { choice: 0 };
    let mut growing = TokenVector::new(salts, which);
    assert_eq!((growing.count(), growing.root()), (0, [0; 32]));
    for (count, token) in (1..).zip(&tokens) {
        growing.push(*token);
        let whole = TokenVector::over(salts, which, &tokens[..count]);
        assert_eq!((growing.count() as usize, growing.root()), (count, whole.root()));
        let mut other = tokens[..count].to_vec();
        other[count - 1] ^= 1;
        assert_ne!(TokenVector::over(salts, which, &other).root(), whole.root());
    }
}

#[test]
fn a_rendering_holds_for_its_prompt_and_messages_alone() {
    for by in [Renderer::Client, Renderer::Gateway] {
        let random = &mut Random::new(4);
        let (salts, secret) = (random.salts(), random.secret());
        let mut fields = generator::fields(random, &salts);
        fields.rendered = Rendered::Nobody;
        let prompt = Job::new(fields.clone()).unwrap().prompt_leaf(&salts);
        let messages = Messages::Shown(br#"{"messages":[]}"#.to_vec());
        fields.rendered = Rendered::signed(&salts, by, &secret, &prompt, messages.clone());
        let sound = Job::new(fields.clone()).unwrap();
        assert!(sound.rendering_holds(&salts));
        let hash = messages.commitment(&salts);
        let Rendered::Before { key, signature, .. } = fields.rendered else { unreachable!() };
        let with = |key, messages| Rendered::Before { by, key, signature, messages };
        let holds =
            |fields: &receipt::JobFields| Job::new(fields.clone()).unwrap().rendering_holds(&salts);
        // Hidden messages are the same ones.
        fields.rendered = with(key, Messages::Hidden(hash));
        assert!(holds(&fields));
        assert_eq!(Job::new(fields.clone()).unwrap().commitment(&salts), sound.commitment(&salts));
        let mut other = fields.clone();
        other.prompt[0] ^= 1;
        assert!(!holds(&other), "an injected system prompt");
        fields.rendered = with(key, Messages::Shown(b"{}".to_vec()));
        assert!(!holds(&fields), "other messages");
        fields.rendered = with(random.secret().public(), messages);
        assert!(!holds(&fields), "another's key");
    }
}
