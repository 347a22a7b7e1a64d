/** What a browser or a server lacks is one clear sentence each. The failed requests are on the console, rightly. */

import { expect, type Route, test } from "@playwright/test";
import { choose } from "./shared.ts";

test.use({ serviceWorkers: "block" }); // they would answer in the place of what is set up here

test("weights that are missing", async ({ page }) => {
  await page.route("**/decoder.onnx", (route) => route.fulfill({ status: 404 }));
  await page.goto("./");
  await choose(page, "sounds/speech.fsq");
  await expect(page.locator("#message")).toHaveText(
    "models/speech-16k/decoder.onnx: cannot be loaded (the server says 404)",
  );
});

test("models that are missing", async ({ page }) => {
  await page.route("**/models.json", (route) => route.fulfill({ status: 404 }));
  await page.goto("./");
  await expect(page.locator("#message")).toHaveText(
    "the models of this page cannot be loaded; write the folder again with audiocodec web",
  );
});

/** Puts a script before that of the worker. */
function inWorker(script: string) {
  return async (route: Route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: script + (await response.text()) });
  };
}

test("a browser without SIMD", async ({ page }) => {
  await page.route("**/worker.js", inWorker("WebAssembly.validate = () => false;"));
  await page.goto("./");
  await choose(page, "sounds/speech.fsq");
  await expect(page.locator("#message")).toHaveText(
    "this browser lacks WebAssembly with SIMD, which the codec needs; a newer browser has it",
  );
});

test("a browser that refuses the memory", async ({ page }) => {
  const refuse = "WebAssembly.Memory = class { constructor() { throw new RangeError('could not allocate memory'); } };";
  await page.route("**/worker.js", inWorker(refuse));
  await page.goto("./");
  await choose(page, "sounds/speech.fsq");
  await expect(page.locator("#message")).toHaveText(
    "the browser refuses the memory that the codec needs; close other tabs or use a computer",
  );
});

test("a microphone that is refused, and none", async ({ browser }) => {
  for (const [name, sentence] of [
    ["NotAllowedError", "the microphone was refused; allow it in the settings of the browser for this page"],
    ["NotFoundError", "there is no microphone"],
  ]) {
    const page = await browser.newPage();
    await page.addInitScript((error) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", error));
    }, name);
    await page.goto("http://localhost:8765/");
    await page.locator("#record").click();
    await expect(page.locator("#message")).toHaveText(sentence);
    await page.locator("#loop").click();
    await expect(page.locator("#message")).toHaveText(sentence);
    await page.close();
  }
});
