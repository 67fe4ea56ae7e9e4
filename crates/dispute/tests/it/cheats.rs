//! The liar loses, whoever it is.

use dispute::sides::{cheats::play, survey};
use std::collections::BTreeMap;

/// Games played by the normal run of tests.
const GAMES: u64 = 300;
/// Settings in which every tile is disputed.
const SURVEYED: [u64; 10] = [0, 3, 5, 6, 9, 12, 13, 17, 20, 196];

#[test]
fn the_liar_loses() {
    let mut told: BTreeMap<String, (u32, u32, usize)> = BTreeMap::new();
    let mut broken = Vec::new();
    for seed in 0..GAMES {
        match play(seed) {
            Ok(Some(game)) => {
                let lie = format!("{:?}: {}", game.liar, game.lie);
                let count = told.entry(lie).or_default();
                count.0 += 1;
                count.1 = count.1.max(game.played.moves);
                count.2 = count.2.max(game.played.bytes_max);
            }
            Ok(None) => {}
            Err(error) => broken.push(error.to_string()),
        }
    }
    for (lie, (games, moves, bytes)) in &told {
        println!("{lie}: {games} games, at most {moves} moves, {bytes} bytes");
    }
    assert!(
        broken.is_empty(),
        "{} games: {:#?}",
        broken.len(),
        broken.iter().take(20).collect::<Vec<_>>()
    );
}

/// Every tile of several models, true faults among them, is proved right within its bound of bytes.
#[test]
fn every_tile_can_be_proved() {
    let mut tiles = 0;
    for seed in SURVEYED {
        let found = survey(seed).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        println!("seed {seed}: {found:?}");
        tiles += found.tiles;
    }
    assert!(tiles > 2000, "{tiles}");
}
