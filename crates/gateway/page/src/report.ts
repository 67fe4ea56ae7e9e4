// What a check found, as plain lines. The verifier's words; beside them only what this page alone can know: whether the
// receipt's messages are those it sent.

import { copy, button, element } from "./dom.ts";
import type { Messages, Report, StreamReport } from "./verifier.ts";
import type { Message } from "./wire.ts";

/** All that was found out about one answer. */
export interface Found {
  report: Report;
  /** Where heads came with the answer. */
  stream: StreamReport | undefined;
  opened: Messages | undefined;
  sent: Message[];
  /** What the file is called when it is kept. */
  file: string;
}

type Line = { name?: string; text: string; trusts?: string };

/** A page's own finding: the receipt's messages against those that were sent. */
export function sameMessages(opened: Messages | undefined, sent: Message[]): boolean | undefined {
  if (!opened?.messages) return undefined;
  const same = (one: { role: string; content: string | null }, at: number) =>
    one.role === sent[at]?.role && one.content === sent[at].content;
  return opened.messages.length === sent.length && opened.messages.every(same);
}

/** One verdict of all of it, and why where it is not verified. */
export function verdict({ report, stream, opened, sent }: Found): { word: string; reason: string | undefined } {
  if (report.verdict === "refuted") return { word: "Refuted", reason: report.reason };
  if (stream?.outcome === "fails") return { word: "Refuted", reason: stream.reason };
  if (report.verdict === "cannot_judge") return { word: "Can’t be judged", reason: report.reason };
  if (sameMessages(opened, sent) === false) {
    return { word: "Refuted", reason: "the receipt is about other messages than this page sent" };
  }
  return { word: "Verified", reason: undefined };
}

export function view(found: Found): HTMLElement {
  const { report, stream, opened, file } = found;
  const { word, reason } = verdict(found);
  const kinds = { Verified: "holds", Refuted: "fails" }[word] ?? "open";
  const what = word === "Verified" ? `all required evidence holds: ${report.required.join(", ")}` : reason;
  const { holds, fails, unchecked } = lines(found);
  const open = [...report.not_established, ...(stream?.not_established ?? [])];
  const box = element("section", `report ${kinds}`);
  box.setAttribute("aria-label", "Report of the check");
  const hide = button("quiet", "Hide", () => box.remove());
  box.append(
    element("div", "verdict", element("strong", "", word), element("span", "", what), hide),
    listed("Does not hold", "bad", fails),
    listed("Established", "yes", holds),
    listed("Not looked at", "dash", unchecked),
    listed("Not established", "no", open.map(({ text }) => ({ text }))),
  );
  if (opened?.messages) box.append(asked(opened.messages));
  if (word !== "Refuted") box.append(replay(file));
  return box;
}

function lines({ report, stream, opened, sent }: Found): Record<"holds" | "fails" | "unchecked", Line[]> {
  const of = (outcome: string) =>
    report.evidence
      .filter((line) => line.outcome === outcome)
      .map(({ kind, claim, trusts, unchecked }) => ({
        name: kind,
        text: unchecked === undefined ? claim : `${claim}: ${unchecked}`,
        ...(unchecked === undefined ? { trusts } : {}),
      }));
  const [holds, fails, unchecked]: [Line[], Line[], Line[]] = [of("holds"), of("fails"), of("not_checked")];
  if (stream?.claim !== undefined) holds.push({ name: "stream", text: stream.claim, trusts: stream.trusts });
  else if (stream) (stream.outcome === "fails" ? fails : unchecked).push({ name: "stream", text: stream.reason ?? "" });
  const same = sameMessages(opened, sent);
  const messages = { name: "messages", text: "the receipt is about the messages that this page sent", trusts: "this page" };
  if (same !== undefined) (same ? holds : fails).push(messages);
  return { holds, fails, unchecked };
}

function listed(title: string, mark: string, lines: Line[]): HTMLElement | string {
  if (lines.length === 0) return "";
  const list = element("ul", mark);
  for (const { name, text, trusts } of lines) {
    const item = name === undefined ? element("li", "", text) : element("li", "", element("b", "", name), " ", text);
    if (trusts !== undefined) item.append(element("span", "trusts", `Trusts: ${trusts}`));
    list.append(item);
  }
  return element("div", "lines", element("h3", "", title), list);
}

/** What the receipt says was asked: an instruction that was slipped in shows here. */
function asked(messages: { role: string; content: string | null }[]): HTMLElement {
  const list = element("dl", "asked");
  for (const { role, content } of messages) list.append(element("dt", "", role), element("dd", "", content ?? ""));
  const summary = element("summary", "", `What was asked, as the receipt opens it (${messages.length})`);
  return element("details", "lines", summary, list);
}

function replay(file: string): HTMLElement {
  const line = `probity verify ${file}`;
  const copies = button("quiet", "Copy", () => void copy(line, copies));
  copies.setAttribute("aria-label", "Copy the command");
  return element(
    "div",
    "lines",
    element("h3", "", "To derive every token again"),
    element("p", "note", "Save the receipt on a machine that has the model, and run"),
    element("div", "command", element("code", "", line), copies),
  );
}
