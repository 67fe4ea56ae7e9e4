/** A kind of evidence. */
export type Kind = "signature" | "replay";

/** What looking at evidence gave. */
export interface Evidence {
  kind: Kind;
  outcome: "holds" | "fails" | "not_checked";
  /** Whether it was asked for. */
  required: boolean;
  /** What it claims. */
  claim: string;
  /** Whom one has to trust for it. */
  trusts: string;
  /** Why it was not looked at, if it was not. */
  unchecked?: string;
}

/** What the evidence at hand does not establish. */
export interface NotEstablished {
  what: string;
  text: string;
}

/** What is to be made of a receipt. Hashes and keys are lower-case hexadecimal. */
export interface Findings {
  probity: "report v1";
  /** Why, for people; absent when verified. */
  reason?: string;
  /** The kinds of evidence that were asked for. */
  required: Kind[];
  /** The kinds that were looked at: of the others nothing is known. */
  checked: Kind[];
  evidence: Evidence[];
  /** Never empty. */
  not_established: NotEstablished[];
}

/** What a receipt says whose signatures hold, under the names of spec/receipt.md section 8. */
export interface Receipt {
  /** The receipt's id. */
  receipt: string;
  network: string;
  /** The key that signed it. */
  worker: string;
  kind: "generate" | "embed";
  /** The model's id. */
  model: string;
  /** The commitment to what was asked. */
  job: string;
  arithmetic_version: number;
  sampling_version: number;
  audit_consent: "self" | "named" | "open";
  /** Whether auditors may open it. */
  auditable: boolean;
  /** An epoch; 0: it is not to be anchored. */
  anchor_by: number;
  usage: { prompt_tokens: number; output_tokens: number };
  choices: Choice[];
  /** What was asked, where the opening is there. */
  opened?: Opened;
  /** Of a bundle: where the receipt stands in its worker's log, under which signed root. */
  log?: { index: number; size: number; root: string };
}

export interface Choice {
  choice: number;
  tokens: number;
  /** The root of its tokens. */
  output: string;
  stop: {
    reason: "stop_token" | "stop_string" | "length" | "cancelled" | "unfinished" | "fault";
    stop_string?: number;
    at_tokens?: number;
    position?: number;
    op?: number;
  };
  segments: { worker: string; start: number; end: number }[];
}

export interface Opened {
  nonce: string;
  nonce_by: "client" | "gateway";
  beacon_height: number;
  requester?: string;
  prompt_tokens: number;
  rendered_by: "nobody" | "client" | "gateway" | "worker";
  messages: "none" | "hidden" | "shown";
  choices: number;
  seed: string;
  /** Exact decimals, as text. */
  parameters: {
    temperature: string;
    top_k: number;
    top_p: string;
    min_p: string;
    repetition_penalty: string;
    presence_penalty: string;
    frequency_penalty: string;
    biases: number;
    grammar?: string;
  };
  stop: { tokens_max: number; tokens: number[]; strings: string[] };
}

/** All required evidence holds. */
export interface Verified extends Findings, Receipt {
  verdict: "verified";
}

/** The receipt holds as far as it was looked at, and something required is missing. */
export interface CannotJudge extends Findings, Receipt {
  verdict: "cannot_judge";
  reason: string;
  /** What to bring, or what can't be done here. */
  why: "opening" | "model" | "unsupported";
}

/** Something is false. What the receipt says is there only if its signatures and commitments hold. */
export interface Refuted extends Findings, Partial<Receipt> {
  verdict: "refuted";
  reason: string;
}

/** It is no receipt file, which accuses nobody. */
export interface NoReceipt extends Findings {
  verdict: "cannot_judge";
  reason: string;
  why: "malformed";
}

/** A bundle of a network that does not place its receipt, which accuses nobody. */
export interface NoPlace extends Findings {
  verdict: "cannot_judge";
  reason: string;
  /** Another start is needed, or a newer release. */
  why: "start" | "unsupported";
}

export type Report = Verified | CannotJudge | Refuted | NoReceipt;

/**
 * Checks a receipt file or a bundle: signatures, commitments, heads, and its place in the log.
 *
 * No model is run, so "replay" is never better than not_checked: requiring it gives cannot_judge. A "verified" report
 * says that the evidence in `required` holds, and no more: see its `not_established`.
 *
 * @param receipt the file, as bytes or as text
 * @param opening the bytes of an opening that came apart from the file
 * @throws Error when an option is none that is known
 */
export function verify(
  receipt: Uint8Array | ArrayBuffer | string,
  opening?: Uint8Array | ArrayBuffer | null,
  options?: {
    /** The network's id, 64 hexadecimal digits; without one, receipts made offline. */
    network?: string;
    /** The evidence without which the verdict is not "verified"; default ["signature"]. */
    required?: Kind[];
  },
): Report;

/** Where a bundle of a network shows a receipt. */
export interface Anchor {
  /** The leaf's index in its worker's log, and the log's size and root when it was anchored last. */
  index: number;
  size: number;
  root: string;
  epoch: number;
  /** The block whose state shows the anchor, and what its proposer's clock said. */
  height: number;
  stamp_ms: number;
  /** Whether that is of about now. */
  fresh: "fresh" | "old" | "ahead";
  /** The block that the network was followed from (0: its genesis), and what its clock said. */
  start_height: number;
  start_stamp_ms: number;
  /** Whether that is not older than former seats are trusted for. */
  start_fresh: "fresh" | "old" | "ahead";
}

/** What a network is followed from, and what counts as now. */
export interface Followed {
  /** A later header to begin at than the genesis: the bytes of a start, from somebody trusted or kept from the last time. */
  start?: Uint8Array | ArrayBuffer | null;
  /** Milliseconds since 1970; default: this machine's clock. */
  now?: number;
  /** How old the header may be to be fresh, in milliseconds; default: a day. */
  bound?: number;
  /** How old the start (or the genesis) may be, in milliseconds; default: ten days. More than stake of that
   * network answers for counts as that (spec/ledger.md section 11). */
  startBound?: number;
}

/**
 * Checks a bundle of a network from its genesis, or a later start: the receipt as `verify` does, then the way from the genesis to a
 * certified header, the anchor of the worker's log in its state, and the receipt's leaf in the log. What is not so now is
 * "verified" as of then: `anchor.fresh` and `anchor.start_fresh` say it.
 *
 * @param genesis the genesis's bytes: whoever trusts another one is in another network
 * @param bundle the file, as bytes or as text
 * @throws Error when the genesis is none, the start is none of its network, or an option is none that is known
 */
export function verifyBundle(
  genesis: Uint8Array | ArrayBuffer,
  bundle: Uint8Array | ArrayBuffer | string,
  options?: Followed & {
    /** The evidence without which the verdict is not "verified"; default ["signature"]. */
    required?: Kind[];
  },
): (Report & { anchor?: Anchor }) | NoPlace;

/**
 * The start that a bundle leads to, to be kept and brought the next time; undefined where the bundle is not taken, or
 * what it leads to is not established to be of now.
 */
export function nextStart(
  genesis: Uint8Array | ArrayBuffer,
  bundle: Uint8Array | ArrayBuffer | string,
  options?: Followed,
): Uint8Array | undefined;

/** The messages that a receipt file opens; undefined where it is not taken, hides them, or was asked in tokens. */
export function messages(receipt: Uint8Array | ArrayBuffer | string): Messages | undefined;

/** spec/receipt.md section 2. */
export interface Messages {
  text?: string;
  messages?: { role: string; content: string | null }[];
  [member: string]: unknown;
}

/** What a stream establishes so far. Hashes and keys are lower-case hexadecimal. */
export interface StreamReport {
  probity: "stream report v1";
  outcome: "holds" | "fails" | "not_checked";
  /** Why, for people; absent when it holds. */
  reason?: string;
  /** The key that is said to sign. */
  worker: string;
  /** Heads that held. */
  heads: number;
  /** Tokens that came. */
  came: number;
  /** Those under a head that held, or the receipt's. */
  signed: number;
  /** What is established; absent when it does not hold. */
  claim?: string;
  /** Whom one has to trust for it. */
  trusts: string;
  /** Never empty. */
  not_established: NotEstablished[];
}

/**
 * One choice of an answer held against its signed heads while it comes. Tokens and heads go in as they came: a head is
 * over the tokens before it. What is false once stays so.
 */
export class Stream {
  /** What the stream said when it began; 64 hexadecimal digits each. */
  constructor(begun: { blind: string; job: string; worker: string; choice?: number; network?: string });
  /** The next token's id. */
  token(token: number): void;
  /** The next signed head: its bytes (worker, head, signature). */
  head(bytes: Uint8Array | ArrayBuffer): void;
  /** The receipt file or bundle at the end; false when it is not taken (see `verify`), and then nothing changes. */
  ended(receipt: Uint8Array | ArrayBuffer | string): boolean;
  /** What is established so far. */
  report(): StreamReport;
}
