// Runs the tests of what needs no browser: node test.mjs. Each is built as the page is, and run by node's own runner.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const tests = readdirSync("test").filter((file) => file.endsWith(".test.ts"));
const made = tests.map((file) => `made/${file.replace(/ts$/, "mjs")}`);
await build({
  entryPoints: tests.map((file) => `test/${file}`),
  bundle: true,
  format: "esm",
  platform: "node",
  outdir: "made",
  outExtension: { ".js": ".mjs" },
  logLevel: "warning",
});
const { status, stdout, stderr } = spawnSync(process.execPath, ["--test", ...made], { encoding: "utf8" });
if (status !== 0) {
  console.error(stdout, stderr);
  process.exit(1);
}
console.log(`${/^# pass (\d+)/m.exec(stdout)?.[1] ?? "?"} tests of the page`);
