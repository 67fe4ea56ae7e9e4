// What the server sends, read as what a stranger sends: a member that is not what it should be is not there.

/** A message, as it is sent. */
export interface Message {
  role: "system" | "user" | "assistant";
  content: string;
}

/** What `probity` says in the first chunk. */
export interface Begun {
  job: string;
  model: string;
  worker: string;
  blind: string;
}

/** What a chunk says. */
export interface Chunk {
  begun?: Begun;
  text: string;
  tokens: number[];
  head?: Uint8Array;
  /** Why it ended, in our words; OpenAI's where there are none. */
  stop?: string;
  receipt?: string;
  usage?: Usage;
  error?: string;
}

export interface Usage {
  prompt: number;
  output: number;
}

/** The chunk in an event's data. */
export function chunk(data: string): Chunk {
  const event = object(parse(data));
  const choice = object(list(event.choices)[0]);
  const probity = object(event.probity);
  const read: Chunk = {
    text: text(object(choice.delta).content) ?? "",
    tokens: list(probity.tokens).filter(isToken),
  };
  const [job, worker, blind, model] = [probity.job, probity.worker, probity.blind, probity.model_id].map(digits);
  if (job && worker && blind) read.begun = { job, worker, blind, model: model ?? "" };
  const head = text(probity.head);
  if (head !== undefined) read.head = bytes(head);
  const stop = text(list(probity.stops)[0]) ?? text(choice.finish_reason);
  if (stop !== undefined) read.stop = stop;
  const receipt = digits(probity.receipt_id);
  if (receipt) read.receipt = receipt;
  const used = object(event.usage);
  if (isCount(used.prompt_tokens) && isCount(used.completion_tokens)) {
    read.usage = { prompt: used.prompt_tokens, output: used.completion_tokens };
  }
  const error = refusal(event);
  if (error !== undefined) read.error = error;
  return read;
}

/** The server's words in an error object. */
export function refusal(value: unknown): string | undefined {
  return text(object(object(value).error).message);
}

/** The names in a list of models. */
export function models(value: unknown): string[] {
  return list(object(value).data).flatMap((one) => text(object(one).id) ?? []);
}

/** JSON, or nothing. */
export function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

// What is no base64 gives no bytes, which are no head.
function bytes(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function digits(value: unknown): string | undefined {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value) ? value : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isToken(value: unknown): value is number {
  return isCount(value) && value <= 0xffffffff;
}
