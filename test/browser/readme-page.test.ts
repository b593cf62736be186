/**
 * The page of the browser's manual and its server, followed in a new folder as
 * the manual says, in a real page: what one page says the other shows.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { needs } from "../machine.ts";
import { commandsOf, manualAt } from "../manuals/manual.ts";
import {
  DEADLINE_MS,
  freePort,
  isInstall,
  Reader,
  type Running,
  SETUP_MS,
  until,
} from "../manuals/reader.ts";
import { launchBrowser } from "./browser.ts";

const manual = manualAt("src/transport/browser/README.md");
let reader: Reader;
let browser: Browser | undefined;

describe("the page of the browser's manual", needs("chromium"), () => {
  beforeAll(async () => {
    reader = await Reader.of(manual);
    await reader.install();
  }, SETUP_MS);
  afterAll(async () => {
    await browser?.close();
    await reader?.[Symbol.asyncDispose]();
  });

  test(
    "shows what the other page says",
    async () => {
      const port = await freePort();
      reader.write("page.mts");
      reader.write("page-server.mts", port);
      const [bundle = "", serve = ""] = commandsOf(manual).filter((command) => !isInstall(command));
      await reader.run(bundle);
      const server = reader.start(serve, { port });

      browser = await launchBrowser();
      const [first, second] = [await browser.newPage(), await browser.newPage()];
      for (const page of [first, second]) await open(page, server, `http://localhost:${port}/`);
      await first.locator("input").fill("hello from one");
      await first.locator("input").press("Enter");
      await second.locator("pre", { hasText: "hello from one" }).waitFor({ timeout: DEADLINE_MS });
      expect(await first.locator("pre").textContent()).toBe("hello from one\n");
    },
    3 * DEADLINE_MS,
  );
});

/** Opens a page of a server that is just starting: whatever goes wrong with that, it is tried again. */
async function open(page: Page, server: Running, url: string): Promise<void> {
  await server.page(url); // fails when the server is over
  await until(() => page.goto(url));
}
