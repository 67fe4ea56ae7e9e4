// The agreed cases in JavaScript: node test.mjs PACKAGE TESTDATA, from where probity-light is installed. Prints the
// median times of checks and the size of the module.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { messages, nextStart, Stream, verify, verifyBundle } from "probity-light";

const [folder, testdata] = process.argv.slice(2);
const data = (name) => new Uint8Array(readFileSync(join(testdata, name)));
const agreed = JSON.parse(readFileSync(join(testdata, "reports.json"), "utf8"));

function report(of) {
  const file = of.text === undefined ? data(of.file) : new TextEncoder().encode(of.text);
  for (const [at, is] of of.edits ?? []) file.set(new TextEncoder().encode(is), at);
  const opening = of.opening ? data("opening.bin").slice(0, of.opening_length) : undefined;
  return verify(file.slice(0, of.length), opening, { network: of.network, required: of.required });
}
for (const { name, report: expected, ...of } of agreed.cases) {
  assert.deepEqual(report(of), expected, name);
}

const { file, step, sha256 } = agreed.sweep;
const hash = createHash("sha256");
const bytes = data(file);
for (let at = 0; at < bytes.length; at += step) {
  bytes[at] ^= 1;
  const { verdict, reason } = verify(bytes);
  assert.notEqual(verdict, "verified", `byte ${at}`);
  hash.update(`${at} ${verdict} ${reason}\n`);
  bytes[at] ^= 1;
}
assert.equal(hash.digest("hex"), sha256, "an altered byte");

// The file as text, and as a whole buffer; mistakes of the caller are thrown.
assert.equal(verify(new TextDecoder().decode(bytes)).verdict, "verified");
assert.equal(verify(bytes.slice().buffer, null).verdict, "verified");
assert.throws(() => verify(bytes, undefined, { required: ["audit"] }), /"audit" is no kind of evidence/);
assert.throws(() => verify(bytes, undefined, { network: "ab" }), /a network is 64/);
assert.throws(() => verify(), TypeError);
assert.throws(() => verify(bytes, "AQAJ"), TypeError);

// The module can do no more than what it imports: nothing that reads a file, a clock or a socket.
const module = new WebAssembly.Module(readFileSync(join(folder, "wasm_bg.wasm")));
const imported = WebAssembly.Module.imports(module).map(({ name }) => name.replace(/_[0-9a-f]{16}$/, ""));
const harmless = ["__wbg_Error", "__wbg___wbindgen_string_get", "__wbg___wbindgen_throw", "__wbindgen_init_externref_table"];
assert.deepEqual(imported.sort(), harmless);

// A network's bundle, from the genesis file alone.
const [genesis, bundle] = [data("genesis.bin"), data("network_bundle.json")];
const now = 1_700_000_100_000;
const placed = verifyBundle(genesis, bundle, { now });
assert.equal(placed.verdict, "verified", placed.reason);
assert.equal(placed.anchor.fresh, "fresh");
assert.equal(placed.anchor.size, 1000);
assert.equal(verifyBundle(genesis, new TextDecoder().decode(bundle)).anchor.fresh, "old");
const text = new TextDecoder().decode(bundle);
assert.equal(verifyBundle(genesis, text.replace(/"index": \d+/, '"index": 5'), { now }).verdict, "refuted");
assert.equal(verifyBundle(genesis, "{}", { now }).why, "malformed");
assert.throws(() => verifyBundle(bundle, bundle, { now }), /no genesis/);
assert.throws(() => verifyBundle(genesis, bundle, { now, start: genesis }), /no start/);
// What every language says of bundles, of seats and of a group.
function agree(genesis, bundle, reports) {
  const text = new TextDecoder().decode(bundle);
  const { cases } = JSON.parse(readFileSync(join(testdata, reports), "utf8"));
  for (const { name, start, next, replace, report: expected, ...options } of cases) {
    const whole = text.replace(...(replace ?? ["", ""]));
    const from = { ...options, start: start && new Uint8Array(Buffer.from(start, "hex")) };
    assert.deepEqual(verifyBundle(genesis, whole, from), expected, name);
    const found = nextStart(genesis, whole, from);
    assert.equal(found && Buffer.from(found).toString("hex"), next, name);
  }
}
agree(genesis, bundle, "network_reports.json");
const [groupGenesis, groupBundle] = [data("group_genesis.bin"), data("group_bundle.json")];
agree(groupGenesis, groupBundle, "group_reports.json");

const streams = JSON.parse(readFileSync(join(testdata, "streams.json"), "utf8"));
for (const { name, begun, steps, report: expected } of streams.cases) {
  const stream = new Stream(begun);
  for (const { token, head, ended } of steps) {
    if (token !== undefined) stream.token(token);
    if (head !== undefined) stream.head(new Uint8Array(Buffer.from(head, "base64")));
    if (ended !== undefined) stream.ended(ended);
  }
  assert.deepEqual(stream.report(), expected, name);
}
const { begun, steps } = streams.cases.find(({ name }) => name === "with its receipt");
assert.deepEqual(messages(steps.at(-1).ended), { messages: [{ role: "user", content: "hi" }] });
assert.deepEqual(messages(bytes), { text: "hi" });
assert.equal(messages("{}"), undefined);
assert.equal(messages(data("receipt.json")), undefined);
assert.throws(() => new Stream({ ...begun, blind: "ab" }), /a blind is 64/);
assert.throws(() => new Stream(begun).token(-1), TypeError);
assert.throws(() => new Stream(begun).head("AQAJ"), TypeError);

const median = (check) => {
  const times = Array.from({ length: 200 }, () => {
    const start = process.hrtime.bigint();
    assert.equal(check().verdict, "verified");
    return Number((process.hrtime.bigint() - start) / 1000n);
  });
  return times.sort((a, b) => a - b)[100];
};
// From the start behind the last header every link is passed over, and its certificate with it; all else is checked.
function timed(genesis, bundle) {
  const start = nextStart(genesis, bundle, { now });
  const [without, by] = [{ now, start }, { now }].map((from) => median(() => verifyBundle(genesis, bundle, from)));
  return `${without} us without the certificate, ${by} us with it, ${bundle.length} bytes`;
}
const size = gzipSync(readFileSync(join(folder, "wasm_bg.wasm")), { level: 9 }).length;
console.log(`${median(() => verify(bytes))} us per check, ${size} bytes of module (gzip)`);
console.log(`bundle of a network: ${timed(genesis, bundle)}`);
console.log(`where a group certifies: ${timed(groupGenesis, groupBundle)}`);
