import { fileURLToPath } from "node:url";
import { defineConfig } from "@playwright/test";

/** Chromium of the system, by $CHROMIUM or its name in Debian. */
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const SITE = "build/web-fixtures/site";
const MICROPHONE = fileURLToPath(new URL("../build/web-fixtures/sounds/speech.wav", import.meta.url));

export default defineConfig({
  testDir: "e2e",
  workers: 1,
  retries: 2, // a busy machine may miss a deadline
  timeout: 200_000,
  expect: { timeout: 60_000 },
  reporter: "list",
  outputDir: "../build/web-tests",
  use: {
    baseURL: "http://localhost:8765/",
    viewport: { width: 1100, height: 900 },
    permissions: ["microphone"],
    launchOptions: {
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--use-fake-device-for-media-stream",
        `--use-file-for-fake-audio-capture=${MICROPHONE}`,
      ],
    },
  },
  webServer: {
    command: `"${process.env.PYTHON ?? "python3"}" -m audiocodec web ${SITE} --serve --port 8765`,
    cwd: "..",
    url: "http://localhost:8765/",
    stdout: "ignore",
  },
});
