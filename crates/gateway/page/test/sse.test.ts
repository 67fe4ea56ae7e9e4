import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENT_LENGTH_MAX, Events, EventTooLong } from "../src/sse.ts";

const STREAM = 'data: {"a":1}\n\n: keep-alive\n\ndata: two\ndata: lines\nid: 7\n\ndata\n\ndata:bare\r\n\r\rdata: last\r\rdata: cut';
const WANTED = ['{"a":1}', "two\nlines", "", "bare", "last"];

function events(pieces: string[]): string[] {
  const events = new Events();
  return pieces.flatMap((piece) => events.push(piece));
}

test("events come whole, however they are cut", () => {
  assert.deepEqual(events([STREAM]), WANTED);
  assert.deepEqual(events([...STREAM]), WANTED);
  for (let at = 0; at <= STREAM.length; at++) {
    assert.deepEqual(events([STREAM.slice(0, at), "", STREAM.slice(at)]), WANTED, `cut at ${at}`);
  }
});

test("an event has a length", () => {
  const line = "x".repeat(1 << 16);
  const long = new Events();
  assert.throws(() => {
    for (let length = 0; length <= EVENT_LENGTH_MAX; length += line.length) long.push(line);
  }, EventTooLong);
  const many = new Events();
  assert.throws(() => {
    for (let length = 0; length <= EVENT_LENGTH_MAX; length += line.length) many.push(`data:${line}\n`);
  }, EventTooLong);
  const short = new Events();
  for (let event = 0; event < 32; event++) assert.equal(short.push(`data:${line}\n\n`).length, 1);
});
