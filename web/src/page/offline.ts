/** The service worker, and keeping models and runtime on the device before they are needed. */

import type { ModelFacts } from "../browser.ts";
import { byId, bytesText } from "./dom.ts";

/** Not on pages of plain http, where browsers have no service worker. */
export async function registerOffline(): Promise<void> {
  if (navigator.serviceWorker) {
    await navigator.serviceWorker.register("sw.js").catch(() => undefined);
  }
}

const CONTROL_MS = 3000; // the service worker takes over in less, or not at all

/** On a first visit: until the service worker keeps what is loaded. */
export async function controlled(): Promise<void> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (container && !container.controller && (await container.getRegistration())) {
    await new Promise((resolve) => {
      container.addEventListener("controllerchange", resolve, { once: true });
      setTimeout(resolve, CONTROL_MS);
    });
  }
}

/** Whether the service worker has put a file away; it does so behind the answer. */
async function isKept(name: string): Promise<boolean> {
  for (const end = Date.now() + CONTROL_MS; Date.now() < end; ) {
    if (await caches.match(name)) {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

export function wireOffline(models: readonly ModelFacts[]): void {
  if (!navigator.serviceWorker) {
    return;
  }
  byId("offline").hidden = false;
  const size = models.reduce((sum, model) => sum + model.encoderBytes + model.decoderBytes, 0);
  const [button, kept] = [byId<HTMLButtonElement>("keep"), byId("kept")];
  kept.textContent = `${bytesText(size)} of models and the runtime; used ones are kept anyway.`;
  button.onclick = async () => {
    button.disabled = true;
    const entropy = models.flatMap((model) => [model.entropy, model.jointEntropy]).filter((hash) => /[^0]/.test(hash));
    const graphs = models.flatMap(({ name }) => ["encoder", "decoder"].map((part) => `${name}/${part}.onnx`));
    const names = [...graphs, "models.json", ...new Set(entropy.map((hash) => `entropy/${hash}`))];
    try {
      await controlled();
      for (const name of ["runtime.wasm.gz", ...names.map((file) => `models/${file}`)]) {
        kept.textContent = `Loading ${name} ...`;
        const response = await fetch(name);
        if (!response.ok) {
          throw new Error(`the server says ${response.status}`);
        }
        await response.arrayBuffer();
        if (!(await isKept(name))) {
          throw new Error("the browser keeps nothing for this page");
        }
      }
      kept.textContent = "Kept: this page now works without a network.";
    } catch (error) {
      kept.textContent = `Not everything could be loaded (${(error as Error).message}).`;
      button.disabled = false;
    }
  };
}
