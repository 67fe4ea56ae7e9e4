//! Kinds 13 to 15: a few names that many want, their terms, their owners, and labels of models.
//!
//! Never as many names as there are: they are to be fought for.

use chain::records::{Held, Label, Name, NameRecord, PackageSlot};
use ledger::tx::{Action, NameClaim, NameTransfer, SetLabel};

use super::Wish;
use crate::keys::{ACTORS, Key, actor, key_of};
use crate::random::Random;
use crate::scene::Scene;

/// Names that are wanted.
const NAMES: u64 = 10;
const LABELS: [&str; 6] = ["latest", "1.0", "1.1", "2", "q4", "small"];

pub(super) fn make(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let (there, anew) = (there(scene), random.once_in(3));
    let Some((name, record)) = random.choose(&there).filter(|_| !anew) else {
        return Some(claim(random));
    };
    let payer = owner(random, record)?;
    let action = match random.below(8) {
        0 => {
            let to = actor(random.index(ACTORS)).public;
            Action::NameTransfer(NameTransfer { name: *name, to })
        }
        1 | 2 => Action::NameClaim(NameClaim { name: *name }),
        3 => Action::NameTransfer(NameTransfer { name: wanted(random), to: payer.public }),
        _ => label(random, scene, (name, record)),
    };
    Some(Wish { payer, action })
}

fn there(scene: &Scene<'_>) -> Vec<(Name, NameRecord)> {
    let names = scene.held.iter().filter_map(|held| {
        if let Held::Name(slot, record) = held { Some((slot.0, *record)) } else { None }
    });
    names.collect()
}

fn owner(random: &mut Random, record: &NameRecord) -> Option<&'static Key> {
    match record.is_reserved() || random.once_in(8) {
        true => Some(actor(random.index(ACTORS))),
        false => key_of(&record.owner),
    }
}

pub(super) fn wanted(random: &mut Random) -> Name {
    Name::new(&format!("model-{}", random.below(NAMES))).expect("it is a name")
}

fn claim(random: &mut Random) -> Wish {
    let action = Action::NameClaim(NameClaim { name: wanted(random) });
    Wish { payer: actor(random.index(ACTORS)), action }
}

/// A label for a model that stands there, or for none.
fn label(random: &mut Random, scene: &Scene<'_>, (name, record): (&Name, &NameRecord)) -> Action {
    let packages: Vec<PackageSlot> = scene
        .held
        .iter()
        .filter_map(|held| if let Held::Package(slot, _) = held { Some(*slot) } else { None })
        .collect();
    let nowhere = PackageSlot { model: random.bytes(), publisher: actor(0).public };
    let PackageSlot { model, publisher } = match random.once_in(8) {
        true => nowhere,
        false => random.choose(&packages).copied().unwrap_or(nowhere),
    };
    let label = Label::new(random.pick::<&str>(&LABELS)).expect("it is a label");
    let tenure = if random.once_in(12) { random.next() } else { record.tenure };
    Action::Label(SetLabel { name: *name, tenure, label, model, publisher })
}
