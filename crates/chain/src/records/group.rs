//! Whose one key certifies blocks, and whose will.
//!
//! Never stands in a simulation, where the seats certify with keys of their own. Its hash is what headers name, so whoever
//! follows a network is told of every change, be it only of the next key.

use commit::{Digest, Network, Reader, WireError, Writer};

use super::{Record, Slot, Tag};
use crate::domains::GROUP;
use crate::group_key::GroupKey;
use crate::values::{Height, Time};

/// Where the group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSlot;

/// The group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// What certifies the blocks after the one that began it.
    pub key: GroupKey,
    /// The block with which it became the key.
    pub from: Height,
    /// That block's time.
    pub since: Time,
    /// Until when no stake leaves, as a key before was in use for too long.
    pub held: Time,
    /// What becomes the key.
    pub next: Option<NextGroup>,
}

/// A key that is to be the group's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextGroup {
    /// Which.
    pub key: GroupKey,
    /// The block with which it becomes the key.
    pub at: Height,
}

impl Group {
    /// What a network begins with.
    #[must_use]
    pub fn first(key: GroupKey) -> Self {
        Self { key, from: Height(0), since: Time(0), held: Time(0), next: None }
    }

    /// What a header says of it.
    #[must_use]
    pub fn digest(&self, network: Network) -> Digest {
        GROUP.hash(network, &[&self.encode()])
    }
}

impl Slot for GroupSlot {
    type Record = Group;

    fn key(&self) -> Vec<u8> {
        Tag::Group.key(&[])
    }
}

impl Record for Group {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.key.0);
        [self.from.0, self.since.0, self.held.0].into_iter().for_each(|number| out.u64(number));
        let (next, at) = self.next.map_or((GroupKey::NONE, 0), |next| (next.key, next.at.0));
        out.bytes(&next.0);
        out.u64(at);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut group = Self {
            key: GroupKey(input.array("a group's key")?),
            from: Height(input.u64("since which block a group certifies")?),
            since: Time(input.u64("since when a group certifies")?),
            held: Time(input.u64("until when no stake leaves")?),
            next: None,
        };
        let key = GroupKey(input.array("a group's next key")?);
        let at = Height(input.u64("from which block on it certifies")?);
        if key != GroupKey::NONE {
            group.next = Some(NextGroup { key, at });
        }
        if key == GroupKey::NONE && at != Height(0) || group.key == GroupKey::NONE {
            let reason = "it has no key, or a height without a next one";
            return Err(WireError::Value { what: "a group", reason });
        }
        Ok(group)
    }
}
