/**
 * Real windows of the cube for tests, drawn without a GPU. What is asked of a page is asked until it holds, under one deadline, and
 * never after a time. Whatever a page puts on its console as an error is kept.
 */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser } from "../browser.ts";

/** One page with a cube. */
export class CubePage {
  readonly page: Page;
  readonly errors: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
    page.on("pageerror", (error) => this.errors.push(String(error)));
  }

  /** The position that was sent or received last, and where it is drawn, each as `x y z`. */
  places(): Promise<{ position: string; shown: string }> {
    return this.page.evaluate(() => {
      const { position = "", shown = "" } = document.getElementById("position")?.dataset ?? {};
      return { position, shown };
    });
  }

  async text(id: string): Promise<string> {
    return (await this.page.locator(`#${id}`).textContent()) ?? "";
  }

  /** Waits until something is true in the page. */
  async until<Arg>(isSo: (arg: Arg) => boolean, arg: Arg): Promise<void> {
    await this.page.waitForFunction(isSo as (arg: unknown) => boolean, arg, { timeout: PATIENCE_MS });
  }

  /** Waits until the cube's coordinate on one axis is from `least` to `most`. */
  async untilWithin(axis: 0 | 1 | 2, least: number, most: number): Promise<void> {
    await this.until(
      ([axis, least, most]) => {
        const value = Number(document.getElementById("position")?.dataset.position?.split(" ")[axis]);
        return value >= least && value <= most;
      },
      [axis, least, most] as const,
    );
  }

  /** Waits until a part of the page says this, with other words around it. */
  async untilSaid(id: string, words: string): Promise<void> {
    await this.until(([id, words]) => document.getElementById(id)?.textContent.includes(words) === true, [
      id,
      words,
    ] as const);
  }

  /** Waits until the cube is there, and is drawn there. */
  async untilAt(place: string): Promise<void> {
    await this.until((place) => {
      const { position, shown } = document.getElementById("position")?.dataset ?? {};
      return position === place && shown === place;
    }, place);
  }

  /** Feels for the cube: where over it the pointer turns into a hand; `undefined` when it does nowhere. */
  findCube(): Promise<{ x: number; y: number } | undefined> {
    return this.page.evaluate(() => {
      const stage = document.getElementById("stage");
      const found: { x: number; y: number }[] = [];
      for (let clientY = 4; clientY < innerHeight; clientY += 8) {
        for (let clientX = 4; clientX < innerWidth; clientX += 8) {
          stage?.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, pointerType: "mouse" }));
          if (stage?.style.cursor === "grab") found.push({ x: clientX, y: clientY });
        }
      }
      return found[Math.floor(found.length / 2)];
    });
  }

  /** Does what a browser does to a tab in the background: no frames, and the page is told. */
  async hide(): Promise<void> {
    await this.page.evaluate(() => {
      Object.assign(globalThis, { shownFrames: requestAnimationFrame, requestAnimationFrame: () => 0 });
      Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
      Object.defineProperty(document, "visibilityState", { get: () => "hidden", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
  }

  async unhide(): Promise<void> {
    await this.page.evaluate(() => {
      const { shownFrames } = globalThis as unknown as { shownFrames: typeof requestAnimationFrame };
      Object.assign(globalThis, { requestAnimationFrame: shownFrames });
      Reflect.deleteProperty(document, "hidden");
      Reflect.deleteProperty(document, "visibilityState");
      document.dispatchEvent(new Event("visibilitychange"));
    });
  }

  /** A picture of it, in a folder that git does not see. */
  async picture(name: string): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.screenshot({ path: `${PICTURES}${name}.png` });
  }
}

/** Starts Chromium with WebGL in software. */
export function launchWithWebGl(): Promise<Browser> {
  return launchBrowser(["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]);
}

/** Opens a window of its own, small, so that drawing it without a GPU is quick. */
export async function openCube(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<CubePage> {
  const context = await browser.newContext({ viewport: { width: 400, height: 340 }, ...options });
  const page = new CubePage(await context.newPage());
  await page.page.goto(url);
  await page.until(() => document.documentElement.dataset.role !== undefined, undefined);
  return page;
}

/** Waits until both rest at the same place, and answers which. */
export async function untilTogether(one: CubePage, other: CubePage): Promise<string> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const [before, seen, after] = [await one.places(), await other.places(), await one.places()];
    const isOnePlace = new Set([before.position, seen.position, seen.shown, after.position]).size === 1;
    if (isOnePlace) return after.position;
    if (performance.now() > deadlineMs) {
      throw new Error(`one is at ${after.position}, the other at ${seen.position}, drawn at ${seen.shown}`);
    }
  }
}

const PICTURES: string = fileURLToPath(new URL("../../../screenshots/", import.meta.url));
/** A slow machine draws a few frames a second, and starts a program in seconds. */
const PATIENCE_MS = 60_000;
