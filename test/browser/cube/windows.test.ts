/** The cube's windows in a real browser: two processes, their pages, and a person's hands. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Child, cube, endAll } from "../../demo/children.ts";
import { needs } from "../../machine.ts";
import { quietPort } from "../../ports.ts";
import { type CubePage, launchWithWebGl, openCube, untilTogether } from "./pages.ts";

describe("the cube's windows", needs("chromium"), () => {
  let browser: Browser;
  let processes: { mover: Child; mirror: Child };
  let places: { peer: string; mover: string; mirror: string };
  let mover: CubePage;
  let mirror: CubePage;
  const others: CubePage[] = [];

  beforeAll(async () => {
    browser = await launchWithWebGl();
    const port = await quietPort(3); // as each of the processes comes back where it was
    const at = [0, 1, 2].map((index) => `127.0.0.1:${port + index}`) as [string, string, string];
    const mirrorProcess = cube("mirror", ...WINDOWED, "--window", at[0], "--listen", at[1]);
    const mirrorUrl = await mirrorProcess.window();
    const peer = `127.0.0.1:${await mirrorProcess.port()}`;
    const moverProcess = cube("mover", ...WINDOWED, "--window", at[2], "--connect", peer);
    processes = { mover: moverProcess, mirror: mirrorProcess };
    places = { peer, mover: await moverProcess.window(), mirror: mirrorUrl };
    mover = await openCube(browser, places.mover);
    mirror = await openCube(browser, places.mirror);
    await mover.untilSaid("peer-title", "linked");
    await mirror.untilSaid("peer-title", "linked");
  });

  afterEach(async () => {
    await closeOthers();
    expect(mover.errors).toEqual([]);
    expect(mirror.errors).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await endAll();
  });

  async function closeOthers(): Promise<void> {
    for (const page of others.splice(0)) {
      expect(page.errors).toEqual([]);
      await page.page.context().close();
    }
  }

  /** One more window on a process, for one test. */
  async function another(url: string, options: Parameters<typeof openCube>[2] = {}): Promise<CubePage> {
    const page = await openCube(browser, url, options);
    others.push(page);
    return page;
  }

  test("say whose they are, and how their links stand", async () => {
    expect(await mover.text("role")).toBe("mover");
    expect(await mirror.text("role")).toBe("mirror");
    expect(await mirror.page.title()).toBe("mirror · tickwire cube");
    expect(await mover.text("peer-detail")).toContain(places.peer);
    await mover.untilSaid("process-detail", "ms");
  });

  test("a key that is held moves the cube, and the mirror comes to the same place", async () => {
    await mover.page.keyboard.down("KeyD");
    await mover.untilWithin(0, 2, 10);
    await mover.page.keyboard.down("KeyQ");
    await mover.untilWithin(1, 2, 10);
    await mover.page.keyboard.up("KeyD");
    await mover.page.keyboard.up("KeyQ");
    const [x = 0, y = 0, z = 0] = numbers(await untilTogether(mover, mirror));
    expect(x).toBeGreaterThan(2);
    expect(y).toBeGreaterThan(2);
    expect(z).toBe(0);
  });

  test("space stops at once, and a control keeps its own keys", async () => {
    await mover.page.keyboard.down("ArrowLeft");
    await mover.untilWithin(0, -10, 0);
    await mover.page.keyboard.up("ArrowLeft");
    await mover.page.keyboard.press("Space");
    const place = await untilTogether(mover, mirror);
    await mover.page.locator("#more summary").click();
    await mover.page.locator("#format-json").focus();
    await mover.page.keyboard.press("KeyD");
    await mover.page.keyboard.press("KeyQ");
    await mover.page.locator("#format-text").focus();
    await mover.page.locator("#more summary").click();
    expect(await untilTogether(mover, mirror)).toBe(place);
  });

  test("the mouse drags the cube over the ground, and with Shift up and down", async () => {
    const [x0 = 0, y0 = 0, z0 = 0] = numbers(await untilTogether(mover, mirror));
    const at = await cubeIn(mover);
    await mover.page.mouse.move(at.x, at.y);
    await mover.page.mouse.down();
    await mover.page.mouse.move(at.x + 40, at.y + 6, { steps: 5 });
    await mover.page.mouse.up();
    const [x1 = 0, y1 = 0, z1 = 0] = numbers(await untilTogether(mover, mirror));
    expect(x1).toBeGreaterThan(x0 + 1);
    expect(y1).toBe(y0);
    expect(z1).not.toBe(z0);

    const there = await cubeIn(mover);
    await mover.page.keyboard.down("Shift");
    await mover.page.mouse.move(there.x, there.y);
    await mover.page.mouse.down();
    await mover.page.mouse.move(there.x + 15, there.y + 30, { steps: 5 });
    await mover.page.mouse.up();
    await mover.page.keyboard.up("Shift");
    const [x2 = 0, y2 = 0, z2 = 0] = numbers(await untilTogether(mover, mirror));
    expect(y2).toBeLessThan(y1 - 1);
    expect([x2, z2]).toEqual([x1, z1]);
  });

  test("beside the cube the mouse turns the camera, and in the mirror everywhere", async () => {
    const place = await untilTogether(mover, mirror);
    for (const window of [mover, mirror]) {
      const before = await window.page.screenshot({ clip: WORLD });
      await window.page.mouse.move(30, 30);
      await window.page.mouse.down();
      await window.page.mouse.move(130, 60, { steps: 4 });
      await window.page.mouse.up();
      expect(before.equals(await window.page.screenshot({ clip: WORLD }))).toBe(false);
    }
    expect(await mirror.findCube()).toBeUndefined();
    expect(await untilTogether(mover, mirror)).toBe(place);
    await mover.page.reload();
    await mirror.page.reload();
    await mover.untilAt(place);
    await mirror.untilAt(place);
  });

  test("the switch changes the format, in all windows of the peer, and shows what each takes", async () => {
    const second = await another(places.mover);
    await mover.page.locator("#more summary").click();
    for (const [format, key, least, most] of [
      ["binary", "KeyW", -10, -2],
      ["json", "KeyS", 2, 10],
      ["text", "KeyW", -10, -1],
    ] as const) {
      await mover.page.locator(`label:has(#format-${format})`).click();
      await second.until(
        (id) => document.querySelector<HTMLInputElement>(id)?.checked === true,
        `#format-${format}`,
      );
      await mover.page.keyboard.down(key);
      await mover.untilWithin(2, least, most);
      await mover.page.keyboard.up(key);
      await untilTogether(mover, mirror);
    }
    const bytesOf = async (format: string): Promise<number> =>
      Number.parseInt(await mover.text(`size-${format}`), 10);
    expect(await bytesOf("binary")).toBeGreaterThan(0);
    expect(await bytesOf("text")).toBeLessThan(await bytesOf("json"));
    await mover.page.locator("#more summary").click();
  });

  test("the switch of the network makes the cube lag in the other window, and a perfect one comes back", async () => {
    const second = await another(places.mover, { viewport: { width: 1_000, height: 900 } });
    await second.page.locator("label:has(#network-poor)").click();
    await mover.until(
      () => document.querySelector<HTMLInputElement>("#network-poor")?.checked === true,
      undefined,
    );
    // The round trip is that of two ways, and of the pings of both ends.
    await second.until(
      () => Number.parseFloat(document.getElementById("frame-trip")?.textContent ?? "") > 250,
      undefined,
    );
    await second.picture("bad-network");
    await second.page.locator("label:has(#network-perfect)").click();
    await second.until(
      () => Number.parseFloat(document.getElementById("frame-trip")?.textContent ?? "") < 250,
      undefined,
    );
    await untilTogether(mover, mirror);
  });

  test("numbers of the command line are a network of their own, to which the switch goes back", async () => {
    expect(await mover.page.locator("label:has(#network-own)").isVisible()).toBe(false);
    const slow = cube(
      "mover",
      ...WINDOWED,
      "--window",
      "127.0.0.1:0",
      "--latency",
      "150",
      "--connect",
      places.peer,
    );
    const window = await another(await slow.window(), { viewport: { width: 1_000, height: 900 } });
    const isChosen = (name: string) =>
      window.until(
        (id) => document.querySelector<HTMLInputElement>(id)?.checked === true,
        `#network-${name}`,
      );
    await isChosen("own");
    for (const name of ["perfect", "own"]) {
      await window.page.locator(`label:has(#network-${name})`).click();
      await isChosen(name);
    }
    await closeOthers(); // before their process ends, or they look for it at a port that others may have
    await slow.kill("SIGTERM");
  });

  test("several windows look at one peer, and one that comes late sees the same", async () => {
    const second = await another(places.mirror);
    await mover.page.keyboard.down("KeyA");
    await mover.untilWithin(0, -10, -1);
    await mover.page.keyboard.up("KeyA");
    const place = await untilTogether(mover, mirror);
    await second.untilAt(place);
    const late = await another(places.mirror);
    await late.untilAt(place);
  });

  test("raw frames are the last word, at once", async () => {
    await mirror.page.locator("#more summary").click();
    await mirror.page.locator("label.switch").click();
    await mover.page.keyboard.down("KeyD");
    await mover.untilWithin(0, 1, 10);
    const { position, shown } = await mirror.places();
    expect(shown).toBe(position);
    await mover.page.keyboard.up("KeyD");
    await untilTogether(mover, mirror);
    await mirror.page.locator("label.switch").click();
    await mirror.page.locator("#more summary").click();
  });

  test("a phone's window has a stick and buttons for thumbs, and nothing hangs over its edge", async () => {
    const phone = await another(places.mover, { viewport: PHONE, hasTouch: true, isMobile: true });
    await phone.untilAt(await untilTogether(mover, mirror));
    const [x0 = 0, y0 = 0] = numbers((await phone.places()).position);
    expect(await phone.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      PHONE.width,
    );
    const [stick, up, panel] = [
      await boxOf(phone, ".stick"),
      await boxOf(phone, ".lift"),
      await boxOf(phone, "#panel"),
    ];
    expect(stick.y + stick.height).toBeLessThanOrEqual(panel.y);
    expect(stick.x + stick.width).toBeLessThan(up.x);

    const finger = await fingerOn(phone);
    await finger.press(middle(stick));
    await finger.slide({ ...middle(stick), x: stick.x + 4 });
    await phone.untilWithin(0, -10, x0 - 1);
    await finger.lift();
    await finger.press(middle(up));
    await phone.untilWithin(1, y0 + 1, 10);
    await finger.lift();
    expect(await untilTogether(phone, mirror)).toBe(await untilTogether(phone, mover));
    await phone.picture("phone-mover");
  });

  test("a foreign page is not let in", async () => {
    const foreign = createServer((_, response) =>
      response.setHeader("content-type", "text/html").end("<title>x"),
    );
    await once(foreign.listen(0, "127.0.0.1"), "listening");
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`);
    const answer = await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const socket = new WebSocket(url);
          socket.onopen = () => resolve("let in");
          socket.onerror = () => resolve("refused");
        }),
      `${places.mover.replace("http", "ws")}cube`,
    );
    await page.close();
    foreign.closeAllConnections();
    foreign.close();
    expect(answer).toBe("refused");
  });

  test("each process may die and come back: both windows say so, and nothing is reloaded", async () => {
    const place = await untilTogether(mover, mirror);
    for (const window of [mover, mirror])
      await window.page.evaluate(() => document.body.setAttribute("data-same", ""));

    await processes.mirror.kill("SIGKILL");
    await mirror.untilSaid("process-title", "held for ");
    await mirror.untilSaid("notice", "the process behind this window is held for ");
    await mover.untilSaid("peer-title", "gone");
    await mover.untilSaid("notice", "the other peer is gone");
    await mirror.picture("mirror-away");
    await mover.picture("mover-alone");
    processes.mirror = cube(
      "mirror",
      ...WINDOWED,
      "--window",
      hostOf(places.mirror),
      "--listen",
      places.peer,
    );
    await mover.untilSaid("peer-title", "linked");
    await mover.untilSaid("notice", "the other peer is back after ");
    await mirror.untilSaid("peer-title", "linked");
    await mirror.untilAt(place);

    await processes.mover.kill("SIGKILL");
    await mover.untilSaid("process-title", "held for ");
    await mirror.untilSaid("peer-title", "gone");
    // Moved while no process receives it: that is sent as soon as one does.
    await mover.page.keyboard.down("KeyA");
    await mover.untilWithin(0, -10, (numbers(place)[0] ?? 0) - 1);
    await mover.page.keyboard.up("KeyA");
    processes.mover = cube("mover", ...WINDOWED, "--window", hostOf(places.mover), "--connect", places.peer);
    await mover.untilSaid("peer-title", "linked");
    await mirror.untilSaid("peer-title", "linked");
    expect(await untilTogether(mover, mirror)).not.toBe(place);

    for (const window of [mover, mirror])
      expect(await window.page.locator("body[data-same]").count()).toBe(1);
  });

  test("a hidden window stays linked, and shows the newest place when it is seen again", async () => {
    await mirror.hide();
    await mover.page.keyboard.down("KeyD");
    await mover.untilWithin(0, 3, 10);
    await mover.page.keyboard.up("KeyD");
    const place = await untilTogether(mover, mirror);
    expect(await mirror.text("process-title")).toBe("linked");
    await mirror.unhide();
    await mirror.untilAt(place);
  });

  test("they look well, by day and by night", async () => {
    const windows = { mover: await another(places.mover), mirror: await another(places.mirror) };
    for (const [name, window] of Object.entries(windows)) {
      await window.page.setViewportSize(DESK);
      for (const colorScheme of ["light", "dark"] as const) {
        await window.page.emulateMedia({ colorScheme });
        await window.picture(`${name}-${colorScheme}`);
      }
      await window.page.setViewportSize(PHONE);
      await window.picture(`phone-${name}-dark`);
    }
  });
});

function numbers(position: string): number[] {
  return position.split(" ").map(Number);
}

function hostOf(url: string): string {
  return new URL(url).host;
}

async function cubeIn(window: CubePage): Promise<{ x: number; y: number }> {
  const at = await window.findCube();
  if (at === undefined) throw new Error("there is no cube to take hold of");
  return at;
}

async function boxOf({ page }: CubePage, selector: string) {
  const box = await page.locator(selector).first().boundingBox();
  if (box === null) throw new Error(`${selector} is not to be seen`);
  return box;
}

function middle(box: { x: number; y: number; width: number; height: number }): { x: number; y: number } {
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** A finger on the glass. */
async function fingerOn({ page }: CubePage) {
  const session = await page.context().newCDPSession(page);
  const send = async (type: "touchStart" | "touchMove" | "touchEnd", at?: { x: number; y: number }) => {
    await session.send("Input.dispatchTouchEvent", { type, touchPoints: at === undefined ? [] : [at] });
  };
  return {
    press: (at: { x: number; y: number }) => send("touchStart", at),
    slide: (at: { x: number; y: number }) => send("touchMove", at),
    lift: () => send("touchEnd"),
  };
}

const WINDOWED = ["--view", "browser", "--no-open"];
const PHONE = { width: 320, height: 640 };
const DESK = { width: 1_280, height: 800 };
/** A part of the small window where only the world is. */
const WORLD = { x: 0, y: 0, width: 400, height: 150 };
