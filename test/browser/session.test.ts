/**
 * A page's session over WebSocket, through a proxy that does what networks do: and what
 * browsers do to pages, which are hidden, frozen and offline. Each end checks that the lines of
 * the other one come once and in order.
 */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type Connection,
  type Listener,
  lines,
  Poller,
  type SessionOptions,
  session,
} from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";
import { needs } from "../machine.ts";
import { LineProxy } from "../proof/sessions/line-proxy.ts";
import { saying } from "../proof/sessions/saying.ts";
import { bundleForPage, hide, launchBrowser, servePage, show } from "./browser.ts";

/** What the page's script leaves on `globalThis` for the test. */
interface Probe {
  ticks: number;
  sent: number;
  got: number;
  wrong: string | undefined;
  suspends: number;
  resumes: number;
  talks: boolean;
  linked: boolean;
  state: string;
  reason: { kind: string; code: string | undefined } | undefined;
  listens: string[];
  closes: boolean;
}
declare const probe: Probe;

const LIVELY: SessionOptions = {
  pingIntervalMs: 50,
  deadPeerMs: 500,
  dialTimeoutMs: 1_000,
  resumeWindowMs: 300_000,
};
/** More answers than are kept for a page that nobody polls, in a time in which no machine is silent. */
const PATIENT: SessionOptions = { pingIntervalMs: 10, deadPeerMs: 5_000 };

describe("a page's session", needs("chromium"), () => {
  let browser: Browser;
  let net: Poller;
  let proxy: LineProxy;
  let context: BrowserContext;
  let page: Page;
  let listener: Listener<string>;
  let far: Connection<string> | undefined;
  let mine: { sent: number; got: number; wrong: string | undefined; suspends: number; talks: boolean };
  let closeSite: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterEach(async () => {
    await context?.close();
    net?.[Symbol.dispose]();
    proxy?.close();
    await closeSite?.();
  });

  afterAll(() => browser?.close());

  /** Opens the page, whose line and script come through the proxy. */
  async function open(pace: string, options = LIVELY): Promise<void> {
    const source = PLAYER.replace("OPTIONS", JSON.stringify(options)).replace("PACE", pace);
    const site = await servePage(await bundleForPage({ source }));
    closeSite = site.close;
    net = new Poller();
    listener = net.listen(session(websocketServer({ server: site.server }), options), lines());
    mine = { sent: 0, got: 0, wrong: undefined, suspends: 0, talks: true };
    far = undefined;
    net.on("suspend", () => mine.suspends++);
    proxy = new LineProxy();
    proxy.target = Number(new URL(site.origin).port);
    const port = await proxy.listen();
    context = await browser.newContext();
    page = await context.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    await until(async () => mine.got > 50 && (await look()).got > 50);
  }

  const look = (): Promise<Probe> => page.evaluate(() => probe);

  /** Plays the server's frames until it is so. */
  async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (const giveUpMs = performance.now() + 60_000; performance.now() < giveUpMs; ) {
      net.poll();
      far ??= listener.tryAccept();
      for (const line of far ?? []) {
        if (line !== saying(mine.got)) mine.wrong ??= `${line.slice(0, 20)} in the place of ${mine.got}`;
        mine.got++;
      }
      if (mine.talks && far?.trySend(saying(mine.sent)) === true) mine.sent++;
      net.flush();
      if (await isSo()) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`it did not come: ${isSo}, ${JSON.stringify([mine, await look()])}`);
  }

  /** Waits until both ends have lost their line after `before`, have another one, and hear on it. */
  async function goesOn(before: Probe): Promise<void> {
    await until(async () => (await look()).resumes > before.resumes && far?.linked === true);
    const [{ got }, gotHere] = [await look(), mine.got];
    await until(async () => mine.got > gotHere && (await look()).got > got);
  }

  /** That all has come that was said, once and in order, over one session. */
  async function expectWhole(): Promise<void> {
    mine.talks = false;
    await page.evaluate(() => {
      probe.talks = false;
    });
    const { sent } = await look();
    await until(async () => mine.got >= sent && (await look()).got >= mine.sent);
    const there = await look();
    expect([mine.got, mine.wrong, there.got, there.wrong]).toEqual([sent, undefined, mine.sent, undefined]);
    expect([there.state, far?.state, listener.stats.accepted]).toEqual(["open", "open", 1]);
  }

  test("goes on after each kind of break, five times running, and no byte is lost or doubled", async () => {
    await open('pace: "animation"');
    for (const breakLine of [
      () => proxy.swallow("down"),
      () => proxy.swallow("up"),
      () => proxy.hold(),
      () => proxy.swallow("up", "down"),
      () => proxy.cut(),
    ]) {
      const before = await look();
      breakLine();
      await goesOn(before);
    }
    await expectWhole();
  });

  test("goes on when the page is online again, and listens for that only while it has no line", async () => {
    await open('pace: "animation"');
    const before = await look();
    expect(before.listens).toEqual([]);
    await context.setOffline(true);
    proxy.isShut = true;
    proxy.cut();
    await until(async () => !(await look()).linked && far?.linked === false);
    expect((await look()).listens.sort()).toEqual(["online", "visibilitychange"]);
    proxy.isShut = false;
    await context.setOffline(false);
    await goesOn(before);
    expect((await look()).listens).toEqual([]);
    await expectWhole();
  });

  test("goes on after a debugger has stopped the page for longer than a line may be silent", async () => {
    await open('pace: "animation"');
    const before = await look();
    const devtools = await context.newCDPSession(page);
    await devtools.send("Debugger.enable");
    await devtools.send("Debugger.pause");
    await until(() => far?.linked === false && far.downMs > 500);
    await devtools.send("Debugger.resume");
    await devtools.send("Debugger.disable");
    await goesOn(before);
    await expectWhole();
  });

  test("keeps its line while it is hidden, and its loop ticks once a second", async () => {
    await open('pace: "animation"', PATIENT);
    await hide(page);
    mine.talks = false; // nothing wakes it
    const { ticks } = await look();
    await until(async () => (await look()).ticks > ticks + 6);
    const there = await look();
    expect([mine.suspends, there.suspends]).toEqual([0, 0]);
    await show(page);
    await expectWhole();
  });

  test("keeps its line while its timers do not come, as its socket answers", async () => {
    await open("rateHz: 60", PATIENT);
    mine.talks = false;
    const { ticks } = await page.evaluate(() => {
      Object.assign(globalThis, { setTimeout: () => 0 });
      return probe;
    });
    let answers = 0;
    let lastMs = far?.rttMs;
    await until(() => {
      if (far?.rttMs !== lastMs) answers++;
      lastMs = far?.rttMs;
      return answers > 150 || far?.linked !== true;
    });
    expect([mine.suspends, far?.linked]).toEqual([0, true]);
    expect((await look()).ticks).toBeLessThanOrEqual(ticks + 1); // a timer may have been there
  });

  test("leaves no listener in the page when it is disposed while it has no line", async () => {
    await open('pace: "animation"');
    proxy.isShut = true;
    proxy.cut();
    await until(async () => !(await look()).linked);
    expect((await look()).listens.length).toBe(2);
    await page.evaluate(() => {
      probe.closes = true;
    });
    await until(async () => (await look()).state === "closed");
    expect((await look()).listens).toEqual([]);
  });
});

/** A player that says numbered lines, and checks those of the server; what listens in the page is counted. */
const PLAYER = `
  import { lines, Poller, runLoop, session, websocket } from "./src/browser.ts";
  import { saying } from "./test/proof/sessions/saying.ts";
  globalThis.probe = { ticks: 0, sent: 0, got: 0, suspends: 0, resumes: 0, talks: true, linked: false, listens: [], closes: false };
  for (const target of [globalThis, document]) {
    const { addEventListener, removeEventListener } = target;
    const isOfInterest = (type, back) => (type === "online" || type === "visibilitychange") && back.name.startsWith("tell");
    target.addEventListener = (type, back, ...more) => {
      if (isOfInterest(type, back)) probe.listens.push(type);
      addEventListener.call(target, type, back, ...more);
    };
    target.removeEventListener = (type, back, ...more) => {
      if (isOfInterest(type, back)) probe.listens.splice(probe.listens.indexOf(type), 1);
      removeEventListener.call(target, type, back, ...more);
    };
  }
  const net = new Poller();
  const server = net.connect(session(websocket("/"), OPTIONS), lines());
  net.on("suspend", () => probe.suspends++);
  net.on("resume", () => probe.resumes++);
  const over = new AbortController();
  runLoop({ PACE, poller: net, signal: over.signal, tick() {
    probe.ticks++;
    for (const line of server) {
      if (line !== saying(probe.got)) probe.wrong ??= line.slice(0, 20) + " in the place of " + probe.got;
      probe.got++;
    }
    if (probe.talks && server.trySend(saying(probe.sent))) probe.sent++;
    probe.linked = server.linked;
    probe.state = server.state;
    if (probe.closes) over.abort();
  } }).then(() => {
    net[Symbol.dispose]();
    probe.state = server.state;
  });`;
