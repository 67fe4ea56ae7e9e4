// One answer on the page: its text as it comes, its receipt in the margin, the check. Never asks anything itself but
// for the receipt.

import { button, copy, element, say } from "./dom.ts";
import { Growing } from "./growing.ts";
import { verdict, view } from "./report.ts";
import { bundle } from "./server.ts";
import { Held, verifier, type StreamReport } from "./verifier.ts";
import type { Begun, Chunk, Message, Usage } from "./wire.ts";

const NONE = "–";

export class Answer {
  readonly place: HTMLElement;
  readonly #text: Growing;
  readonly #body: HTMLElement;
  readonly #margin: HTMLElement;
  readonly #rows = new Map<string, HTMLElement>();
  readonly #check: HTMLButtonElement;
  readonly #save: HTMLButtonElement;
  readonly #sent: Message[];
  readonly #key: () => string;
  #held: Held | undefined;
  #failed = false;
  #refuted = false;
  #signed = 0;
  #came = 0;
  #begun: Begun | undefined;
  /** Where the receipt is: the job's commitment. */
  #address: string | undefined;
  #file: Promise<Uint8Array<ArrayBuffer>> | undefined;
  #report: HTMLElement | undefined;

  constructor(model: string, sent: Message[], key: () => string, painted: () => void) {
    this.#sent = sent;
    this.#key = key;
    const text = element("div", "text");
    this.#text = new Growing(text, painted, say);
    this.#check = button("check", "Check it", () => void this.#checked());
    this.#save = button("quiet", "Save", () => void this.#saved());
    this.#save.setAttribute("aria-label", "Save receipt");
    this.#check.disabled = this.#save.disabled = true;
    this.#margin = this.#receipt();
    this.#body = element("div", "body", element("h2", "who", model), text);
    this.place = element("article", "answer streaming", this.#body, this.#margin);
    this.place.setAttribute("aria-label", `Answer of ${model}`);
  }

  get text(): string {
    return this.#text.whole;
  }

  /** Whether it is part of the conversation: something was said, and did not fail on its way. */
  get isSaid(): boolean {
    return !this.#failed && this.text !== "";
  }

  #receipt(): HTMLElement {
    const list = element("dl", "");
    for (const name of ["Signed", "Receipt", "Worker", "Model", "Tokens", "Ended"]) {
      const value = element("dd", "", NONE);
      this.#rows.set(name, value);
      list.append(element("dt", "", name), value);
    }
    const margin = element("aside", "receipt", list, element("div", "doing", this.#check, this.#save));
    margin.setAttribute("aria-label", "Receipt");
    return margin;
  }

  named(address: string): void {
    this.#address = address;
  }

  take(chunk: Chunk): void {
    if (chunk.begun) this.#begin(chunk.begun);
    this.#text.push(chunk.text);
    this.#came += chunk.tokens.length;
    this.#held?.push(chunk);
    if (chunk.tokens.length > 0) this.#count();
    if (chunk.stop !== undefined) this.#row("Ended", chunk.stop.replaceAll("_", " "));
    if (chunk.receipt !== undefined) this.#hash("Receipt", chunk.receipt);
    if (chunk.usage) this.#used(chunk.usage);
  }

  #begin(begun: Begun): void {
    this.#begun = begun;
    this.#address = begun.job;
    this.#hash("Worker", begun.worker);
    if (begun.model) this.#hash("Model", begun.model);
    this.#held = new Held(begun, (report) => this.#heard(report));
  }

  /** How many of the tokens that came are under a head that was found true here. */
  #count(): void {
    this.#row("Signed", this.#refuted ? "refuted" : `${this.#signed} of ${this.#came}`);
  }

  #heard({ outcome, reason, signed }: StreamReport): void {
    const failed = (this.#refuted = outcome === "fails");
    this.#signed = signed;
    this.#count();
    this.#margin.classList.toggle("fails", failed);
    if (failed && reason !== undefined) this.note(`What came is not what was signed: ${reason}.`);
  }

  #used({ prompt, output }: Usage): void {
    this.#row("Tokens", `${prompt} in, ${output} out`);
  }

  #row(name: string, text: string): void {
    const row = this.#rows.get(name);
    if (row) row.textContent = text;
  }

  #hash(name: string, digits: string): void {
    const short = button("hash", `${digits.slice(0, 6)}…${digits.slice(-6)}`, () => void copy(digits, short));
    short.title = digits;
    short.setAttribute("aria-label", `Copy: ${name.toLowerCase()} ${digits}`);
    this.#rows.get(name)?.replaceChildren(short);
  }

  /** No more comes; why, where it was not the answer's own end. */
  end(why?: string): void {
    this.#text.end();
    this.place.classList.remove("streaming");
    if (why !== undefined) this.#row("Ended", why);
    const there = this.#begun !== undefined && this.#address !== undefined;
    this.#check.disabled = this.#save.disabled = !there;
    if (!there) this.#margin.hidden = true;
  }

  /** It did not come to its end, and nobody wanted that. */
  fail(): void {
    this.#failed = true;
    this.end("failed");
  }

  /** A line under the text that is not the model's. */
  note(words: string, ...more: HTMLElement[]): void {
    const line = element("p", "refusal", words, ...more);
    line.setAttribute("role", "alert");
    this.#body.querySelector(".refusal")?.remove();
    this.#body.append(line);
  }

  /** The bundle: asked for anew at each check, and what is saved is what was checked. */
  #bundle(): Promise<Uint8Array<ArrayBuffer>> {
    this.#file = bundle(this.#address ?? "", this.#key()).catch((error: unknown) => {
      this.#file = undefined;
      throw error;
    });
    return this.#file;
  }

  get #name(): string {
    return `answer-${(this.#address ?? "").slice(0, 12)}.receipt.json`;
  }

  async #checked(): Promise<void> {
    this.#check.disabled = true;
    this.#check.textContent = "Checking";
    try {
      const [light, file] = await Promise.all([verifier(), this.#bundle()]);
      const report = light.verify(file);
      const stream = this.#held?.ended(file);
      if (stream) this.#heard(stream);
      const found = { report, stream, opened: light.messages(file), sent: this.#sent, file: this.#name };
      const shown = view(found);
      this.#report?.remove();
      this.#report = shown;
      this.place.append(shown);
      const { word } = verdict(found);
      this.place.dataset.verdict = word;
      if (report.verdict !== "cannot_judge" && "receipt" in report && report.receipt) this.#facts(report);
      shown.tabIndex = -1;
      shown.focus({ preventScroll: true });
      shown.scrollIntoView({ block: "nearest" });
      say(`${word}.`);
    } catch (error) {
      this.note(error instanceof Error ? error.message : "The check failed.");
    }
    this.#check.textContent = "Check again";
    this.#check.disabled = false;
  }

  /** What the receipt says, where its signatures hold: also of an answer whose end did not come. */
  #facts(report: { receipt?: string; usage?: { prompt_tokens: number; output_tokens: number } }): void {
    if (report.receipt !== undefined) this.#hash("Receipt", report.receipt);
    if (report.usage) this.#used({ prompt: report.usage.prompt_tokens, output: report.usage.output_tokens });
  }

  async #saved(): Promise<void> {
    try {
      const file = new Blob([await (this.#file ?? this.#bundle())], { type: "application/json" });
      const link = element("a", "");
      link.href = URL.createObjectURL(file);
      link.download = this.#name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_MS);
    } catch (error) {
      this.note(error instanceof Error ? error.message : "The receipt could not be fetched.");
    }
  }
}

/** How long a saved file's address lives: browsers take it over later than at the click. */
const REVOKE_MS = 10_000;
