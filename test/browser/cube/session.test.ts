/** Links that are held, in a real browser: a process stops, the cable is pulled, and the cube goes on. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Child, cube, endAll } from "../../demo/children.ts";
import { needs } from "../../machine.ts";
import { type CubePage, launchWithWebGl, openCube, untilTogether } from "./pages.ts";

describe("windows over sessions", needs("chromium", "signals"), () => {
  let browser: Browser;
  let processes: { mover: Child; mirror: Child };
  let mover: CubePage;
  let mirror: CubePage;

  beforeAll(async () => {
    browser = await launchWithWebGl();
    const at = ["--view", "browser", "--no-open", "--window", "127.0.0.1:0", "--session"];
    const mirrorProcess = cube("mirror", ...at, "--listen", "127.0.0.1:0");
    const mirrorUrl = await mirrorProcess.window();
    const peer = `127.0.0.1:${await mirrorProcess.port()}`;
    const moverProcess = cube("mover", ...at, "--connect", peer);
    processes = { mover: moverProcess, mirror: mirrorProcess };
    mover = await openCube(browser, await moverProcess.window(), { viewport: DESK });
    mirror = await openCube(browser, mirrorUrl, { viewport: DESK });
    for (const { page } of [mover, mirror])
      await page.evaluate(() => document.body.setAttribute("data-same", ""));
    for (const window of [mover, mirror]) await window.untilSaid("peer-title", "linked");
  });

  afterAll(async () => {
    processes?.mirror.process.kill("SIGCONT");
    await browser?.close();
    await endAll();
  });

  /** Nothing was reloaded, nothing complained, and no link of the processes has ended. */
  async function nothingEnded(): Promise<void> {
    for (const { page, errors } of [mover, mirror]) {
      expect(await page.locator("body[data-same]").count()).toBe(1);
      expect(errors).toEqual([]);
    }
    for (const { out } of Object.values(processes))
      expect(out.all.join("\n")).not.toMatch(/link (down|retry)/);
  }

  async function pictures(name: string): Promise<void> {
    for (const colorScheme of ["light", "dark"] as const) {
      await mover.page.emulateMedia({ colorScheme });
      await mirror.page.emulateMedia({ colorScheme });
      await mover.picture(`${name}-mover-${colorScheme}`);
      await mirror.picture(`${name}-mirror-${colorScheme}`);
    }
  }

  test("say what each round trip is", async () => {
    for (const window of [mover, mirror]) {
      await window.untilSaid("process-detail", "window to process: line ");
      await window.until(
        () => / ms$/.test(document.getElementById("line-trip")?.textContent ?? ""),
        undefined,
      );
      await window.until(
        () => / ms$/.test(document.getElementById("frame-trip")?.textContent ?? ""),
        undefined,
      );
    }
  });

  test("count for how long a stopped process holds them, and go on where they were", async () => {
    const place = await untilTogether(mover, mirror);
    processes.mirror.process.kill("SIGSTOP");
    await mirror.untilSaid("process-title", "held for 1 s");
    await mirror.untilSaid("notice", "the process behind this window is held for ");
    await mover.untilSaid("peer-title", "held for 4 s");
    await mover.untilSaid("notice", "the other peer is held for ");
    await pictures("held");
    await mover.page.keyboard.down("KeyD");
    await mover.untilWithin(0, 2, 10);
    await mover.page.keyboard.up("KeyD");
    expect((await mirror.places()).shown).toBe(place); // it waits where it was
    processes.mirror.process.kill("SIGCONT");
    await mover.untilSaid("peer-title", "linked");
    await mover.untilSaid("notice", "the other peer goes on after ");
    await mirror.untilSaid("process-title", "linked");
    expect(await untilTogether(mover, mirror)).not.toBe(place);
    await nothingEnded();
  });

  test("pull the cable of their peer, and nothing ends", async () => {
    await mover.page.locator("label:has(#network-blackhole)").click();
    await mover.untilSaid("peer-title", "held for 1 s");
    await mirror.untilSaid("peer-title", "held for 1 s");
    await pictures("blackhole");
    await mover.page.locator("label:has(#network-perfect)").click();
    for (const window of [mover, mirror]) await window.untilSaid("peer-title", "linked");
    await mover.page.locator("#cut").click();
    await mover.untilSaid("notice", "the other peer goes on after ");
    await mover.page.keyboard.down("KeyA");
    await mover.untilWithin(0, -10, 1);
    await mover.page.keyboard.up("KeyA");
    await untilTogether(mover, mirror);
    await nothingEnded();
  });
});

const DESK = { width: 1_000, height: 860 };
