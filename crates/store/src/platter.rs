//! A disk for tests: it fails from a write on, and remembers what was durable.

use std::io;
use std::sync::{Arc, Mutex};

/// A disk that can be full, torn, or gone.
#[derive(Debug, Default)]
pub(crate) struct Platter {
    pub(crate) bytes: Vec<u8>,
    /// As they were when they were last made durable.
    pub(crate) synced: Vec<u8>,
    /// Writes and syncs until it fails; `None`: it does not.
    pub(crate) left: Option<usize>,
    /// Whether the failing write leaves its first half.
    pub(crate) torn: bool,
    /// What was written since, in order: where, and what.
    pending: Vec<(usize, Vec<u8>)>,
    pub(crate) counts: Counts,
}

/// What a disk was asked to do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) writes: u64,
    pub(crate) written: u64,
    pub(crate) syncs: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Storage(pub(crate) Arc<Mutex<Platter>>);

impl Storage {
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Platter { synced: bytes.clone(), bytes, ..Platter::default() })))
    }

    fn full() -> io::Error {
        io::Error::new(io::ErrorKind::StorageFull, "injected")
    }
}

impl Platter {
    /// What may be there after a crash: a disk writes what it was given since the last sync in any order, so any of it may
    /// be there and the rest not.
    pub(crate) fn after_a_crash(&self) -> Vec<Vec<u8>> {
        let last = self.pending.len().saturating_sub(1);
        let some: [fn(usize, usize) -> bool; 6] = [
            |_, _| false,
            |_, _| true,
            |at, last| at == last,
            |at, last| at != last,
            |at, _| at % 2 == 0,
            |at, _| at % 2 == 1,
        ];
        let mut found = vec![self.bytes.clone()];
        for is_there in some {
            let mut bytes = self.synced.clone();
            bytes.resize(self.bytes.len(), 0);
            for (at, (start, data)) in self.pending.iter().enumerate() {
                let end = (start + data.len()).min(bytes.len());
                if is_there(at, last) {
                    bytes[*start..end].copy_from_slice(&data[..end - start]);
                }
            }
            found.push(bytes);
        }
        found.push(self.synced.clone());
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether a write or sync goes through: once one did not, none does.
    fn goes(&mut self) -> bool {
        match &mut self.left {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

impl redb::StorageBackend for Storage {
    fn len(&self) -> io::Result<u64> {
        Ok(u64::try_from(self.0.lock().unwrap().bytes.len()).unwrap())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.0.lock().unwrap();
        let start = usize::try_from(offset).unwrap();
        let found = platter.bytes.get(start..start + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut platter = self.0.lock().unwrap();
        if !platter.goes() {
            return Err(Self::full());
        }
        platter.bytes.resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.0.lock().unwrap();
        if !platter.goes() {
            return Err(Self::full());
        }
        platter.synced = platter.bytes.clone();
        platter.pending.clear();
        platter.counts.syncs += 1;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut platter = self.0.lock().unwrap();
        let start = usize::try_from(offset).unwrap();
        let first_failure = platter.left == Some(0);
        let goes = platter.goes();
        let written = match (goes, first_failure && platter.torn) {
            (true, _) => data.len(),
            (false, true) => data.len() / 2,
            (false, false) => 0,
        };
        platter.bytes[start..start + written].copy_from_slice(&data[..written]);
        platter.pending.push((start, data[..written].to_vec()));
        platter.counts.writes += 1;
        platter.counts.written += u64::try_from(written).unwrap();
        if goes { Ok(()) } else { Err(Self::full()) }
    }
}

/// Lets every write fail in turn, whole and torn, and looks at what a process that died there left; what a run without
/// a failure gives.
pub(crate) fn each_failure<T: Copy>(
    empty: &[u8],
    fill: impl Fn(Storage) -> T,
    is_whole: impl Fn(Vec<u8>, T, &str),
) -> T {
    let counting = Storage::of(empty.to_vec());
    counting.0.lock().unwrap().left = Some(usize::MAX);
    let whole = fill(counting.clone());
    let steps = usize::MAX - counting.0.lock().unwrap().left.unwrap();
    for failing in 0..steps {
        for torn in [false, true] {
            let storage = Storage::of(empty.to_vec());
            (storage.0.lock().unwrap().left, storage.0.lock().unwrap().torn) =
                (Some(failing), torn);
            let done = fill(storage.clone());
            let platter = storage.0.lock().unwrap();
            let at = format!("step {failing} of {steps}, torn {torn}");
            for bytes in platter.after_a_crash() {
                is_whole(bytes, done, &at);
            }
        }
    }
    whole
}
