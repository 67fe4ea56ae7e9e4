// The conversation. Everything stays in this tab; the only server is the one the page came from.

import { Answer } from "./answer.ts";
import { button, element, part, say } from "./dom.ts";
import { ask, listModels, Refused } from "./server.ts";
import { Settings } from "./settings.ts";
import { verifier } from "./verifier.ts";
import type { Message } from "./wire.ts";

/** How near its end a scrolled conversation follows what comes. */
const FOLLOW_PX = 64;

const talk = part("talk", HTMLElement);
const opening = part("opening", HTMLElement);
const form = part("ask", HTMLFormElement);
const question = part("question", HTMLTextAreaElement);
const send = part("send", HTMLButtonElement);
const picker = part("model", HTMLSelectElement);
const settings = new Settings();

/** What was said so far, answers that failed left out. */
let said: Message[] = [];
let running: AbortController | undefined;

function follows(): boolean {
  return talk.scrollHeight - talk.scrollTop - talk.clientHeight < FOLLOW_PX;
}

let following = true;
talk.addEventListener("scroll", () => (following = follows()), { passive: true });

function follow(): void {
  if (following) talk.scrollTop = talk.scrollHeight;
}

async function loadModels(): Promise<void> {
  const before = picker.value;
  try {
    const names = await listModels(settings.key);
    picker.replaceChildren(...names.map((name) => new Option(name, name, false, name === before)));
    notice(names.length > 0 ? undefined : "This server serves no model.");
  } catch (error) {
    notice(words(error));
    if (error instanceof Refused && error.status === 401) settings.open(true);
  }
  picker.disabled = picker.options.length === 0;
  ready();
}

function notice(text: string | undefined): void {
  const line = part("notice", HTMLElement);
  line.hidden = text === undefined;
  line.textContent = text ?? "";
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function ready(): void {
  send.textContent = running ? "Stop" : "Send";
  send.disabled = !running && (question.value.trim() === "" || picker.value === "");
  send.classList.toggle("stop", running !== undefined);
}

/** As tall as what is typed, within what the style allows. */
function fit(): void {
  question.style.height = "auto";
  question.style.height = `${question.scrollHeight}px`;
}

function sendTyped(): void {
  const text = question.value.trim();
  if (running || text === "" || picker.value === "") return;
  const options = settings.options();
  if (options instanceof Error) return notice(options.message);
  notice(undefined);
  question.value = "";
  fit();
  opening.hidden = true;
  following = true;
  talk.append(element("article", "question", element("h2", "who", "You"), element("div", "text", text)));
  void answer(text, options);
}

async function answer(text: string, options: Exclude<ReturnType<Settings["options"]>, Error>): Promise<void> {
  const system: Message[] = settings.system.trim() === "" ? [] : [{ role: "system", content: settings.system }];
  const asked: Message = { role: "user", content: text };
  const messages = [...system, ...said, asked];
  const model = picker.value;
  const shown = new Answer(model, messages, () => settings.key, follow);
  talk.append(shown.place);
  follow();
  const abort = (running = new AbortController());
  ready();
  say(`${model} answers.`);
  try {
    const chunks = ask({ model, messages, options, key: settings.key }, abort.signal, (at) => shown.named(at));
    for await (const chunk of chunks) shown.take(chunk);
    shown.end();
  } catch (error) {
    failed(error, abort.signal.aborted, shown, () => void answer(text, options));
  }
  // Not of a conversation that was put away meanwhile, nor what failed on its way.
  if (shown.place.isConnected && shown.isSaid) said = [...said, asked, { role: "assistant", content: shown.text }];
  if (running === abort) running = undefined;
  ready();
  follow();
}

function failed(error: unknown, stopped: boolean, shown: Answer, again: () => void): void {
  if (stopped) {
    shown.end("stopped here");
    return say("Stopped.");
  }
  shown.fail();
  const retry = button("quiet", "Try again", () => {
    if (running) return;
    shown.place.remove();
    again();
  });
  shown.note(words(error), retry);
  if (error instanceof Refused && error.status === 401) settings.open(true);
}

function stop(): void {
  running?.abort();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) stop();
  else sendTyped();
});
question.addEventListener("input", () => {
  fit();
  ready();
});
question.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  sendTyped();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !settings.isOpen) stop();
});
part("new", HTMLButtonElement).addEventListener("click", () => {
  stop();
  said = [];
  talk.replaceChildren(opening);
  opening.hidden = false;
  notice(undefined);
  question.focus();
});
settings.onKey(() => void loadModels());

ready();
void loadModels();
// So that the first head need not wait for it.
verifier().catch(() => notice("This browser does not run WebAssembly: answers can be had, and not checked here."));
