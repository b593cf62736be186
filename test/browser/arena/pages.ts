/**
 * Pages of the arena for tests. What is asked of a page is asked until it holds, under one
 * deadline, and never after a time. Whatever a page puts on its console as an error is kept.
 */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";

/** A player's page, or the operator's. */
export class ArenaPage {
  readonly page: Page;
  readonly errors: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
    page.on("pageerror", (error) => this.errors.push(String(error)));
  }

  /** What the page says for whoever drives it. */
  data(name: string): Promise<string | undefined> {
    return this.page.evaluate((name) => document.documentElement.dataset[name], name);
  }

  /** Waits until something is true in the page. */
  async until<Arg>(isSo: (arg: Arg) => boolean, arg: Arg): Promise<void> {
    await this.page.waitForFunction(isSo as (arg: unknown) => boolean, arg, { timeout: PATIENCE_MS });
  }

  /** Waits until what it says matches. */
  async untilData(name: string, pattern: RegExp): Promise<void> {
    await this.until(
      ([name, source]) => new RegExp(source).test(document.documentElement.dataset[name] ?? "never said"),
      [name, pattern.source] as const,
    );
  }

  /** Waits until a part of the page says this, with other words around it. */
  async untilSaid(id: string, words: string): Promise<void> {
    await this.until(([id, words]) => document.getElementById(id)?.textContent?.includes(words) === true, [
      id,
      words,
    ] as const);
  }

  /** A picture of it, in a folder that git does not see. */
  async picture(name: string, colorScheme: "light" | "dark"): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.emulateMedia({ colorScheme });
    await this.page.screenshot({ path: `${PICTURES}arena-${name.replaceAll(" ", "-")}-${colorScheme}.png` });
  }
}

/** Opens a page in a window of its own. */
export async function openArena(browser: Browser, url: string): Promise<ArenaPage> {
  const context = await browser.newContext({ viewport: { width: 1_000, height: 640 } });
  const page = new ArenaPage(await context.newPage());
  await page.page.goto(url);
  return page;
}

const PICTURES: string = fileURLToPath(new URL("../../../screenshots/", import.meta.url));
/** A slow machine draws a few frames a second, and starts a program in seconds. */
const PATIENCE_MS = 60_000;
