// The verifier of `probity-light`, loaded beside the page when it is first needed. Never decides anything itself.

import type * as Light from "probity-light";
import type { Begun, Chunk } from "./wire.ts";

export type { Messages, Report, StreamReport } from "probity-light";

// Beside this module, under a name that the builder does not follow.
const BESIDE = "./light.js";
let loading: Promise<typeof Light> | undefined;

/** The verifier; fails where the browser does not run WebAssembly. */
export function verifier(): Promise<typeof Light> {
  return (loading ??= import(BESIDE) as Promise<typeof Light>);
}

/** An answer held against its heads while it comes, once the verifier is there. */
export class Held {
  readonly #begun: Begun;
  #stream: Light.Stream | undefined;
  #waiting: (() => void)[] = [];
  readonly #changed: (report: Light.StreamReport) => void;

  constructor(begun: Begun, changed: (report: Light.StreamReport) => void) {
    this.#begun = begun;
    this.#changed = changed;
    verifier().then((light) => this.#ready(light), () => undefined);
  }

  #ready(light: typeof Light): void {
    const { blind, job, worker } = this.#begun;
    this.#stream = new light.Stream({ blind, job, worker });
    for (const step of this.#waiting) step();
    this.#waiting = [];
    this.#changed(this.#stream.report());
  }

  /** The next tokens, and the head over everything so far. */
  push({ tokens, head }: Chunk): void {
    if (tokens.length === 0 && !head) return;
    const step = () => {
      for (const token of tokens) this.#stream?.token(token);
      if (head) this.#stream?.head(head);
    };
    if (!this.#stream) {
      this.#waiting.push(step);
      return;
    }
    step();
    if (head) this.#changed(this.#stream.report());
  }

  /** What is established with this receipt at the end. */
  ended(file: Uint8Array): Light.StreamReport | undefined {
    this.#stream?.ended(file);
    return this.#stream?.report();
  }
}
