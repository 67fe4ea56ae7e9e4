// Runs a WebAssembly module in node: node run.mjs [--reads FOLDER] MODULE WORDS...
// It gets its words and its output, no network, and no file but those of the folder.
import { readFile } from "node:fs/promises";
import process from "node:process";
import { WASI } from "node:wasi";

const words = process.argv.slice(2);
const reads = words[0] === "--reads";
const folder = reads ? words.splice(0, 2)[1] : null;
const module = words[0];
const preopens = reads ? { [folder]: folder } : {};
const wasi = new WASI({ version: "preview1", args: words, env: {}, preopens });
const compiled = await WebAssembly.compile(await readFile(module));
const instance = await WebAssembly.instantiate(compiled, {
  wasi_snapshot_preview1: wasi.wasiImport,
});
process.exitCode = wasi.start(instance);
