// Builds the page and the player into one folder, with the runtime beside them, and the npm package into dist/.
//
//     node build.mjs ../audiocodec/web/page

import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const folder = process.argv[2];
const speex = "./node_modules/@echogarden/speex-resampler-wasm/wasm/speex-resampler-simd.wasm";
const shared = {
  bundle: true,
  minify: true,
  target: "es2022",
  alias: { "speex.wasm": speex },
  loader: { ".wasm": "binary" },
  legalComments: "none",
  logLevel: "warning",
};
const module = { ...shared, format: "esm" };
const script = { ...shared, format: "iife", define: { "import.meta.url": "self.location.href" } };

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const modules = { page: "src/page/page.ts", player: "src/player/player.ts", codec: "src/browser.ts" };
const scripts = { sw: "src/page/sw.ts", worklet: "src/page/worklet.ts", single: "src/player/single.ts" };
await build({ ...module, entryPoints: modules, outdir: folder });
await build({ ...script, entryPoints: { ...scripts, worker: "src/worker/main.ts" }, outdir: folder });
await build({ ...shared, entryPoints: ["src/page/page.css"], outdir: folder });
for (const name of ["index.html", "icon.svg", "single.html"]) {
  cpSync(`src/page/${name}`, `${folder}/${name}`);
}

rmSync("dist", { recursive: true, force: true });
const library = { index: "src/index.ts", browser: "src/browser.ts", node: "src/node.ts", player: "src/player/player.ts" };
await build({ ...module, minify: false, platform: "node", packages: "external", entryPoints: library, outdir: "dist" });
cpSync(`${folder}/worker.js`, "dist/worker.js");
execFileSync("npx", ["tsc", "-p", "tsconfig.types.json"], { stdio: "inherit" });

// The runtime, packed: not every host compresses. Licences of what is inside go with it.
const runtime = readFileSync("node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm");
writeFileSync(`${folder}/runtime.wasm.gz`, gzipSync(runtime, { level: 9 }));
const { version } = JSON.parse(readFileSync("node_modules/onnxruntime-web/package.json", "utf8"));
const mit = readFileSync("LICENSE", "utf8").replace(/Copyright .*/, "Copyright (c) Microsoft Corporation");
const speexLicence = readFileSync("node_modules/@echogarden/speex-resampler-wasm/COPYING", "utf8");
const runtimeNotice = `ONNX Runtime ${version} (what it holds of others is in its ThirdPartyNotices.txt)`;
writeFileSync(`${folder}/licences.txt`, `${runtimeNotice}\n\n${mit}\n\nSpeex resampler\n\n${speexLicence}`);
