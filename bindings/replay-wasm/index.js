// Replays the receipt of an answer: what index.d.ts says. Nothing is sent anywhere.
import { initSync, replay as check } from "./wasm.js";

// The module lies beside this file, in a browser and in node.
const url = new URL("./wasm_bg.wasm", import.meta.url);
initSync({ module: await WebAssembly.compile(await bytes(url)) });

async function bytes(url) {
  if (url.protocol === "file:") {
    const { readFile } = await import("node:fs/promises");
    return readFile(url);
  }
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.arrayBuffer();
}

export function replay(receipt, model, opening) {
  const shown = opening == null ? undefined : octets("opening", opening);
  return JSON.parse(check(octets("receipt", receipt), octets("model", model), shown));
}

function octets(name, value) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new TypeError(`${name}: expected its bytes`);
}
