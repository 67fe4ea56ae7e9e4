//! Places of models that are not in the store.

use std::fs;
use std::path::Path;

use store::{Blake3, Collected, ModelRef, PLACES_MAX};

use crate::world::World;

const ONE: Blake3 = Blake3::from_bytes([1; 32]);
const TWO: Blake3 = Blake3::from_bytes([2; 32]);

#[test]
fn a_place_is_known_while_something_is_there() {
    let world = World::new(None, None);
    let (store, folder) = (world.store(), tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name);
    assert!(store.places().of(ONE).unwrap().is_empty());
    for name in ["b.gguf", "a.gguf"] {
        fs::write(path(name), name).unwrap();
        store.places().keep(ONE, &path(name)).unwrap();
    }
    assert_eq!(store.places().of(ONE).unwrap(), [path("a.gguf"), path("b.gguf")]);
    store.places().keep(TWO, &path("b.gguf")).unwrap();
    assert_eq!(store.places().of(ONE).unwrap(), [path("a.gguf")], "a path is one model's");
    assert_eq!(store.gc().unwrap(), Collected::default());
    fs::remove_file(path("a.gguf")).unwrap();
    assert!(store.places().of(ONE).unwrap().is_empty());
    assert_eq!(store.gc().unwrap().places, 1);
    assert_eq!(store.places().of(TWO).unwrap(), [path("b.gguf")]);
    store.remove(&ModelRef::Path(path("b.gguf"))).unwrap();
    assert!(store.places().of(TWO).unwrap().is_empty() && path("b.gguf").exists());
}

#[test]
fn what_is_no_place_is_none_and_there_are_not_too_many() {
    let world = World::new(None, None);
    let (store, home) = (world.store(), world.home.path());
    store.places().keep(ONE, home).unwrap();
    let [file] = &world.files("places")[..] else { panic!("one place") };
    let whole = fs::read(file).unwrap();
    for wrong in [&b""[..], b"probity place v2\n", &whole[..80], &whole[1..]] {
        fs::write(file, wrong).unwrap();
        assert!(store.places().of(ONE).unwrap().is_empty(), "{wrong:?}");
    }
    assert_eq!(store.gc().unwrap().places, 1);
    for number in 0..PLACES_MAX {
        fs::write(home.join(format!("places/{number}")), "").unwrap();
    }
    store.places().keep(ONE, Path::new("/")).unwrap();
    assert_eq!(world.files("places").len(), PLACES_MAX);
}
