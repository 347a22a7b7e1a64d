/**
 * Keeps the page on the device. The build puts the names of its files and their hash before this script; models and
 * runtime are kept when they are first used.
 */

/// <reference lib="webworker" />

declare const self: ServiceWorkerGlobalScope & { readonly VERSION: string; readonly FILES: readonly string[] };

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(self.VERSION).then((cache) => cache.addAll([...self.FILES])));
  void self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => names.filter((name) => name !== self.VERSION));
  event.waitUntil(old.then((names) => Promise.all(names.map((name) => caches.delete(name)))));
  event.waitUntil(self.clients.claim());
});

async function answer(event: FetchEvent): Promise<Response> {
  const cache = await caches.open(self.VERSION);
  const kept = await cache.match(event.request, { ignoreSearch: true });
  if (kept) {
    return kept;
  }
  const response = await fetch(event.request);
  if (response.ok && /\/(models\/|runtime)/.test(new URL(event.request.url).pathname)) {
    const copy = response.clone();
    event.waitUntil(cache.put(event.request, copy).catch(() => undefined)); // a full disk keeps nothing from working
  }
  return response;
}

self.addEventListener("fetch", (event) => {
  const ours = event.request.url.startsWith(self.registration.scope);
  if (ours && event.request.method === "GET" && !event.request.headers.has("range")) {
    event.respondWith(answer(event));
  }
});
export {};
