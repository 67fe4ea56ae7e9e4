import type { Report } from "probity-light";

/**
 * Replays a receipt file against the model it names: every token of the answer is derived again, on one thread.
 *
 * The report is that of `verify` of probity-light with both kinds of evidence required: "verified" means that the model
 * gives these tokens for this job. Another model than the named one gives "cannot_judge".
 *
 * @param receipt the file's bytes
 * @param model the bytes of the model's GGUF file
 * @param opening the bytes of an opening that came apart from the receipt
 * @throws Error when the model is refused
 */
export function replay(
  receipt: Uint8Array | ArrayBuffer,
  model: Uint8Array | ArrayBuffer,
  opening?: Uint8Array | ArrayBuffer | null,
): Report;
