//! Refused feeds leave everything as it was.

use canon::KernelSet;
use engine::{Feed, FeedError, Wanted};
use program::tiny::Shape;

use crate::equality::Model;

#[test]
fn feeds_that_make_no_sense_are_refused() {
    let shape = Shape::default();
    let mut engine = Model::new(&shape).engine(KernelSet::best(), 1);
    let mut sequence = engine.sequence();
    let mut try_feed = |tokens: &[u32]| {
        let feed =
            Feed { sequence: &mut sequence, tokens, wanted: Wanted::Last, boundaries: false };
        engine.forward(&mut [feed]).map(|outcomes| outcomes[0].logits.len())
    };
    let vocabulary = shape.vocabulary;
    let refused = try_feed(&[0, vocabulary]);
    assert_eq!(refused, Err(FeedError::Token { token: vocabulary, vocabulary }));
    let context_max = usize::try_from(shape.context_max).unwrap();
    let refused = try_feed(&vec![0; context_max + 1]);
    assert_eq!(refused, Err(FeedError::Context { length: context_max + 1, context_max }));
    assert_eq!(try_feed(&[]), Ok(0));
    assert_eq!(try_feed(&[1, 2, 3]), Ok(1));
}
