//! Tiles of great models under the referee: their operands are made up, so that no weights are needed, and every one is
//! proved and executed to its end. `cargo xtask bench referee` takes their times.

use dispute::sides::invented;
use dispute::{Dispute, Fault, FaultKind, Model, Move, Party, Verdict, operands_bytes_max};
use program::Checked;
use program::tile::{At, Tile};
use program::tiny::Shape;
use program::tiny::sizes::{llama_8b, worst};

#[test]
fn tiles_of_an_8b_model_are_executed_to_their_end() {
    for (name, shape) in [("Q8_0", llama_8b()), ("F32, A16", worst(&llama_8b()))] {
        let checked = Checked::new(Shape { layers: 2, ..shape }.program()).unwrap();
        let mut tiles = 0;
        for position in [0, 1, 4_000, 8_190] {
            let at = At { position, token: 0 };
            for site in checked.sites() {
                for (number, stage) in (0..).zip(site.stages(at)) {
                    for index in [0, stage.tiles / 2, stage.tiles - 1] {
                        let what = format!("{name} {}: {} {index}", site.op.name(), stage.name);
                        let tile = Tile { stage: number, index };
                        let made = invented(&checked, site.index, at, tile).expect(&what);
                        let bound = operands_bytes_max(&site, at, tile).unwrap();
                        assert!(made.operands.len() as u64 <= bound, "{what}");
                        let model = Model::new(&checked, [1; 32], made.files, made.units).unwrap();
                        let mut referee =
                            Dispute::decode(&model, made.network, &made.state).unwrap();
                        let operands = Move::decode(&made.operands).unwrap();
                        assert_eq!(referee.take(Party::Challenger, &operands, 0), Ok(()), "{what}");
                        let Some(Verdict::ClaimantRefuted(Fault { kind, .. })) = referee.verdict()
                        else {
                            panic!("{what}: {:?}", referee.verdict())
                        };
                        let ends = matches!(kind, FaultKind::Output | FaultKind::ConcealedFault);
                        assert!(ends, "{what}: {kind:?}");
                        tiles += 1;
                    }
                }
            }
        }
        assert!(tiles > 300, "{tiles}");
    }
}
