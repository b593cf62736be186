/**
 * A real page for tests: the machine's Chromium, a bundle for it, and a server
 * that has both a page and whatever else a test attaches to it. Tests that need
 * it say so by `needs("chromium")`.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { chromium as chromiumHere } from "../machine.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The path of this machine's Chromium; `undefined` where there is none. */
const chromiumPath: string | undefined = chromiumHere();

/** Starts Chromium, without a window; `more` are arguments beside the quiet ones. */
export async function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  if (chromiumPath === undefined)
    throw new Error('there is no Chromium here; a test says needs("chromium") first');
  return chromium.launch({ executablePath: chromiumPath, args: [...QUIET, ...more] });
}

/**
 * One script for a page, from a file of this repository or from source text
 * that imports such files by `./src/…`. Fails on anything that a page has not.
 */
export async function bundleForPage(entry: { file: string } | { source: string }): Promise<string> {
  const { outputFiles } = await build({
    ...("file" in entry
      ? { entryPoints: [entry.file], absWorkingDir: root }
      : { stdin: { contents: entry.source, resolveDir: root, loader: "ts" } }),
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

/** A server on a free port of the loopback that serves a page with the script; its connections are cut at `close`. */
export async function servePage(
  script: string,
  body = "",
): Promise<{ server: Server; origin: string; close: () => Promise<void> }> {
  const page = `<!doctype html><meta charset="utf-8"><title>test</title>${body}<script type="module" src="/page.js"></script>`;
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : page);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/**
 * Does to a page what a browser does to a tab in the background: it is hidden,
 * has no animation frames, and is told so. A browser without a window keeps all
 * its tabs in front.
 */
export async function hide(page: Page): Promise<void> {
  await page.evaluate(() => {
    Object.assign(globalThis, { shownFrames: requestAnimationFrame, requestAnimationFrame: () => 0 });
    Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
    Object.defineProperty(document, "visibilityState", { get: () => "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
}

export async function show(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { shownFrames } = globalThis as unknown as { shownFrames: typeof requestAnimationFrame };
    Object.assign(globalThis, { requestAnimationFrame: shownFrames });
    Reflect.deleteProperty(document, "hidden");
    Reflect.deleteProperty(document, "visibilityState");
    document.dispatchEvent(new Event("visibilitychange"));
  });
}

/** A browser that minds its own business: no sandbox as root, no GPU, nothing fetched in the background. */
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--no-first-run",
  "--disable-component-update",
  "--disable-sync",
];
