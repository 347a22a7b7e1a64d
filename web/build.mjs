// Builds the page and the player into one folder, with the runtime beside them, and the library into dist/.
//
//     node build.mjs ../audiocodec/web/page

import { build } from "esbuild";
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
await build({ ...module, entryPoints: ["src/page/page.ts", "src/player/player.ts"], entryNames: "[name]", outdir: folder });
await build({ ...script, entryPoints: ["src/page/sw.ts", "src/page/worklet.ts", "src/player/single.ts"], entryNames: "[name]", outdir: folder });
await build({ ...script, entryPoints: ["src/worker/main.ts"], outfile: `${folder}/worker.js` });
await build({ ...shared, entryPoints: ["src/page/page.css"], outdir: folder });
for (const name of ["index.html", "icon.svg", "single.html"]) {
  cpSync(`src/page/${name}`, `${folder}/${name}`);
}

// The runtime, packed: not every host compresses. Licences of what is inside go with it.
const runtime = readFileSync("node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm");
writeFileSync(`${folder}/runtime.wasm.gz`, gzipSync(runtime, { level: 9 }));
const licences = ["onnxruntime-web/package.json", "@echogarden/speex-resampler-wasm/COPYING"];
writeFileSync(`${folder}/licences.txt`, notice(licences.map((name) => readFileSync(`node_modules/${name}`, "utf8"))));

function notice([runtimePackage, copying]) {
  const { version, license } = JSON.parse(runtimePackage);
  return `ONNX Runtime ${version}, Microsoft Corporation, ${license} licence\n\nSpeex resampler\n\n${copying}`;
}
