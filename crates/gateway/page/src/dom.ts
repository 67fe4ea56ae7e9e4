// Elements, made of text and other elements. Never of markup: what a model or a server says stays text.

type Child = Node | string | undefined;

/** An element with a class, and what is in it. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  kind: string,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** A button that does something. */
export function button(kind: string, label: string, does: () => void): HTMLButtonElement {
  const made = element("button", kind, label);
  made.type = "button";
  made.addEventListener("click", does);
  return made;
}

/** What the page has under this id. */
export function part<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${id}`);
}

/** Puts a text on the clipboard, and says so on the button for a moment. */
export async function copy(text: string, from: HTMLButtonElement): Promise<void> {
  const label = from.dataset.label ?? (from.dataset.label = from.textContent ?? "");
  try {
    await navigator.clipboard.writeText(text);
    from.textContent = "Copied";
  } catch {
    from.textContent = "Not allowed";
  }
  say(from.textContent);
  setTimeout(() => (from.textContent = label), COPIED_MS);
}

const COPIED_MS = 1200;

/** Tells whoever listens instead of looking. */
export function say(text: string): void {
  part("said", HTMLElement).textContent = text;
}
