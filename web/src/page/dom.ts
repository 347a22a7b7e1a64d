/** Elements of the page by their ids. */
export function byId<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** 1.2 MB, 3.6 kB, 512 bytes. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) {
    return `${bytes} bytes`;
  }
  return bytes < 1e6 ? `${(bytes / 1e3).toPrecision(3)} kB` : `${(bytes / 1e6).toPrecision(3)} MB`;
}

export function rateText(bitsPerSecond: number): string {
  return `${(bitsPerSecond / 1000).toFixed(2)} kbit/s`;
}

/** Offers bytes as a file. */
export function save(bytes: Uint8Array<ArrayBuffer>, name: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function say(message: string): void {
  byId("message").textContent = message;
}
