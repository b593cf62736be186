import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../browser/browser.ts";
import { DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { recipe } from "./recipe.ts";
import { endPlayers, WebPlayer } from "./web-player.ts";

describe("the recipe of React", { timeout: 3 * DEADLINE_MS, ...needs("chromium") }, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterEach(async () => {
    endPlayers();
    await endAll();
  });
  afterAll(() => browser?.close());

  it("shows in two pages what one of them says, and what another program says", async () => {
    const { port } = await recipe("vite");
    const errors: string[] = [];
    const [first, second] = [await open(port, errors), await open(port, errors)];
    await first.locator("input").fill("hello from one");
    await first.locator("input").press("Enter");
    for (const page of [first, second]) await shows(page, "pre", /^player \d+: hello from one$/);
    expect(await first.locator("input").inputValue()).toBe("");
    const other = new WebPlayer(`ws://127.0.0.1:${port}/play`);
    other.send("<b>hello</b> \u202e\0");
    await shows(second, "pre", /^player \d+: <b>hello<\/b>/m);
    expect(errors).toEqual([]);
  });

  it("shows the last lines of many, and that the server is gone", async () => {
    const { child, port } = await recipe("vite");
    const page = await open(port);
    const other = new WebPlayer(`ws://127.0.0.1:${port}/play`);
    for (let number = 1; number <= 500; number++) other.send(`line ${number}`);
    await shows(page, "pre", /: line 500$/);
    expect((await page.locator("pre").textContent())?.split("\n")).toHaveLength(20);
    await child.kill("SIGKILL");
    await shows(page, "p", /^closed$/);
  });

  /** A page that is connected. Vite may load it again, once it knows what it needs. */
  async function open(port: number, errors: string[] = []): Promise<Page> {
    const page = await browser.newPage();
    page.on("pageerror", ({ message }) => errors.push(message));
    await page.goto(`http://127.0.0.1:${port}/`);
    await shows(page, "p", /^open$/);
    return page;
  }
});

async function shows(page: Page, tag: string, text: RegExp): Promise<void> {
  await page.locator(tag, { hasText: text }).waitFor({ timeout: DEADLINE_MS });
}
