//! A block's bytes are read as the block, its transactions' as they are, and the bodies of those that were taken as what
//! they ask for.
//!
//! Would catch: something that can be made but not sent, bytes with two readings, a body that is taken though it has
//! another spelling.

use chain::{Block, Header, Transaction};
use ledger::tx::Action;

use super::{Seen, Step, holds};

pub(crate) fn check(step: &Step<'_>) -> Seen {
    let bytes = step.subject.encode(step.block);
    let read = Block::decode(step.after.network(), &bytes);
    let read = read.map_err(|error| format!("a block's bytes are no block: {error}"))?;
    holds(read == *step.block, || "a block's bytes are another block".to_owned())?;
    let header = Header::decode(&step.block.header.encode());
    holds(header.as_ref() == Ok(&step.block.header), || format!("a header is read as {header:?}"))?;
    for transaction in &step.block.transactions {
        let read = Transaction::decode(&transaction.encode());
        holds(read.as_ref() == Ok(transaction), || format!("a transaction is read as {read:?}"))?;
        let action = Action::decode(transaction.kind, &transaction.body);
        let action = action.map_err(|why| format!("a body was taken that is none: {why}"))?;
        holds(action.encode() == transaction.body, || {
            format!("a body of kind {} has two spellings", transaction.kind.0)
        })?;
        holds(action.kind() == transaction.kind, || "a body is of another kind".to_owned())?;
    }
    Ok(())
}
