/**
 * What a page loads: nothing of Node's, and how much. The sizes are printed, so
 * that a change that costs bytes is seen.
 */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { bundleForPage } from "./browser.ts";

const KIBIBYTE = 1_024;

/** The manual says what a page may weigh. */
const manual = readFileSync(new URL("../../src/transport/browser/README.md", import.meta.url), "utf8");

/**
 * What pages import, and the most that it may weigh, minified and gzipped: near
 * what it does weigh, so that what is added is seen. A poller, a WebSocket, lines
 * and a loop may weigh 15.8 KiB: what a later part adds is paid by the pages that
 * import it.
 */
const PAGES = [
  { page: "the client itself", names: "Poller, websocket, bytes", mostBytes: 13.3 * KIBIBYTE },
  { page: "lines and a loop", names: "Poller, websocket, lines, runLoop", mostBytes: 15.8 * KIBIBYTE },
  { page: "records", names: "Poller, websocket, struct", mostBytes: 20 * KIBIBYTE },
  { page: "everything there is", names: undefined, mostBytes: 56.7 * KIBIBYTE },
];

describe("the bundle of a page", () => {
  test.each(PAGES)("with $page is no larger than it may be", async ({ page, names, mostBytes }) => {
    const contents = `export ${names === undefined ? "*" : `{ ${names} }`} from "./src/browser.ts";`;
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: new URL("../..", import.meta.url).pathname },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      write: false,
    });
    const minified = outputFiles[0]?.contents ?? new Uint8Array();
    const zippedBytes = gzipSync(minified, { level: 9 }).length;
    console.log(`a page with ${page}: ${minified.length} bytes minified, ${zippedBytes} gzipped`);
    expect(zippedBytes).toBeGreaterThan(2 * KIBIBYTE);
    expect(manual).toContain(`${mostBytes / KIBIBYTE} KiB`);
    expect(zippedBytes).toBeLessThan(mostBytes);
  });

  test("has no import left, and none of Node's names", async () => {
    const script = await bundleForPage({ source: 'export * from "./src/browser.ts";' });
    expect(script).toContain("requestAnimationFrame");
    expect(script).not.toMatch(/\bnode:|^import\b|\brequire\(|\bBuffer\b|\bprocess\./m);
  });

  test("cannot be made of what needs Node", async () => {
    const source = 'export { tcp } from "./src/index.ts";';
    await expect(bundleForPage({ source })).rejects.toThrow(/node:net/);
  });
});
