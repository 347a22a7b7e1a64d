/** 1:23 or 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, "0"));
  return whole >= 3600 ? [Math.floor(whole / 3600), ...parts].join(":") : parts.join(":").replace(/^0/, "");
}

/** The same in words, for screen readers. */
export function spoken(seconds: number): string {
  const whole = Math.floor(seconds);
  const named = (count: number, unit: string) => (count ? `${count} ${unit}${count === 1 ? "" : "s"}` : "");
  const parts = [named(Math.floor(whole / 60), "minute"), named(whole % 60, "second")].filter(Boolean);
  return parts.join(" ") || "0 seconds";
}
