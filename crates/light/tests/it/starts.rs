//! A bundle checked from a later start than the genesis, starts that are kept, and what is none.

use chain::records::{NodeId, ParameterNumber, ParameterValues, Seat, Seats};
use chain::{Certificate, Genesis, Header, Height, NetworkKind, Stamp, View, vote};
use light::{
    Bounds, BundleError, Freshness, Known, Link, LinkError, Start, StartError, next_start_words,
    start_ms_most, unbond_least, verify_bundle, verify_bundle_words,
};
use receipt::{NetworkBundle, SecretKey};
use verify::NotEstablished;

use crate::network_case::{NOW, bundle, genesis, group_genesis, seats};

const DAY_MS: u64 = 86_400_000;

fn later() -> Vec<SecretKey> {
    (20..24).map(|seed| SecretKey::from_seed([seed; 32])).collect()
}

fn record(keys: &[SecretKey]) -> Seats {
    Seats(keys.iter().map(|key| Seat { node: NodeId([3; 32]), key: key.public() }).collect())
}

fn link(header: Header, by: &[SecretKey], next: Option<&[SecretKey]>) -> Link {
    let network = genesis().network();
    let header = Header { seats: record(next.unwrap_or(by)).digest(network), ..header };
    let hash = header.hash(network);
    let votes = by.iter().take(3).map(|key| vote(network, key, View(2), &hash));
    let certificate = Certificate::Quorum { view: View(2), signatures: (0..).zip(votes).collect() };
    Link { header, certificate, seats: next.map(|keys| record(keys).into()) }
}

/// The seats change at height 50 of a network whose bundle ends at 77.
fn changed() -> (NetworkBundle, Vec<Link>) {
    let made = bundle(10);
    let last = Link::decode(&made.place().links[0]).unwrap().header;
    let change = Header { height: Height(50), stamp: Stamp(NOW - 30_000), ..last };
    let links = vec![link(change, &seats(), Some(&later())), link(last, &later(), None)];
    (with(&made, &links), links)
}

fn with(made: &NetworkBundle, links: &[Link]) -> NetworkBundle {
    let mut place = made.place().clone();
    place.links = links.iter().map(Link::encode).collect();
    NetworkBundle::new(made.file().clone(), place).unwrap()
}

/// What a client has that followed some links.
fn start(links: &[Link]) -> Start {
    let mut known = Known::of(&genesis());
    links.iter().for_each(|link| known.follow(link).unwrap());
    known.kept().unwrap()
}

fn verified(
    start: Option<&Start>,
    bundle: &NetworkBundle,
    now: u64,
) -> Result<light::Anchored, BundleError> {
    let at = (Stamp(now), Bounds::default());
    verify_bundle(&genesis(), start, bundle.to_json().as_bytes(), at, &[])
}

#[test]
fn what_lies_before_a_start_is_passed_over() {
    let (whole, links) = changed();
    let of_genesis = verified(None, &whole, NOW).unwrap();
    let first = start(&links[..1]);
    let of_start = verified(Some(&first), &whole, NOW).unwrap();
    assert_eq!(of_start.header, of_genesis.header);
    assert_eq!((of_genesis.start.0, of_start.start.0), (Height(0), Height(50)));
    assert_eq!(of_start.kept, of_genesis.kept);
    let kept = of_start.kept.unwrap();
    assert_eq!(kept, start(&links));
    let of_kept = verified(Some(&kept), &whole, NOW).unwrap();
    assert_eq!(of_kept.kept, Some(kept));
    let short = with(&whole, &links[1..]);
    assert!(verified(Some(&first), &short, NOW).is_ok(), "a bundle may begin at a start");
    let refused = verified(None, &short, NOW).unwrap_err();
    assert!(matches!(refused, BundleError::Begins { at: 0, .. }), "{refused:?}");
    assert_eq!(refused.why(), Some("start"));
}

#[test]
fn a_start_that_is_later_than_the_bundle_judges_nothing() {
    let (whole, links) = changed();
    let beyond = Header { height: Height(80), ..links[1].header };
    let after = start(&[&links[..], &[link(beyond, &later(), None)]].concat());
    let refused = verified(Some(&after), &whole, NOW).unwrap_err();
    assert_eq!(refused, BundleError::Behind { height: 77, start: 80 });
    let beside = Header { state_root: [1; 32], ..links[1].header };
    let other = start(&[links[0].clone(), link(beside, &later(), None)]);
    let refused = verified(Some(&other), &whole, NOW).unwrap_err();
    assert_eq!(refused, BundleError::Two { height: 77 });
    assert_eq!(refused.why(), Some("start"));
    let none = verified(Some(&other), &with(&whole, &[]), NOW).unwrap_err();
    assert_eq!(none, BundleError::NoLinks);
}

#[test]
fn former_seats_write_no_history_of_now() {
    // Ten days after the change those who had the first seats certify whatever they like, of today.
    let (whole, links) = changed();
    let now = NOW + 11 * DAY_MS;
    let stamped = Header { stamp: Stamp(now), ..links[1].header };
    let forged = with(&whole, &[link(stamped, &seats(), None)]);
    let taken = verified(None, &forged, now).unwrap();
    assert_eq!((taken.freshness, taken.start_freshness), (Freshness::Fresh, Freshness::Old));
    let not = &taken.report.not_established;
    assert!(not.contains(&NotEstablished::History) && !not.contains(&NotEstablished::Still));
    assert!(NotEstablished::History.text().contains("bring a later start"));
    assert_eq!(taken.kept, None, "what was not established to be of now is no start");
    let later = start(&links[..1]);
    let refused = verified(Some(&later), &forged, now).unwrap_err();
    assert!(matches!(refused, BundleError::Begins { .. }), "{refused:?}");
}

/// The bound of a genesis that names this parameter, or does not.
fn most_of(kind: NetworkKind, unbond_least: Option<u128>) -> u64 {
    let rows = unbond_least.map(|value| (ParameterNumber(14), value));
    let parameters = ParameterValues(rows.into_iter().collect());
    start_ms_most(&Genesis { kind, parameters, ..genesis() })
}

#[test]
fn a_start_is_never_older_than_what_stake_answers_for() {
    let days = 14 * DAY_MS;
    let (seats, group) = (NetworkKind::Simulation, group_genesis().kind);
    assert_eq!(most_of(seats, None), days - days / 9 - 1);
    assert_eq!(most_of(group, None), days - days / 9 - days / 4 - 1);
    // Parts of milliseconds are nobody's: a ninth goes upwards, and a term downwards.
    assert_eq!(most_of(seats, Some(1_000_000)), 888_887);
    assert_eq!(most_of(group, Some(1_000_003)), 638_890);
    assert_eq!(most_of(group, Some(1)), 0);
    assert_eq!(most_of(group, Some(0)), 0);
    assert_eq!(most_of(seats, Some(u128::MAX)), u64::MAX - u64::MAX.div_ceil(9) - 1);
    let (whole, links) = changed();
    let first = start(&links[..1]);
    let most = start_ms_most(&genesis());
    let of = |age| {
        let at = (Stamp(NOW - 30_000 + age), Bounds { header_ms: u64::MAX, start_ms: u64::MAX });
        verify_bundle(&genesis(), Some(&first), whole.to_json().as_bytes(), at, &[]).unwrap()
    };
    assert_eq!(of(most).start_freshness, Freshness::Fresh);
    let old = of(most + 1);
    assert_eq!((old.start_freshness, old.kept), (Freshness::Old, None), "whatever is asked for");
}

/// What this crate knows of the parameters without the ledger is what the page says.
#[test]
fn the_defaults_are_those_of_the_page() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/economics.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("| 14 | `unbond_least` | milliseconds | 1209600000 |"));
    assert_eq!(unbond_least(&genesis()), 1_209_600_000);
}

#[test]
fn old_headers_are_not_kept_either() {
    let (whole, links) = changed();
    let first = start(&links[..1]);
    let old = verified(Some(&first), &whole, NOW + 2 * DAY_MS).unwrap();
    assert_eq!((old.freshness, old.start_freshness), (Freshness::Old, Freshness::Fresh));
    assert_eq!(old.kept, None);
    let not = &old.report.not_established;
    assert!(not.contains(&NotEstablished::Still) && !not.contains(&NotEstablished::History));
    let early = verified(Some(&first), &whole, NOW - DAY_MS).unwrap();
    assert_eq!((early.freshness, early.start_freshness), (Freshness::Ahead, Freshness::Ahead));
    let bounds = Bounds { header_ms: 500, start_ms: 600 };
    let known = Known::since(&genesis(), &first).unwrap();
    let stamp = NOW - 30_000;
    let fresh = |now| {
        let now = Stamp(now);
        [known.freshness(now, bounds.header_ms), known.start_freshness(now, bounds.start_ms)]
    };
    assert_eq!(fresh(stamp + 501), [Freshness::Old, Freshness::Fresh]);
    assert_eq!(fresh(stamp + 600), [Freshness::Old, Freshness::Fresh]);
    assert_eq!(fresh(stamp + 601), [Freshness::Old, Freshness::Old]);
}

#[test]
fn rules_that_nobody_here_knows_are_refused() {
    let (whole, links) = changed();
    for protocol in [0, 2, 257] {
        let header = Header { protocol, ..links[1].header };
        let of_others = [links[0].clone(), link(header, &later(), None)];
        let refused = verified(None, &with(&whole, &of_others), NOW).unwrap_err();
        let why = LinkError::Rules { found: protocol };
        assert_eq!(refused, BundleError::Link { at: 1, why });
        assert_eq!(refused.why(), Some("unsupported"));
        assert!(refused.to_string().contains("take a newer release"), "{refused}");
        let network = genesis().network();
        let none = Start::new(network, of_others[1].header, record(&later()));
        assert_eq!(none, Err(StartError::Rules { found: protocol }));
    }
}

#[test]
fn a_start_has_one_string_of_bytes() {
    let (_, links) = changed();
    let start = start(&links);
    let bytes = start.encode();
    assert_eq!(Start::decode(&bytes).as_ref(), Ok(&start));
    assert!((0..bytes.len()).all(|cut| Start::decode(&bytes[..cut]).is_err()));
    assert!(Start::decode(&[&bytes[..], &[0]].concat()).is_err());
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut altered = bytes.clone();
            altered[at] ^= 1 << bit;
            if let Ok(other) = Start::decode(&altered) {
                assert_eq!(other.encode(), altered, "a second spelling");
                assert_ne!(other, start);
            }
        }
    }
    assert_eq!(Start::decode(b"probity start v3"), Err(StartError::Magic));
    let others = Start::new(genesis().network(), *start.header(), record(&seats()));
    assert_eq!(others, Err(StartError::Seats));
    let mut other = genesis();
    other.stamp = Stamp(1);
    assert!(matches!(Known::since(&other, &start), Err(StartError::Network { .. })));
}

#[test]
fn words_take_a_start_and_give_the_next_one() {
    let (whole, links) = changed();
    let (genesis, text) = (genesis().encode(), whole.to_json());
    let first = start(&links[..1]).encode();
    let at = (NOW, Bounds::default());
    let report = |start: Option<&[u8]>, text: &str| {
        let words = verify_bundle_words((&genesis, start), text.as_bytes(), at, ["signature"]);
        serde_json::from_str::<serde_json::Value>(&words.unwrap()).unwrap()
    };
    let placed = report(Some(&first), &text);
    assert_eq!(
        (&placed["anchor"]["start_height"], &placed["verdict"]),
        (&50.into(), &"verified".into())
    );
    assert_eq!(placed["anchor"]["start_fresh"], "fresh");
    let short = with(&whole, &links[1..]).to_json();
    let needs = report(None, &short);
    assert_eq!((&needs["verdict"], &needs["why"]), (&"cannot_judge".into(), &"start".into()));
    let next =
        |start, text: &str| next_start_words((&genesis, start), text.as_bytes(), at).unwrap();
    assert_eq!(next(Some(&first), &text), Some(start(&links).encode()));
    assert_eq!(next(None, &short), None);
    let none = verify_bundle_words((&genesis, Some(&first[1..])), text.as_bytes(), at, []);
    assert!(none.unwrap_err().to_string().contains("no start"));
}
