// Builds the page's assets: node build.mjs ASSETS, where npm installed what package.json pins and probity-light lies
// beside it. Nothing is read from outside this folder; the same sources give the same bytes.
import { build } from "esbuild";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";

const [assets] = process.argv.slice(2);
const common = { bundle: true, minify: true, legalComments: "none", target: "es2022", logLevel: "warning", charset: "utf8" };

await build({ ...common, entryPoints: ["src/page.ts"], format: "esm", outfile: join(assets, "page.js") });
await build({ ...common, entryPoints: ["src/theme.ts"], format: "iife", outfile: join(assets, "theme.js") });
await build({ ...common, entryPoints: ["src/page.css"], outfile: join(assets, "page.css") });
// The package as anybody installs it; only its way for node is left where it is.
await build({
  ...common,
  entryPoints: ["node_modules/probity-light/index.js"],
  external: ["node:fs/promises"],
  format: "esm",
  outfile: join(assets, "light.js"),
});
await copyFile("node_modules/probity-light/wasm_bg.wasm", join(assets, "wasm_bg.wasm"));
for (const file of ["index.html", "icon.svg"]) await copyFile(join("src", file), join(assets, file));
