//! Bodies of requests: each within its limits, all of them within the server's memory.
//!
//! Never waits for memory: a request that finds none is told to come again.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::core::Refusal;
use crate::settings::Limits;

/// Memory is counted in pieces of this size.
const PIECE_BYTES: usize = 64 << 10;
/// Seconds after which there may be memory again.
const RETRY_AFTER_S: u64 = 1;

/// The memory that bodies may take together.
pub(crate) struct Bodies(Arc<Semaphore>);

/// A whole body, and the memory that it takes.
pub(crate) struct Sent {
    pub(crate) bytes: Vec<u8>,
    _memory: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    pub(crate) fn new(limits: &Limits) -> Self {
        let most = limits.bodies_bytes_max.max(limits.body_bytes_max);
        Self(Arc::new(Semaphore::new(most.div_ceil(PIECE_BYTES))))
    }

    /// A whole body.
    pub(crate) async fn read(&self, limits: &Limits, body: Body) -> Result<Sent, Refusal> {
        let read = timeout(limits.body_time, self.all(limits.body_bytes_max, body)).await;
        read.map_err(|_| Refusal::request(None, "the body took too long to come"))?
    }

    async fn all(&self, most: usize, body: Body) -> Result<Sent, Refusal> {
        // Said beforehand, where its length is.
        if usize::try_from(body.size_hint().lower()).map_or(true, |length| length > most) {
            return Err(Refusal::Large(most));
        }
        let mut frames = body.into_data_stream();
        let (mut bytes, mut memory, mut pieces) = (Vec::new(), None, 0);
        while let Some(frame) = frames.next().await {
            let frame = frame.map_err(|_| Refusal::request(None, "the body broke off"))?;
            let length = bytes.len() + frame.len();
            if length > most {
                return Err(Refusal::Large(most));
            }
            while pieces * PIECE_BYTES < length {
                self.take(&mut memory)?;
                pieces += 1;
            }
            bytes.extend_from_slice(&frame);
        }
        Ok(Sent { bytes, _memory: memory })
    }

    /// One piece more.
    fn take(&self, memory: &mut Option<OwnedSemaphorePermit>) -> Result<(), Refusal> {
        let piece = Arc::clone(&self.0).try_acquire_owned().map_err(|_| Refusal::Busy {
            what: "the server holds as many requests' bodies as it takes".into(),
            retry_after_s: RETRY_AFTER_S,
        })?;
        match memory {
            Some(memory) => memory.merge(piece),
            None => *memory = Some(piece),
        }
        Ok(())
    }
}
