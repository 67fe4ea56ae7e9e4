//! Bundles of a network: what is established from a genesis, from a start that was kept, and when neither is enough.

use std::fs;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use chain::records::{
    Anchor, AnchorSlot, NodeId, ParameterNumber, ParameterValues, Record as _, Seat, Seats,
    Slot as _,
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
        Self::of(given, genesis(genesis_ms), header_ms)
    }

    /// Of this genesis.
    fn of(given: &'a Given, genesis: Genesis, header_ms: u64) -> Self {
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
fn a_kept_start_replaces_a_start_alone() {
    let given = given(&[]);
    let followed = Followed::new(&given, DAY_MS, HOUR_MS);
    for file in &followed.files {
        let before = fs::read(file).unwrap();
        let refused = followed.verify(&["--evidence", "signature", "--keep-start", file]);
        said(&refused, 2, &["is no start of this network", "name another file"]);
        assert_eq!(fs::read(file).unwrap(), before);
    }
}

#[test]
fn an_old_genesis_and_an_old_header_are_told_and_not_kept() {
    let given = given(&[]);
    let kept = given.world.path("start.bin");
    let keep = ["--evidence", "signature", "--keep-start", kept.to_str().unwrap()];
    let followed = Followed::new(&given, 11 * DAY_MS, HOUR_MS);
    let words = ["NOT established that this is the network's own history", "bring a later start"];
    said(&followed.verify(&keep), 0, &words);
    said(&followed.verify(&keep), 0, &["no start kept", "if this history is the network's own ("]);
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
    let words = ["CAN'T BE JUDGED", "altered, or it begins at a later start", "bring that one"];
    said(&quick(&[]), 2, &words);
    let json = quick(&["--json"]);
    assert!(json.out.contains("\"why\":\"start\""), "{json:?}");
    with(|place, network, header| {
        place.links = vec![link(network, Header { protocol: 2, ..header }, &seats())];
    });
    said(&quick(&[]), 2, &["CAN'T BE JUDGED", "version 2 of the rules", "take a newer release"]);
    with(|place, _, _| place.leaf.to += 1);
    let words = ["REFUTED", "does not lead from the leaf 0", "channel or amounts"];
    said(&quick(&[]), 1, &words);
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
    let earlier = given.world.file("earlier.json", followed.bundle.to_json().as_bytes());
    let elsewhere = given.world.run(&["verify", &earlier, "--network", &other.files[0]]);
    let of = |followed: &Followed| commit::hex(&followed.genesis.network().0);
    let words = [
        &format!("CAN'T BE JUDGED\n  it was made for the network {}, ", of(&followed))[..],
        &format!("checked here for the network {}: name that network's genesis file", of(&other)),
    ];
    said(&elsewhere, 2, &words);
    let lonely = given.world.run(&["verify", plain, "--start", &start]);
    said(&lonely, 2, &["--network"]);
    let help = given.world.run(&["verify", "--help"]).ok();
    let words = help.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("Keep a start each time") && words.contains("--keep-start"), "{words}");
}

/// Milliseconds from a moment until now.
fn since(stamp_ms: u64) -> u64 {
    now_ms() - stamp_ms
}

#[test]
fn what_is_not_so_now_is_verified_as_of_then_and_refused_where_now_is_required() {
    let given = given(&[]);
    let kept = given.world.path("start.bin");
    let keep = ["--evidence", "signature", "--keep-start", kept.to_str().unwrap()];
    let required = [&keep[..], &["--require-fresh"]].concat();
    // The last hour of the day before a leap day, that day, and the first one of a year.
    for (stamp, day) in [
        (1_709_161_200_000, "2024-02-28"),
        (1_709_164_800_000, "2024-02-29"),
        (1_735_689_600_000, "2025-01-01"),
    ] {
        let followed = Followed::new(&given, DAY_MS, since(stamp));
        let verified = format!(": VERIFIED as of {day} (signature only, not replayed)\n");
        said(&followed.verify(&keep), 0, &[&verified, "no start kept"]);
        let words = ["CAN'T BE JUDGED", "says so still", "leave --require-fresh out"];
        said(&followed.verify(&required), 2, &words);
        assert!(!kept.exists());
    }
    let followed = Followed::new(&given, 11 * DAY_MS, HOUR_MS);
    let json = followed.verify(&[&required[..], &["--json"]].concat());
    said(&json, 2, &["\"cannot_judge\"", "\"why\":\"now\"", "\"start_fresh\":\"old\""]);
    let json = followed.verify(&[&keep[..], &["--json"]].concat());
    said(&json, 0, &["\"verified\"", "\"fresh\":\"fresh\"", "\"start_fresh\":\"old\""]);
    let two = [&followed.files[1]; 2].map(String::as_str);
    let genesis = ["--network", &followed.files[0], "--evidence", "signature"];
    let both = given.world.run(&[&["verify"], &two[..], &genesis].concat());
    said(&both, 0, &["VERIFIED as of ", "2 receipts: 2 verified"]);
    assert!(!both.out.contains("VERIFIED\n"), "never alone: {both:?}");
    let followed = Followed::new(&given, DAY_MS, HOUR_MS);
    said(&followed.verify(&required), 0, &[": VERIFIED (signature only", "the start at block 77"]);
    assert!(kept.exists(), "with both options 0 says that one was written");
    let lonely = given.world.run(&["verify", &followed.files[1], "--require-fresh"]);
    said(&lonely, 2, &["--network"]);
}

#[test]
fn no_start_is_older_than_what_stake_answers_for() {
    let given = given(&[]);
    let followed = Followed::new(&given, 2 * DAY_MS, HOUR_MS);
    let refused = followed.verify(&["--start-days", "14"]);
    let words =
        ["--start-days 14", "1209600000 ms (`unbond_least`", "can be asked for here are 12"];
    said(&refused, 2, &words);
    let quick = ["--evidence", "signature", "--start-days", "12"];
    said(&followed.verify(&quick), 0, &["now     established"]);
    // Where a genesis says less, so does the default.
    let mut short = genesis(2 * DAY_MS);
    short.parameters.0.insert(ParameterNumber(14), u128::from(DAY_MS + 4 * HOUR_MS));
    let short = Followed::of(&given, short, HOUR_MS);
    let refused = short.verify(&["--start-days", "2"]);
    said(
        &refused,
        2,
        &["100800000 ms (`unbond_least` of its genesis", "can be asked for here are 1"],
    );
    let quick = ["--evidence", "signature"];
    said(&short.verify(&quick), 0, &["NOT established that this is the network's own history"]);
}

#[test]
fn a_bundle_that_did_not_come_whole_is_told_to_be_that() {
    let given = given(&[]);
    let followed = Followed::new(&given, DAY_MS, HOUR_MS);
    let [genesis, bundle] = &followed.files;
    let text = followed.bundle.to_json();
    let half = text.len() / 2;
    for (bytes, words) in [
        (&text[..0], "CAN'T BE JUDGED\n  it is empty".to_owned()),
        (&text[..half], format!("CAN'T BE JUDGED\n  it ends early, after {half} bytes")),
    ] {
        fs::write(bundle, bytes).unwrap();
        said(&followed.verify(&[]), 2, &[&words]);
        said(&given.world.run(&["verify", bundle]), 2, &[&words]);
    }
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["place"]["leaf"] = "A".repeat(128).into();
    fs::write(bundle, json.to_string()).unwrap();
    let altered = given.world.run(&["verify", bundle, "--network", genesis]);
    let id = commit::hex(&followed.bundle.place().leaf.receipt);
    said(&altered, 1, &["REFUTED\n  the leaf is another receipt's", &id, &"0".repeat(64)]);
}

/// What README shows: the recorded bundle is as old as it is, and nothing is kept of it.
#[test]
fn the_recorded_bundle_is_verified_as_of_its_day() {
    let given = given(&[]);
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bindings/testdata");
    let [genesis, bundle] = ["genesis.bin", "network_bundle.json"].map(|it| format!("{data}/{it}"));
    let run = ["verify", &bundle, "--network", &genesis, "--evidence", "signature"];
    let words =
        [": VERIFIED as of 2023-11-14, if this history is the network's own (signature only"];
    said(&given.world.run(&run), 0, &words);
    let kept = given.world.path("start.bin");
    let keep = ["--keep-start", kept.to_str().unwrap(), "--require-fresh"];
    said(&given.world.run(&[&run[..], &keep].concat()), 2, &["CAN'T BE JUDGED", "no start kept"]);
}
