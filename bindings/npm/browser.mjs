// The package as a page loads it, over HTTP: node browser.mjs PACKAGE TESTDATA. Node plays the browser: its loader
// fetches modules as a page would, so that the package finds its WebAssembly beside itself by `fetch`.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { register } from "node:module";
import { join } from "node:path";

const [folder, testdata] = process.argv.slice(2);
const served = { "/index.js": "text/javascript", "/wasm.js": "text/javascript", "/wasm_bg.wasm": "application/wasm" };
const asked = [];
const server = createServer(async (request, answer) => {
  asked.push(request.url);
  const type = served[request.url];
  answer.writeHead(type ? 200 : 404, { "content-type": type ?? "text/plain" });
  answer.end(type ? await readFile(join(folder, request.url)) : "");
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const { port } = server.address();

const loader = `
  export async function resolve(name, context, next) {
    const url = new URL(name, context.parentURL);
    return url.protocol === "http:" ? { url: url.href, shortCircuit: true } : next(name, context);
  }
  export async function load(url, context, next) {
    if (!url.startsWith("http:")) return next(url, context);
    return { format: "module", source: await (await fetch(url)).text(), shortCircuit: true };
  }`;
register(`data:text/javascript,${encodeURIComponent(loader)}`);
const { verify } = await import(`http://127.0.0.1:${port}/index.js`);
const report = verify(await readFile(join(testdata, "bundle.json")));
server.close();
assert.equal(report.verdict, "verified");
assert.deepEqual(asked.sort(), ["/index.js", "/wasm.js", "/wasm_bg.wasm"]);
