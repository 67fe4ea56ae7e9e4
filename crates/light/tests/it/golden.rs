//! Bundles of networks in `spec/golden`, which the oracle made: later releases read them, from each start.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chain::{Certificate, CertificateError, Genesis, Height, Stamp};
use light::{Bounds, BundleError, Freshness, Link, LinkError, Start, verify_bundle};
use receipt::{NetworkBundle, Place};
use serde_json::Value;
use verify::{Kind, Verdict};

fn file(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/golden");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

/// A network's genesis, a start before the last link and the one behind it, and its bundle.
struct Golden {
    genesis: Genesis,
    starts: [Vec<u8>; 2],
    bundle: Vec<u8>,
}

impl Golden {
    fn of(name: &str) -> Self {
        let origin: Value = serde_json::from_slice(&file(&format!("{name}.origin.json"))).unwrap();
        let bytes = |member: &str| STANDARD.decode(origin[member].as_str().unwrap()).unwrap();
        let genesis = Genesis::decode(&bytes("genesis")).unwrap();
        let starts = ["start", "next_start"].map(bytes);
        Self { genesis, starts, bundle: file(&format!("{name}.bundle.json")) }
    }

    fn verified(
        &self,
        start: Option<&[u8]>,
        bundle: &[u8],
    ) -> Result<light::Anchored, BundleError> {
        let start = start.map(|bytes| Start::decode(bytes).unwrap());
        let at = (Stamp(self.genesis.stamp.0 + 80_000), Bounds::default());
        verify_bundle(&self.genesis, start.as_ref(), bundle, at, &[Kind::Signature])
    }

    /// From the genesis and both starts: their heights.
    fn is_read_from(&self, heights: [u64; 3]) {
        let [start, next] = &self.starts;
        for (start, height) in [None, Some(&start[..]), Some(&next[..])].into_iter().zip(heights) {
            let taken = self.verified(start, &self.bundle).unwrap();
            assert_eq!(taken.report.verdict, Verdict::Verified);
            assert_eq!((taken.start.0, taken.header.height), (Height(height), Height(heights[2])));
            let both = (taken.freshness, taken.start_freshness);
            assert_eq!(both, (Freshness::Fresh, Freshness::Fresh));
            assert_eq!((taken.anchor.size, taken.bundle.place().index), (21, 13));
            assert_eq!(taken.kept.unwrap().encode(), *next);
            assert_eq!(taken.bundle.to_json().into_bytes(), self.bundle);
        }
    }

    /// Why the bundle with other links is not taken.
    fn refused(&self, start: Option<&[u8]>, change: impl Fn(&mut Vec<Link>)) -> BundleError {
        let bundle = NetworkBundle::parse(&self.bundle, self.genesis.network()).unwrap();
        let decoded = bundle.place().links.iter().map(|link| Link::decode(link).unwrap());
        let mut links = decoded.collect();
        change(&mut links);
        let links = links.iter().map(Link::encode).collect();
        let place = Place { links, ..bundle.place().clone() };
        let bundle = NetworkBundle::new(bundle.file().clone(), place).unwrap();
        self.verified(start, bundle.to_json().as_bytes()).unwrap_err()
    }
}

#[test]
fn the_golden_bundle_is_read_from_every_start() {
    Golden::of("network").is_read_from([0, 40, 77]);
}

/// From the genesis over the block with which the group's key changed, to one that the next key certified.
#[test]
fn the_golden_bundle_of_a_group_is_read_over_the_change_of_its_key() {
    let golden = Golden::of("group");
    golden.is_read_from([0, 5, 7]);
    let next = Start::decode(&golden.starts[1]).unwrap();
    assert_ne!(golden.genesis.certifiers(), *next.seats());
}

#[test]
fn a_forged_change_of_a_groups_key_is_refused() {
    let golden = Golden::of("group");
    let refused = BundleError::Link { at: 0, why: LinkError::Seats };
    let forged = file("group_forged.bundle.json");
    assert_eq!(golden.verified(None, &forged), Err(refused.clone()), "a key that no header names");
    let unknown = |found: &BundleError| {
        matches!(found, BundleError::Begins { why: CertificateError::Group, .. })
    };
    let [changed, _] = &golden.starts;
    let over = golden.verified(Some(changed), &forged).unwrap_err();
    assert!(unknown(&over), "behind the change its key is nobody's");
    assert_eq!(golden.refused(None, |links| links[0].seats = None), refused, "hidden");
    let without = golden.refused(None, |links| drop(links.remove(0)));
    assert!(unknown(&without), "the next key's word is none before the change");
    let by_the_next = golden.refused(None, |links| {
        let (Certificate::Group(next), Certificate::Group(word)) =
            (links[1].certificate.clone(), &mut links[0].certificate)
        else {
            unreachable!("a group certifies")
        };
        *word = next;
    });
    assert!(unknown(&by_the_next), "the next key can't say that it is one");
    let by_the_old = golden.refused(None, |links| {
        links[1].certificate = links[0].certificate.clone();
    });
    let not_the_groups = LinkError::Certificate(CertificateError::Group);
    assert_eq!(by_the_old, BundleError::Link { at: 1, why: not_the_groups });
}
