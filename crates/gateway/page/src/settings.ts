// The drawer: what goes with a question. Kept while this tab lives, the key too, and nowhere else.

import { Literal, read, type Range } from "./decimal.ts";
import { element, part } from "./dom.ts";
import type { Options } from "./server.ts";

interface Field extends Range {
  name: string;
  label: string;
  hint: string;
}

const FIELDS: Field[] = [
  { name: "temperature", label: "Temperature", least: "0", most: "2", whole: false, hint: "0 takes the likeliest token" },
  { name: "seed", label: "Seed", least: "0", most: "18446744073709551615", whole: true, hint: "same seed, same answer" },
  { name: "max_tokens", label: "Most tokens", least: "1", most: "65536", whole: true, hint: "of an answer" },
  { name: "top_p", label: "Top p", least: "0", most: "1", whole: false, hint: "" },
  { name: "top_k", label: "Top k", least: "0", most: "4294967295", whole: true, hint: "0: all" },
  { name: "min_p", label: "Min p", least: "0", most: "1", whole: false, hint: "" },
  { name: "repetition_penalty", label: "Repetition penalty", least: "0", most: "10", whole: false, hint: "1: none" },
  { name: "presence_penalty", label: "Presence penalty", least: "-2", most: "2", whole: false, hint: "0: none" },
  { name: "frequency_penalty", label: "Frequency penalty", least: "-2", most: "2", whole: false, hint: "0: none" },
];
const KEPT = "probity settings";
const KEY = "probity key";
/** Where temperature or length are left empty, so that a small model says something sensible and ends. */
const FIRST: Record<string, string> = { temperature: "0.7", max_tokens: "512" };

export class Settings {
  readonly #drawer = part("settings", HTMLDialogElement);
  readonly #system = part("system", HTMLTextAreaElement);
  readonly #stop = part("stop-strings", HTMLTextAreaElement);
  readonly #key = part("key", HTMLInputElement);
  readonly #inputs = new Map<Field, HTMLInputElement>();

  constructor() {
    const grid = part("fields", HTMLElement);
    for (const field of FIELDS) grid.append(this.#field(field));
    this.#restore();
    part("open-settings", HTMLButtonElement).addEventListener("click", () => this.open());
    part("close-settings", HTMLButtonElement).addEventListener("click", () => this.#drawer.close());
    this.#drawer.addEventListener("click", (event) => {
      if (event.target === this.#drawer) this.#drawer.close();
    });
    this.#drawer.addEventListener("input", () => this.#keep());
  }

  #field(field: Field): HTMLElement {
    const input = element("input", "");
    input.id = `set-${field.name}`;
    input.inputMode = field.whole ? "numeric" : "decimal";
    input.autocomplete = "off";
    input.placeholder = "default";
    const label = element("label", "", field.label);
    label.htmlFor = input.id;
    const hint = element("small", "", field.hint);
    hint.id = `${input.id}-hint`;
    input.setAttribute("aria-describedby", hint.id);
    input.addEventListener("input", () => {
      const value = read(input.value, field);
      const wrong = value instanceof Error;
      input.setAttribute("aria-invalid", String(wrong));
      hint.textContent = wrong ? value.message : field.hint;
    });
    this.#inputs.set(field, input);
    return element("div", "field", label, input, hint);
  }

  open(key = false): void {
    if (!this.#drawer.open) this.#drawer.showModal();
    if (key) this.#key.focus();
  }

  get isOpen(): boolean {
    return this.#drawer.open;
  }

  get key(): string {
    return this.#key.value.trim();
  }

  get system(): string {
    return this.#system.value;
  }

  /** Runs when the key is another. */
  onKey(changed: () => void): void {
    this.#key.addEventListener("change", changed);
  }

  /** What goes with a question, or the first field that says no number. */
  options(): Options | Error {
    const options: Options = {};
    for (const [field, input] of this.#inputs) {
      const value = read(input.value, field);
      if (value instanceof Error) {
        this.open();
        input.focus();
        return new Error(`${field.label}: ${value.message}`);
      }
      if (value instanceof Literal) options[field.name] = value;
    }
    const stop = this.#stop.value.split("\n").filter((line) => line !== "");
    if (stop.length > 0) options.stop = stop;
    return options;
  }

  #keep(): void {
    const fields = Object.fromEntries([...this.#inputs].map(([{ name }, input]) => [name, input.value]));
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ fields, system: this.#system.value, stop: this.#stop.value }));
      sessionStorage.setItem(KEY, this.#key.value);
    } catch {
      // Where nothing may be kept the fields hold it.
    }
  }

  #restore(): void {
    let kept: { fields?: Record<string, string>; system?: string; stop?: string } = {};
    try {
      kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") as typeof kept;
      this.#key.value = sessionStorage.getItem(KEY) ?? "";
    } catch {
      // As if nothing had been kept.
    }
    for (const [{ name }, input] of this.#inputs) input.value = (kept.fields ?? FIRST)[name] ?? "";
    this.#system.value = kept.system ?? "";
    this.#stop.value = kept.stop ?? "";
  }
}
