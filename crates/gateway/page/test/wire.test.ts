import assert from "node:assert/strict";
import { test } from "node:test";
import { chunk, models, refusal } from "../src/wire.ts";

const key = (digit: string) => digit.repeat(64);

test("a chunk says what is in it", () => {
  const probity = { job: key("1"), worker: key("2"), blind: key("3"), model_id: key("4") };
  const first = chunk(JSON.stringify({ choices: [{ delta: { role: "assistant", content: "" } }], probity }));
  assert.deepEqual(first.begun, { job: key("1"), worker: key("2"), blind: key("3"), model: key("4") });
  const part = chunk(JSON.stringify({ choices: [{ delta: { content: "hi" } }], probity: { tokens: [5, 4294967295], head: "AQI=" } }));
  assert.deepEqual([part.text, part.tokens, part.head, part.begun], ["hi", [5, 4294967295], new Uint8Array([1, 2]), undefined]);
  const last = chunk(JSON.stringify({ choices: [{ delta: {}, finish_reason: "length" }], probity: { ...probity, blind: undefined, stops: ["cancelled"], receipt_id: key("5") } }));
  assert.deepEqual([last.stop, last.receipt, last.begun], ["cancelled", key("5"), undefined]);
  const usage = chunk(JSON.stringify({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } }));
  assert.deepEqual(usage.usage, { prompt: 3, output: 4 });
});

test("what is not as it should be is not there", () => {
  for (const data of ["", "null", "[]", "7", '"x"', "{", '{"choices":null,"probity":[]}', '{"choices":[null],"probity":{"tokens":3}}']) {
    assert.deepEqual(chunk(data), { text: "", tokens: [] }, data);
  }
  const odd = chunk(JSON.stringify({ choices: [{ delta: { content: 5 } }], probity: { job: "11", worker: key("2"), blind: key("G"), tokens: [-1, 1.5, 4294967296, "7", 8], head: "*" } }));
  assert.deepEqual(odd, { text: "", tokens: [8], head: new Uint8Array() });
});

test("the server's words are read wherever they stand", () => {
  assert.equal(refusal({ error: { message: "no" } }), "no");
  assert.equal(refusal({ error: "no" }), undefined);
  assert.equal(chunk('{"error":{"message":"stopped"}}').error, "stopped");
  assert.deepEqual(models({ data: [{ id: "a" }, { id: 5 }, null, { id: "b" }] }), ["a", "b"]);
  assert.deepEqual(models(undefined), []);
});
