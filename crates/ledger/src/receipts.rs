//! Receipts as bodies bring them.
//!
//! Never says what a receipt is worth: that its worker signed it is all that is judged here.

use commit::{Network, Reader, WireError, Writer};
use receipt::limits::RECEIPT_BYTES_MAX;
use receipt::{Envelope, Receipt, Signature};

use crate::stop::{Rejection, require};

pub(crate) fn write(out: &mut Writer, receipt: &Receipt) {
    let bytes = receipt.encode();
    out.length_u16(bytes.len());
    out.bytes(&bytes);
}

pub(crate) fn read(input: &mut Reader<'_>) -> Result<Receipt, WireError> {
    Receipt::decode(input.bytes_u16("bytes of a receipt", RECEIPT_BYTES_MAX)?)
}

/// Its envelope's signature.
pub(crate) fn read_signature(input: &mut Reader<'_>) -> Result<Signature, WireError> {
    Ok(Signature(input.array("a receipt's signature")?))
}

/// Whether the worker signed it, and its heads are signed.
pub(crate) fn check_signed(
    receipt: &Receipt,
    signature: Signature,
    network: Network,
    otherwise: Rejection,
) -> Result<(), Rejection> {
    let envelope = Envelope::of_receipt(receipt, signature, network);
    require(envelope.open(network).is_ok(), otherwise)
}
