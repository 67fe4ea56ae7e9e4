//! Kinds 10 to 12: programs and packages.

use chain::records::{PROGRAM_BYTES_MAX, Package, PackageSlot, ProgramSlot};
use chain::{Amount, Authentic, Time};
use commit::Network;
use ledger::tx::{Action, PackageWithdraw, PublishPackage, PublishProgram};
use ledger::{Rejection, referee_model};
use package::{About, File, Manifest, Part, PartKind, Shards, UnitsBuilder, sign};
use program::ops::Add;
use program::tiny::Shape;
use program::{Checked, Group, Layer, Op, Template, Value};

use crate::rejections::Case;
use crate::world::{FEE_MAX, World, public, secret};

pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::ProgramThere, |world| {
        world.take(1, &program());
        world.signed(2, &program())
    }),
    (Rejection::ProgramForm, |world| world.signed(1, &altered_program())),
    (Rejection::PackageThere, |world| {
        publish(world);
        world.signed(2, &package(9, world.network()))
    }),
    (Rejection::PackageSignature, |world| {
        world.take(1, &program());
        world.signed(1, &package(9, Network::OFFLINE))
    }),
    (Rejection::ProgramAbsent, |world| world.signed(1, &package(9, world.network()))),
    (Rejection::PackageParts, |world| {
        world.take(1, &program());
        let short = with_parts(|parts| parts[1].as_mut().unwrap().length -= 2);
        world.signed(1, &published(short, 9, world.network()))
    }),
    (Rejection::PackageAbsent, |world| {
        publish(world);
        withdraw(world, 2)
    }),
    (Rejection::Withdrawn, |world| {
        publish(world);
        let withdrawn = withdraw(world, 1);
        world.block(1, &[withdrawn]);
        withdraw(world, 1)
    }),
];

fn checked() -> Checked {
    Checked::new(Shape::default().program()).unwrap()
}

pub(crate) fn program() -> Action {
    Action::Program(PublishProgram { program: checked().encode() })
}

fn altered_program() -> Action {
    let mut program = checked().encode();
    program[6] = 0xff;
    Action::Program(PublishProgram { program })
}

fn file(name: &str) -> File {
    let mut shards = Shards::new();
    shards.update(&Shape::default().weights());
    File { name: name.into(), hashes: shards.finish() }
}

fn units(checked: &Checked) -> Vec<u8> {
    let weights = Shape::default().weights();
    let mut units = UnitsBuilder::new(checked);
    for tensor in &checked.program().tensors {
        let start = usize::try_from(tensor.location.offset).unwrap();
        let length = usize::try_from(tensor.bytes()).unwrap();
        units.add(tensor, &weights[start..start + length]).unwrap();
    }
    units.finish().unwrap().encode()
}

/// A manifest of a tiny model, changed a little.
fn with_parts(change: impl Fn(&mut [Option<Part>; 8])) -> Manifest {
    let checked = checked();
    let mut parts = PartKind::ALL.map(|part| match part {
        PartKind::Program => Part::of(&checked.encode()),
        PartKind::Units => Part::of(&units(&checked)),
        PartKind::Tokenizer | PartKind::TokenBytes | PartKind::Defaults => Part::of(b"some bytes"),
        PartKind::Template | PartKind::Card | PartKind::Quality => None,
    });
    change(&mut parts);
    Manifest::new(About::default(), parts, vec![file("model.gguf")]).unwrap()
}

pub(crate) fn manifest() -> Manifest {
    with_parts(|_| ())
}

pub(crate) fn published(manifest: Manifest, publisher: u8, network: Network) -> Action {
    let signature = sign(manifest.id(), &secret(publisher), network).signature();
    let publisher = public(publisher);
    Action::Package(Box::new(PublishPackage { manifest, publisher, signature }))
}

fn package(publisher: u8, network: Network) -> Action {
    published(manifest(), publisher, network)
}

/// The tiny model, by the accounts 1 and 9.
pub(crate) fn publish(world: &mut World) {
    world.take(1, &program());
    world.take(1, &package(1, world.network()));
    world.take(1, &package(9, world.network()));
}

pub(crate) fn withdraw(world: &World, name: u8) -> Authentic {
    let model = manifest().id().0;
    world.signed(name, &Action::PackageWithdraw(PackageWithdraw { model }))
}

fn slot(publisher: u8) -> PackageSlot {
    PackageSlot { model: manifest().id().0, publisher: public(publisher) }
}

fn part(bytes: &[u8]) -> chain::records::Part {
    chain::records::Part { hash: blake3::hash(bytes).into(), bytes: bytes.len() as u64 }
}

#[test]
fn a_package_stands_with_what_a_referee_needs() {
    let mut world = World::new();
    publish(&mut world);
    let checked = checked();
    let digest = checked.digest().into();
    let wanted = Package {
        published: Time(2),
        withdrawn: None,
        program: digest,
        units: part(&units(&checked)),
        files: vec![part(&Shape::default().weights())],
    };
    assert_eq!(world.record(&slot(1)), Some(wanted.clone()));
    assert_eq!(world.record(&slot(9)), Some(Package { published: Time(3), ..wanted }));
    let kept = world.record(&ProgramSlot(digest)).unwrap();
    assert_eq!(kept.0, checked.encode());
    let kept = Checked::decode(&kept.0).unwrap();
    let package = world.record(&slot(9)).unwrap();
    assert!(referee_model(&kept, slot(9).model, &package).is_some());
}

#[test]
fn who_withdraws_a_package_takes_it_from_nobody() {
    let mut world = World::new();
    publish(&mut world);
    world.block(1, &[withdraw(&world, 1)]);
    assert_eq!(world.record(&slot(1)).unwrap().withdrawn, Some(Time(4)));
    assert_eq!(world.record(&slot(9)).unwrap().withdrawn, None);
}

#[test]
fn parts_that_the_program_does_not_read_are_refused() {
    let mut world = World::new();
    world.take(1, &program());
    let refused = |manifest: Manifest| {
        world.rejection(&world.signed(1, &published(manifest, 9, world.network())))
    };
    let length = |at: usize, by: u64| with_parts(|parts| parts[at].as_mut().unwrap().length += by);
    assert_eq!(refused(length(0, 1)), Some(Rejection::PackageParts), "the program's length");
    assert_eq!(refused(length(1, 2)), Some(Rejection::PackageParts), "the units' length");
    let mut shards = Shards::new();
    shards.update(&Shape::default().weights()[1..]);
    let short = File { name: "model.gguf".into(), hashes: shards.finish() };
    let parts = PartKind::ALL.map(|part| manifest().part(part));
    let short = Manifest::new(About::default(), parts, vec![short]).unwrap();
    assert_eq!(refused(short), Some(Rejection::PackageParts), "the file's length");
    assert_eq!(refused(manifest()), None);
}

/// What is charged: a program's bytes as transaction, as state, and as work.
#[test]
fn a_program_is_paid_for_by_its_bytes() {
    let mut world = World::new();
    let before = world.account(1).balance;
    world.take(1, &program());
    let bytes = checked().encode().len() as u128;
    let fee = 10 * (128 + 4 + bytes) + 100 * (60 + 3_000 + bytes / 16) + 1_000 * (33 + 4 + bytes);
    assert_eq!(world.account(1).balance.plus(Amount(fee)), Some(before));
}

/// Two thousand bytes can say a hundred thousand ops: who checks them all is asked for much.
#[test]
fn a_program_of_very_many_ops_is_refused() {
    let world = World::new();
    let refused = |layers: usize| {
        let mut program = Shape::default().program();
        let adds = (0..120).map(|at| Op::Add(Add { a: Value(at), b: Value(at) })).collect();
        let template = Template { ops: adds, output: Value(120) };
        program.groups.push(Group { template, layers: vec![Layer::default(); layers] });
        let program = Checked::new(program).unwrap().encode();
        assert!(program.len() < 3_000);
        world.rejection(&world.signed(1, &Action::Program(PublishProgram { program })))
    };
    assert_eq!(refused(130), None);
    assert_eq!(refused(137), Some(Rejection::ProgramForm));
}

#[test]
fn programs_and_manifests_beyond_their_limits_are_no_bodies() {
    let world = World::new();
    let long = Action::Program(PublishProgram { program: vec![0; PROGRAM_BYTES_MAX + 1] });
    assert_eq!(world.rejection(&world.signed(1, &long)), Some(Rejection::Body));
    let full = Action::Program(PublishProgram { program: vec![0; PROGRAM_BYTES_MAX] });
    let full = world.signed_as(1, 0, FEE_MAX, &full);
    assert_eq!(world.rejection(&full), Some(Rejection::ProgramForm));
    let mut files: Vec<_> =
        (0..1_200).map(|at| file(&format!("{at}-{}", "a".repeat(20)))).collect();
    let parts = PartKind::ALL.map(|part| manifest().part(part));
    let many = |files| Manifest::new(About::default(), parts, files).unwrap();
    let refused = |manifest: Manifest| {
        world.rejection(&world.signed(1, &published(manifest, 9, world.network())))
    };
    assert_eq!(refused(many(files.clone())), Some(Rejection::Body));
    files.truncate(900);
    assert_eq!(refused(many(files)), Some(Rejection::ProgramAbsent));
}
