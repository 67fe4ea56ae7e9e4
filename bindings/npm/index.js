// Checks the receipt of an answer: what index.d.ts says. Nothing is sent anywhere.
import { initSync, messages as opened, next_start as kept, Stream as Module, verify as check, verify_bundle as placed } from "./wasm.js";

// The module lies beside this file, in a browser and in node.
const url = new URL("./wasm_bg.wasm", import.meta.url);
initSync({ module: await WebAssembly.compile(await bytes(url)) });

async function bytes(url) {
  if (url.protocol === "file:") {
    const { readFile } = await import("node:fs/promises");
    return readFile(url);
  }
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.arrayBuffer();
}

export function verify(receipt, opening, { network, required = ["signature"] } = {}) {
  return JSON.parse(check(octets("receipt", receipt), opening == null ? undefined : octets("opening", opening), network, required));
}

const DAY_MS = 86_400_000;

export function verifyBundle(genesis, bundle, { required = ["signature"], ...options } = {}) {
  return JSON.parse(placed(...followed(genesis, bundle, options), required));
}

export function nextStart(genesis, bundle, options = {}) {
  return kept(...followed(genesis, bundle, options));
}

function followed(genesis, bundle, { start, now = Date.now(), bound = DAY_MS, startBound = 10 * DAY_MS }) {
  const times = [now, bound, startBound].map((ms) => BigInt(Math.trunc(ms)));
  const from = start == null ? undefined : octets("start", start);
  return [octets("genesis", genesis), from, octets("bundle", bundle), ...times];
}

export function messages(receipt) {
  const text = opened(octets("receipt", receipt));
  return text === undefined ? undefined : JSON.parse(text);
}

export class Stream {
  #module;

  constructor({ blind, job, worker, choice = 0, network }) {
    this.#module = new Module(network, blind, job, choice, worker);
  }

  token(token) {
    if (!Number.isInteger(token) || token < 0 || token > 0xffffffff) throw new TypeError("token: expected its id");
    this.#module.token(token);
  }

  head(bytes) {
    this.#module.head(octets("head", bytes));
  }

  ended(receipt) {
    return this.#module.ended(octets("receipt", receipt));
  }

  report() {
    return JSON.parse(this.#module.report());
  }
}

// A text is one file's content; anything else must say its bytes itself.
function octets(name, value) {
  if (typeof value === "string" && (name === "receipt" || name === "bundle")) return new TextEncoder().encode(value);
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new TypeError(`${name}: expected its bytes`);
}
