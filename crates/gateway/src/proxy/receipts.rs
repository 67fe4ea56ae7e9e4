//! Receipt files of the upstream, checked before they are passed on: every byte of one is signed or committed to.

use std::sync::Arc;

use axum::http::{HeaderValue, Method};
use axum::response::Response;
use commit::Network;
use receipt::ReceiptFile;
use receipt::limits::FILE_BYTES_MAX;
use tokio::task::block_in_place;
use tokio::time::timeout;
use verify::{Kind, Replay, Verdict, examine};

use super::failure::Failure;
use super::routes::VERIFIED_HEADER;
use super::server::Proxy;
use super::settings::Requirement;
use super::upstream::small;
use crate::core::Refusal;
use crate::http::json;

pub(super) async fn get(
    proxy: &Arc<Proxy>,
    id: &str,
    callers_key: Option<&HeaderValue>,
    bundle: bool,
) -> Result<Response, Refusal> {
    let wanted =
        commit::from_hex(id).ok_or(Refusal::NotFound("a receipt is named by 64 digits"))?;
    let _admitted = proxy.admit()?;
    let path = format!("/v1/receipts/{id}{}", if bundle { "/bundle" } else { "" });
    let response = proxy.upstream.ask(Method::GET, &path, callers_key, String::new()).await?;
    let read =
        timeout(proxy.upstream.limits().head_time, small(response.into_body(), FILE_BYTES_MAX));
    let slow = |_| Failure::Limit("it takes too long".into());
    let file = match read.await.map_err(slow) {
        // It hashes all of a long answer.
        Ok(Ok(bytes)) => block_in_place(|| checked(proxy, &bytes, &wanted)),
        Ok(Err(what)) => Err(Failure::Cut(what)),
        Err(failure) => Err(failure),
    };
    let unverified = |failure: Failure| {
        Refusal::Unverified(format!("the receipt is not passed on: {}", failure.shown()))
    };
    let file = file.map_err(unverified)?;
    let mut response = json(200, file.to_json());
    let held = HeaderValue::from_static(Requirement::Signature.name());
    response.headers_mut().insert(VERIFIED_HEADER, held);
    Ok(response)
}

/// A file that is taken, of this answer, of a worker that may sign and of a model that may be asked here.
fn checked(proxy: &Proxy, bytes: &[u8], wanted: &[u8; 32]) -> Result<ReceiptFile, Failure> {
    let network = Network::OFFLINE;
    let file = ReceiptFile::parse(bytes, network)?;
    let receipt = file.receipt();
    proxy.pins.check(receipt.worker)?;
    if receipt.job != *wanted && receipt.id(network) != *wanted {
        return Err(Failure::Job);
    }
    let models = &proxy.models;
    if let Some(first) = models.first().filter(|_| models.iter().all(|one| one.id != receipt.model))
    {
        return Err(Failure::Model { wanted: first.id, found: receipt.model });
    }
    let report = examine(receipt, file.opening(), network, &[Kind::Signature], &Replay::NotTried);
    match report.verdict {
        Verdict::Verified => Ok(file),
        Verdict::Refuted(refutation) => Err(Failure::Refuted(refutation)),
        Verdict::CannotJudge(missing) => Err(Failure::Unjudged(missing)),
    }
}
