//! Bundles of a network: what is established from a genesis, from a start that was kept, and when neither is enough.

use std::fs;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use chain::records::{
    Anchor, AnchorSlot, NodeId, ParameterValues, Record as _, Seat, Seats, Slot as _,
};
use chain::state::{Changes, Entry, State};
use chain::{
    Amount, Certificate, Epoch, Genesis, Header, Height, NetworkKind, Stamp, Time, View, vote,
};
use commit::{Network, Salts};
use light::{Link, Start};
use receipt::log::{Log, LogLeaf};
use receipt::{
    Envelope, NetworkBundle, Place, PublicKey, ReceiptFile, SecretKey, SignedHead, TokenVector,
    Which,
};

use crate::receipts::{Given, given};
use crate::world::Done;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

fn seats() -> Vec<SecretKey> {
    (1..5).map(|seed| SecretKey::from_seed([seed; 32])).collect()
}

fn genesis(age_ms: u64) -> Genesis {
    let seat = |key: &SecretKey| Seat { node: NodeId([3; 32]), key: key.public() };
    Genesis {
        kind: NetworkKind::Simulation,
        stamp: Stamp(now_ms() - age_ms),
        parameters: ParameterValues::default(),
        seats: Seats(seats().iter().map(seat).collect()),
        accounts: Vec::new(),
        treasury: Amount::ZERO,
        nodes: Vec::new(),
    }
}

/// The answer that was given, signed for a network.
fn of_network(given: &Given, network: Network) -> ReceiptFile {
    let file = ReceiptFile::parse(&fs::read(&given.receipt).unwrap(), Network::OFFLINE).unwrap();
    let (mut receipt, opening) = (file.receipt().clone(), file.opening().unwrap().clone());
    let salts = Salts { network, blind: opening.blind };
    let tokens = &opening.outputs[0].tokens;
    let vector = TokenVector::over(salts, Which::Output { choice: 0 }, tokens);
    let mut head = receipt.choices[0].segments[0].head;
    (head.count, head.root) = (vector.count(), vector.root());
    head.job = opening.job.commitment(&salts);
    receipt.job = head.job;
    receipt.choices[0].segments[0] = SignedHead::sign(head, &given.secret(), network);
    let envelope = Envelope::seal(&receipt, &given.secret(), network).unwrap();
    ReceiptFile::new(envelope, Some(opening), None, network).unwrap()
}

/// A network of one anchored log, and the answer in it.
struct Followed<'a> {
    given: &'a Given,
    genesis: Genesis,
    bundle: NetworkBundle,
    header: Header,
    files: [String; 2],
}

impl<'a> Followed<'a> {
    /// Of such ages.
    fn new(given: &'a Given, genesis_ms: u64, header_ms: u64) -> Self {
        let genesis = genesis(genesis_ms);
        let network = genesis.network();
        let file = of_network(given, network);
        let receipt = file.receipt().id(network);
        let leaf = LogLeaf { receipt, channel: [8; 32], from: 1, to: 2 };
        let mut log = Log::default();
        log.append(&leaf);
        let anchor = Anchor {
            size: 1,
            root: log.root(),
            epoch: Epoch(2),
            time: Time(HOUR_MS),
            earlier: Vec::new(),
        };
        let slot = AnchorSlot(file.receipt().worker);
        let empty = State::empty(network);
        let entry = Entry { key: slot.key().into(), value: anchor.encode().into() };
        let changes: Changes = [(empty.place(&slot.key()), Some(Arc::new(entry)))].into();
        let state = empty.updated(&changes);
        let header = Header {
            protocol: 1,
            height: Height(77),
            parent: [1; 32],
            stamp: Stamp(now_ms() - header_ms),
            time: Time(2 * HOUR_MS),
            epoch: Epoch(2),
            proposer: PublicKey::NONE,
            beacon: [2; 32],
            transactions: 0,
            transactions_root: [0; 32],
            state_root: state.root(),
            seats: genesis.seats.digest(network),
        };
        let place = Place {
            leaf,
            index: 0,
            proof: Vec::new(),
            anchor: anchor.encode(),
            anchor_proof: state.prove(&state.place(&slot.key())).encode(),
            links: vec![link(network, header, &seats())],
        };
        let bundle = NetworkBundle::new(file, place).unwrap();
        let world = &given.world;
        let files = [
            world.file("genesis.bin", &genesis.encode()),
            world.file("b.json", bundle.to_json().as_bytes()),
        ];
        Self { given, genesis, bundle, header, files }
    }

    fn verify(&self, options: &[&str]) -> Done {
        let [genesis, bundle] = &self.files;
        let run = ["verify", bundle, "--model", &self.given.model, "--network", genesis];
        self.given.world.run(&[&run[..], options].concat())
    }

    /// A start with the seats of the genesis.
    fn start(&self, height: u64) -> String {
        let (network, header) = (self.genesis.network(), self.header);
        let header = Header { height: Height(height), ..header };
        let start = Start::new(network, header, self.genesis.seats.clone()).unwrap();
        self.given.world.file("other.bin", &start.encode())
    }
}

fn link(network: Network, header: Header, by: &[SecretKey]) -> Vec<u8> {
    let hash = header.hash(network);
    let votes = by.iter().take(3).map(|key| vote(network, key, View(0), &hash));
    let certificate = Certificate::Quorum { view: View(0), signatures: (0..).zip(votes).collect() };
    Link { header, certificate, seats: None }.encode()
}

fn said(done: &Done, code: i32, words: &[&str]) {
    assert_eq!(done.code, Some(code), "{done:?}");
    for words in words {
        assert!(done.out.contains(words) || done.err.contains(words), "{words:?}: {done:?}");
    }
}

#[test]
fn a_network_is_followed_from_its_genesis_and_then_from_what_was_kept() {
    let given = given(&[]);
    let followed = Followed::new(&given, 3 * DAY_MS, HOUR_MS / 2);
    let kept = given.world.path("start.bin");
    let kept = kept.to_str().unwrap();
    let done = followed.verify(&["--keep-start", kept]);
    let words = [
        ": VERIFIED\n",
        "replay holds",
        "  log     number 1 of 1, anchored in epoch 2\n",
        "  network block 77, stamped 30 minutes ago; followed from its genesis, stamped 3 days ago\n",
        "  now     established, on the word of the network's quorum\n",
        "not established: that the answer is true, ",
        "that the network's quorum kept to its rules",
        "the start at block 77, for --start the next time",
    ];
    said(&done, 0, &words);
    let again = followed.verify(&["--start", kept, "--keep-start", kept, "--verbose"]);
    said(&again, 0, &[": VERIFIED\n", "followed from block 77, stamped 30 minutes ago\n"]);
    let report = followed.verify(&["--start", kept, "--json"]).json();
    assert_eq!(
        (&report["anchor"]["start_height"], &report["anchor"]["fresh"]),
        (&77.into(), &"fresh".into())
    );
    let signature = followed.verify(&["--evidence", "signature"]);
    said(&signature, 0, &["VERIFIED (signature only, not replayed)"]);
}

#[test]
fn an_old_genesis_and_an_old_header_are_told_and_not_kept() {
    let given = given(&[]);
    let kept = given.world.path("start.bin");
    let keep = ["--evidence", "signature", "--keep-start", kept.to_str().unwrap()];
    let followed = Followed::new(&given, 11 * DAY_MS, HOUR_MS);
    let words = ["NOT established that this is the network's own history", "bring a later start"];
    said(&followed.verify(&keep), 0, &words);
    said(&followed.verify(&keep), 0, &["no start kept"]);
    assert!(!kept.exists(), "what is not established is no start");
    let longer = followed.verify(&[&keep[..], &["--start-days", "12"]].concat());
    said(&longer, 0, &["now     established"]);
    fs::remove_file(&kept).unwrap();
    let followed = Followed::new(&given, 3 * DAY_MS, 2 * DAY_MS);
    let words = ["NOT established that the network says so still", "ask for a newer bundle"];
    said(&followed.verify(&keep), 0, &words);
    assert!(!kept.exists());
    let longer = followed.verify(&["--evidence", "signature", "--header-days", "3"]);
    said(&longer, 0, &["now     established"]);
}

#[test]
fn what_begins_elsewhere_accuses_nobody_and_what_is_false_is_refuted() {
    let given = given(&[]);
    let followed = Followed::new(&given, DAY_MS, HOUR_MS);
    let quick =
        |options: &[&str]| followed.verify(&[&["--evidence", "signature"], options].concat());
    let behind = quick(&["--start", &followed.start(80)]);
    let words =
        ["CAN'T BE JUDGED", "ends at height 77, and the start that is given is of height 80"];
    said(&behind, 2, &words);
    let with = |change: fn(&mut Place, Network, Header)| {
        let mut place = followed.bundle.place().clone();
        change(&mut place, followed.genesis.network(), followed.header);
        let bundle = NetworkBundle::new(followed.bundle.file().clone(), place).unwrap();
        fs::write(&followed.files[1], bundle.to_json()).unwrap();
    };
    with(|place, network, header| {
        let others: Vec<SecretKey> = (9..13).map(|seed| SecretKey::from_seed([seed; 32])).collect();
        place.links = vec![link(network, header, &others)];
    });
    said(&quick(&[]), 2, &["CAN'T BE JUDGED", "may begin at a later start", "bring that one"]);
    let json = quick(&["--json"]);
    assert!(json.out.contains("\"why\":\"start\""), "{json:?}");
    with(|place, network, header| {
        place.links = vec![link(network, Header { protocol: 2, ..header }, &seats())];
    });
    said(&quick(&[]), 2, &["CAN'T BE JUDGED", "version 2 of the rules", "take a newer release"]);
    with(|place, _, _| place.leaf.to += 1);
    said(&quick(&[]), 1, &["REFUTED", "does not lead from the receipt's leaf 0"]);
}

#[test]
fn what_is_missing_or_wrong_names_the_way_out() {
    let given = given(&[]);
    let followed = Followed::new(&given, DAY_MS, HOUR_MS);
    let [genesis, bundle] = &followed.files;
    let alone = given.world.run(&["verify", bundle]);
    said(&alone, 2, &["CAN'T BE JUDGED", "name the network's genesis file with --network"]);
    let plain = given.receipt.to_str().unwrap();
    let none = given.world.run(&["verify", plain, "--network", genesis]);
    said(&none, 2, &["CAN'T BE JUDGED", "no bundle of a network: leave --network out"]);
    let wrong = given.world.run(&["verify", bundle, "--network", plain]);
    said(&wrong, 2, &["is no genesis of a network", "whoever runs the network publishes"]);
    let wrong = followed.verify(&["--start", plain]);
    said(&wrong, 2, &["is no start of this network", "--keep-start FILE", "leave --start out"]);
    let start = followed.start(80);
    let other = Followed::new(&given, DAY_MS + HOUR_MS, HOUR_MS);
    said(&other.verify(&["--start", &start]), 2, &["it is of the network"]);
    let lonely = given.world.run(&["verify", plain, "--start", &start]);
    said(&lonely, 2, &["--network"]);
    let help = given.world.run(&["verify", "--help"]).ok();
    let words = help.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("Keep a start each time") && words.contains("--keep-start"), "{words}");
}
