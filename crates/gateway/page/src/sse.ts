// Server-sent events, as text comes in pieces. Never looks into what an event says.

/** Longest event that is kept. */
export const EVENT_LENGTH_MAX = 1 << 20;

/** An event longer than that: the server is not one of ours. */
export class EventTooLong extends Error {
  constructor() {
    super(`the server sent an event of more than ${EVENT_LENGTH_MAX} characters`);
  }
}

/** Gives the data of each event once it is whole. */
export class Events {
  #line = "";
  #data: string[] = [];
  #length = 0;
  /** Whether the piece before ended with a carriage return, whose line feed may still come. */
  #returned = false;

  /** The events that are whole with this piece. */
  push(piece: string): string[] {
    const whole: string[] = [];
    let text = this.#returned && piece.startsWith("\n") ? piece.slice(1) : piece;
    if (piece !== "") this.#returned = piece.endsWith("\r");
    for (;;) {
      const end = text.search(/[\r\n]/);
      if (end < 0) break;
      this.#line += text.slice(0, end);
      text = text.slice(text.startsWith("\r\n", end) ? end + 2 : end + 1);
      const event = this.#take(this.#line);
      this.#line = "";
      if (event !== undefined) whole.push(event);
    }
    this.#line += text;
    if (this.#length + this.#line.length > EVENT_LENGTH_MAX) throw new EventTooLong();
    return whole;
  }

  #take(line: string): string | undefined {
    if (line === "") {
      const event = this.#data.length > 0 ? this.#data.join("\n") : undefined;
      this.#data = [];
      this.#length = 0;
      return event;
    }
    // A colon first is a comment; other fields than data say nothing here.
    if (line !== "data" && !line.startsWith("data:")) return undefined;
    const value = line.slice(5).replace(/^ /, "");
    this.#data.push(value);
    this.#length += value.length + 1;
    if (this.#length > EVENT_LENGTH_MAX) throw new EventTooLong();
    return undefined;
  }
}
