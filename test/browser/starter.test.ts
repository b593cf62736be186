/**
 * The page of a new game, as `npx tickwire new` writes it, in a real page: two of
 * them play, whether Vite serves them or the built files are served.
 */
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { needs } from "../machine.ts";
import { manualOf } from "../manuals/manual.ts";
import { DEADLINE_MS, freePort, Reader, SETUP_MS, until } from "../manuals/reader.ts";
import { INSTALL } from "../starter/install.ts";
import { launchBrowser } from "./browser.ts";

describe("the page of a new game", { timeout: 4 * DEADLINE_MS, ...needs("chromium") }, () => {
  let reader: Reader;
  let browser: Browser;

  beforeAll(async () => {
    reader = await Reader.of(manualOf("a new game", INSTALL));
    await reader.install();
    await reader.run("npx tickwire new pong");
    browser = await launchBrowser();
  }, SETUP_MS);
  afterEach(() => reader.endAll());
  afterAll(async () => {
    await browser?.close();
    await reader?.[Symbol.asyncDispose]();
  });

  test.each(["npm run build && npm start", "npm run dev"])("is played by two after %s", async (command) => {
    const port = await freePort();
    const server = reader.start(`export PORT=${port}; ${command}`, { cwd: join(reader.folder, "pong") });
    const url = `http://localhost:${port}/`;
    await server.page(url);
    const [left, right] = [await browser.newPage(), await browser.newPage()];
    const errors: string[] = [];
    for (const page of [left, right]) {
      page.on("pageerror", ({ message }) => errors.push(message));
      await until(() => page.goto(url));
      await page.locator("p", { hasText: "two players" }).waitFor({ timeout: DEADLINE_MS });
    }
    await left.bringToFront();
    await left.keyboard.down("ArrowUp");
    await until(() => isPaddleAtTop(left)); // the first who came has the left one
    await left.keyboard.up("ArrowUp");
    expect(errors).toEqual([]);
    for (const page of [left, right]) await page.close();
  });
});

function isPaddleAtTop(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const pen = document.querySelector("canvas")?.getContext("2d");
    return (pen?.getImageData(3, 3, 1, 1).data[3] ?? 0) > 0;
  });
}
