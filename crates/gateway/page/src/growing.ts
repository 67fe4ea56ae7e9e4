// Text that grows, at one paint a frame. Never markup. Long texts are cut into blocks at line ends, so that a piece at
// the end lays out one block again and not the whole answer.

/** From how many characters on a block ends with its line. */
const BLOCK_LENGTH = 1200;
/** A sentence is told to who listens when it ends so. */
const SENTENCE_END = /[.!?…。！？]["'”’)]*\s|\n/g;

export class Growing {
  readonly #place: HTMLElement;
  readonly #painted: () => void;
  readonly #told: (sentences: string) => void;
  #block: Text | undefined;
  #waiting = "";
  #frame = 0;
  #untold = "";
  whole = "";

  /** `painted` runs after each paint; `told` gets whole sentences. */
  constructor(place: HTMLElement, painted: () => void, told: (sentences: string) => void) {
    this.#place = place;
    this.#painted = painted;
    this.#told = told;
  }

  push(text: string): void {
    if (text === "") return;
    this.whole += text;
    this.#waiting += text;
    this.#frame ||= requestAnimationFrame(() => this.#paint());
  }

  /** Paints and tells what is left. */
  end(): void {
    if (this.#frame) cancelAnimationFrame(this.#frame);
    this.#paint();
    if (this.#untold.trim()) this.#told(this.#untold);
    this.#untold = "";
  }

  #paint(): void {
    this.#frame = 0;
    const text = this.#waiting;
    this.#waiting = "";
    this.#append(text);
    this.#untold += text;
    const ends = [...this.#untold.matchAll(SENTENCE_END)];
    const last = ends.at(-1);
    if (last) {
      const at = last.index + last[0].length;
      this.#told(this.#untold.slice(0, at));
      this.#untold = this.#untold.slice(at);
    }
    this.#painted();
  }

  #append(text: string): void {
    let rest = text;
    while (rest !== "") {
      const block = (this.#block ??= this.#begin());
      const room = Math.max(0, BLOCK_LENGTH - block.length);
      const end = rest.indexOf("\n", room);
      if (end < 0) {
        block.appendData(rest);
        return;
      }
      // The block's end is the line's.
      block.appendData(rest.slice(0, end));
      this.#block = undefined;
      rest = rest.slice(end + 1);
    }
  }

  #begin(): Text {
    const text = document.createTextNode("");
    const block = document.createElement("div");
    block.append(text);
    this.#place.append(block);
    return text;
  }
}
