import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, json, Literal, read, type Range } from "../src/decimal.ts";

const PENALTY: Range = { least: "-2", most: "2", whole: false };
const SEED: Range = { least: "0", most: "18446744073709551615", whole: true };

function digits(text: string, range: Range): string | undefined {
  const value = read(text, range);
  if (value instanceof Error) return "wrong";
  return value?.digits;
}

test("a decimal is sent as it was typed, without what says nothing", () => {
  const cases = [
    ["", undefined], ["  ", undefined], ["0.7", "0.7"], [" 1 ", "1"], ["00.70", "0.7"], ["0,25", "0.25"], ["-0.0", "0"],
    ["-1.5", "-1.5"], ["-0.5", "-0.5"], ["2.000", "2"], ["-2", "-2"], ["0.1234567890123456789", "0.1234567890123456789"],
    ["2.0000000000000000001", "wrong"], ["-2.1", "wrong"], ["1e3", "wrong"], [".5", "wrong"], ["1.", "wrong"], ["+1", "wrong"],
    ["NaN", "wrong"], ["1 2", "wrong"], ["１", "wrong"], ["0".repeat(33), "wrong"],
  ] as const;
  for (const [typed, wanted] of cases) assert.equal(digits(typed, PENALTY), wanted, JSON.stringify(typed));
});

test("a seed keeps all its digits", () => {
  assert.equal(digits("18446744073709551615", SEED), "18446744073709551615");
  assert.equal(digits("9007199254740993", SEED), "9007199254740993");
  for (const wrong of ["18446744073709551616", "-1", "1.5", "1.0"]) assert.equal(digits(wrong, SEED), "wrong", wrong);
});

test("decimals are compared exactly", () => {
  const ascending = ["-10", "-2", "-1.5", "-0.5", "-0.05", "0", "0.05", "0.5", "1", "1.000000000000000000001", "9", "10"];
  ascending.forEach((a, at) => ascending.forEach((b, other) => assert.equal(Math.sign(compare(a, b)), Math.sign(at - other), `${a} ${b}`)));
});

test("JSON holds literals by their digits", () => {
  const value = { a: new Literal("0.10"), b: [new Literal("9007199254740993"), "x\"\n", null, true], c: undefined, d: {} };
  assert.equal(json(value), '{"a":0.10,"b":[9007199254740993,"x\\"\\n",null,true],"d":{}}');
});
