// Numbers as they are typed. Never becomes a float: what is typed is what is sent, and the server reads it exactly.

/** A number of JSON, by its digits. */
export class Literal {
  constructor(readonly digits: string) {}
}

/** What a field takes. */
export interface Range {
  /** Decimals, in short form. */
  least: string;
  most: string;
  /** Whether it takes no fraction. */
  whole: boolean;
}

const LENGTH_MAX = 32;
const FORM = /^(-?)(\d+)(?:[.,](\d+))?$/;

/** The number typed, nothing where nothing is, or why not. */
export function read(text: string, range: Range): Literal | undefined | Error {
  const typed = text.trim();
  if (typed === "") return undefined;
  const found = typed.length <= LENGTH_MAX ? FORM.exec(typed) : null;
  const [, sign = "", before = "", after = ""] = found ?? [];
  const kind = range.whole ? "a whole number" : "a number";
  const wanted = `${kind} from ${range.least} to ${range.most}`;
  if (!found || (range.whole && after !== "")) return new Error(`Type ${wanted}, or nothing.`);
  const integer = before.replace(/^0+(?=\d)/, "");
  const fraction = after.replace(/0+$/, "");
  const zero = integer === "0" && fraction === "";
  const digits = (zero ? "" : sign) + integer + (fraction && `.${fraction}`);
  if (compare(digits, range.least) < 0 || compare(digits, range.most) > 0) return new Error(`Type ${wanted}, or nothing.`);
  return new Literal(digits);
}

/** Compares two decimals exactly: less than 0, 0, or more. */
export function compare(a: string, b: string): number {
  const places = Math.max(fraction(a).length, fraction(b).length);
  const [x, y] = [scaled(a, places), scaled(b, places)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function fraction(text: string): string {
  return text.split(".")[1] ?? "";
}

function scaled(text: string, places: number): bigint {
  return BigInt((text.split(".")[0] ?? "0") + fraction(text).padEnd(places, "0"));
}

/** JSON of a value, in which literals keep their digits. */
export function json(value: unknown): string {
  if (value instanceof Literal) return value.digits;
  if (Array.isArray(value)) return `[${value.map(json).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${json(member)}`).join(",")}}`;
}
