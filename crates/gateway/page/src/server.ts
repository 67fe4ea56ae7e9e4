// The server this page came from, and no other. Never keeps a key.

import { json, type Literal } from "./decimal.ts";
import { Events } from "./sse.ts";
import { chunk, models, parse, refusal, type Chunk, type Message } from "./wire.ts";

/** The header that names an answer's receipt. */
const RECEIPT_HEADER = "x-probity-receipt";
/** How often a receipt that is still being sealed is asked for, and how long after one another. */
const BUNDLE_TRIES = 6;
const BUNDLE_WAIT_MS = 250;

/** What goes with a question. */
export interface Options {
  [name: string]: Literal | string[] | undefined;
}

/** Why there is no answer, in the server's words where it said any. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** What can be asked. */
export async function listModels(key: string): Promise<string[]> {
  return models(parse(await (await get("/v1/models", key)).text()));
}

/** An answer as it comes. Ends without an event when it is complete; aborting throws. */
export async function* ask(
  question: { model: string; messages: Message[]; options: Options; key: string },
  signal: AbortSignal,
  named: (receipt: string) => void,
): AsyncGenerator<Chunk> {
  const { model, messages, options, key } = question;
  const body = json({ model, messages, ...options, stream: true, stream_options: { include_usage: true } });
  const headers = { ...authorization(key), "content-type": "application/json" };
  const answer = await sent("/v1/chat/completions", { method: "POST", headers, body, signal });
  const receipt = answer.headers.get(RECEIPT_HEADER);
  if (receipt !== null) named(receipt);
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const events = new Events();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Refused("The connection ended before the answer did.", 0);
      for (const data of events.push(value)) {
        if (data === "[DONE]") return;
        const read = chunk(data);
        if (read.error !== undefined) throw new Refused(read.error, 0);
        yield read;
      }
    }
  } finally {
    // Whoever leaves tells the server.
    reader.cancel().catch(() => undefined);
  }
}

/** The bundle of an answer: its bytes, as they came. */
export async function bundle(receipt: string, key: string): Promise<Uint8Array<ArrayBuffer>> {
  for (let tries = 1; ; tries++) {
    try {
      const answer = await get(`/v1/receipts/${encodeURIComponent(receipt)}/bundle`, key);
      return new Uint8Array(await answer.arrayBuffer());
    } catch (error) {
      // One that was stopped a moment ago is sealed a moment later.
      if (!(error instanceof Refused) || error.status !== 404 || tries === BUNDLE_TRIES) throw error;
      await new Promise((later) => setTimeout(later, BUNDLE_WAIT_MS));
    }
  }
}

function get(path: string, key: string): Promise<Response> {
  return sent(path, { headers: authorization(key) });
}

async function sent(path: string, request: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...request, credentials: "omit", redirect: "error", cache: "no-store" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused("The server can’t be reached.", 0);
  }
  if (answer.ok) return answer;
  const words = refusal(parse(await answer.text())) ?? `The server answered with status ${answer.status}.`;
  throw new Refused(words, answer.status);
}

function authorization(key: string): Record<string, string> {
  return key === "" ? {} : { authorization: `Bearer ${key}` };
}
