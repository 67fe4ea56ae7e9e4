// What node says of the files of `cases`, which said it natively: node test.mjs PACKAGE FOLDER.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replay } from "probity-replay";

const [folder, made] = process.argv.slice(2);
const data = (name) => new Uint8Array(readFileSync(join(made, name)));
const verdicts = { honest: "verified", forged: "refuted", other: "cannot_judge" };
const times = [];
for (const [name, verdict] of Object.entries(verdicts)) {
  const start = process.hrtime.bigint();
  const report = replay(data(`${name}.receipt.json`), data(`${name}.gguf`));
  times.push(`${name} ${(process.hrtime.bigint() - start) / 1000000n} ms`);
  assert.deepEqual(report, JSON.parse(readFileSync(join(made, `${name}.report.json`), "utf8")), name);
  assert.equal(report.verdict, verdict, `${name}: ${report.reason}`);
}
assert.throws(() => replay(data("honest.receipt.json"), data("honest.receipt.json")), Error);
console.log(times.join(", "));
