/** What a page alone can show: backpressure without a pause, a hidden tab, and the pure core in another engine's hands. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Connection, type Listener, lines, Poller } from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";
import { needs } from "../machine.ts";
import { bundleForPage, hide, launchBrowser, servePage, show } from "./browser.ts";

/** What the page's script leaves on `globalThis` for the test. */
interface Probe {
  ticks: number;
  received: number;
  refused: number;
  sent: number;
  pending: number;
  state: string;
  reason: string | undefined;
  takes: boolean;
}
declare const probe: Probe;

describe("a page", needs("chromium"), () => {
  let browser: Browser;
  let net: Poller;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterEach(async () => {
    net?.[Symbol.dispose]();
    for (const close of closing.splice(0)) await close();
  });

  afterAll(() => browser?.close());

  /** Opens a page with the script, whose messages come to a listener here. */
  async function open(source: string, limits = {}): Promise<{ page: Page; listener: Listener<string> }> {
    const site = await servePage(await bundleForPage({ source }));
    net = new Poller(limits);
    const listener = net.listen(websocketServer({ server: site.server }), lines({ maxLineBytes: 100_000 }));
    const context = await browser.newContext();
    const page = await context.newPage();
    closing.push(() => context.close(), site.close);
    await page.goto(site.origin);
    return { page, listener };
  }

  async function until(isThere: () => boolean | Promise<boolean>): Promise<void> {
    for (const giveUpMs = performance.now() + 60_000; performance.now() < giveUpMs; ) {
      net.poll();
      if (await isThere()) return;
      net.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error("it did not come");
  }

  async function nextAccepted(listener: Listener<string>): Promise<Connection<string>> {
    let accepted: Connection<string> | undefined;
    await until(() => (accepted ??= listener.tryAccept()) !== undefined);
    return accepted as Connection<string>;
  }

  test("that sends 20 MB to a server which does not take is told so, and loses nothing", async () => {
    const { page, listener } = await open(
      `
      import { lines, Poller, runLoop, websocket } from "./src/browser.ts";
      const net = new Poller();
      const server = net.connect(websocket("/"), lines({ maxLineBytes: 100_000 }));
      globalThis.probe = { sent: 0, refused: 0, pending: 0 };
      const text = "x".repeat(9_990);
      runLoop({ rateHz: 100, poller: net, tick() {
        probe.pending = Math.max(probe.pending, server.pendingBytes);
        for (let count = 0; count < 100 && probe.sent < 2_000; count++) {
          if (server.trySend(probe.sent + " " + text)) probe.sent++;
          else { probe.refused++; break; }
        }
      } });`,
      { receiveLimitBytes: 200_000 },
    );
    const accepted = await nextAccepted(listener);
    let last = -1;
    await until(async () => {
      const { sent, refused } = await page.evaluate(() => probe);
      const isStuck = refused > 50 && sent === last;
      last = sent;
      return isStuck;
    });
    expect(last).toBeLessThan(2_000);
    expect(accepted.stats.inboxPeakBytes).toBeLessThan(200_000 + 3 * 65_536);
    let got = 0;
    await until(() => {
      for (const text of accepted) expect(text.startsWith(`${got++} `)).toBe(true);
      return got === 2_000;
    });
    expect((await page.evaluate(() => probe)).pending).toBeLessThanOrEqual(1_048_576);
  });

  test("that does not take keeps what comes in its backlog, and loses nothing under that limit", async () => {
    const { page, listener } = await open(TAKER.replace("OPTIONS", ""));
    const accepted = await nextAccepted(listener);
    for (let sent = 0; sent < 300; ) {
      await until(() => accepted.trySend(`${sent} ${"x".repeat(10_000)}`));
      sent++;
    }
    await until(() => accepted.pendingBytes === 0);
    await page.evaluate(() => {
      probe.takes = true;
    });
    await until(async () => (await page.evaluate(() => probe.received)) === 300);
    expect(await page.evaluate(() => probe.state)).toBe("open");
  });

  test("that takes nothing for too long closes with overflow, after what it has, and the server is told", async () => {
    const { page, listener } = await open(TAKER.replace("OPTIONS", "{ maxBacklogBytes: 500_000 }"));
    const accepted = await nextAccepted(listener);
    await until(() => {
      while (accepted.trySend("x".repeat(10_000)));
      return accepted.state === "closed";
    });
    expect(accepted.closeReason).toMatchObject({ kind: "overflow", code: "4013" });
    expect(accepted.closeReason?.message).toContain("maxBacklogBytes, 500000");
    await page.evaluate(() => {
      probe.takes = true;
    });
    await until(async () => (await page.evaluate(() => probe.state)) === "closed");
    const { reason, received } = await page.evaluate(() => probe);
    expect(reason).toBe("overflow");
    expect(received).toBeGreaterThanOrEqual(50);
  });

  test("rides on animation frames, and goes on with what comes while it is hidden", async () => {
    const { page, listener } = await open(`
      import { lines, Poller, runLoop, websocket } from "./src/browser.ts";
      const net = new Poller();
      const server = net.connect(websocket("/"), lines());
      globalThis.probe = { ticks: 0, received: 0 };
      globalThis.frames = 0;
      const count = () => { frames++; requestAnimationFrame(count); };
      requestAnimationFrame(count);
      runLoop({ pace: "animation", poller: net, tick() {
        probe.ticks++;
        for (const line of server) { probe.received++; server.trySend("received " + line + " " + document.visibilityState); }
      } });`);
    const accepted = await nextAccepted(listener);
    await page.waitForFunction(() => probe.ticks > 20);
    const { ticks, frames } = await page.evaluate(() => ({
      ticks: probe.ticks,
      frames: (globalThis as unknown as { frames: number }).frames,
    }));
    expect(Math.abs(ticks - frames)).toBeLessThan(10);

    await hide(page);
    const hiddenTicks = await page.evaluate(() => probe.ticks);
    accepted.trySend("one");
    const answers: string[] = [];
    await until(() => answers.push(...accepted) > 0);
    expect(answers).toEqual(["received one hidden"]);
    await until(async () => (await page.evaluate(() => probe.ticks)) >= hiddenTicks + 3); // by timers alone
    expect(accepted.state).toBe("open");

    await show(page);
    const shownTicks = await page.evaluate(() => probe.ticks);
    await page.waitForFunction((before) => probe.ticks > before + 20, shownTicks);
  });

  test("without animation frames, as a worker may be, says so", async () => {
    const { page } = await open(`
      import { Poller, runLoop } from "./src/browser.ts";
      globalThis.requestAnimationFrame = undefined;
      globalThis.probe = {};
      runLoop({ pace: "animation", poller: new Poller(), tick() {} }).catch((error) => { probe.reason = String(error); });`);
    await page.waitForFunction(() => probe.reason !== undefined);
    expect(await page.evaluate(() => probe.reason)).toBe(
      "TypeError: pace: there are no animation frames here",
    );
  });

  test("reads the server's last word, and says its own", async () => {
    const { page, listener } = await open(
      `
      import { lines, Poller, runLoop, websocket } from "./src/browser.ts";
      const net = new Poller();
      const ends = [net.connect(websocket("/"), lines()), net.connect(websocket("/"), lines())];
      runLoop({ rateHz: 100, poller: net, tick() {
        for (const end of ends) {
          if (end.tryRecv() === "say goodbye") end.close({ code: 4006, text: "I am a page ✓" });
          globalThis.said = ends.map(({ closeReason }) => closeReason?.goodbye);
        }
      } });`,
    );
    const [one, other] = [await nextAccepted(listener), await nextAccepted(listener)];
    one.trySend("say goodbye");
    other.close({ code: 3008, text: "the server restarts ✓" });
    await until(() => one.state === "closed" && other.state === "closed");
    expect(one.closeReason).toMatchObject({
      kind: "remote",
      goodbye: { code: 4006, text: "I am a page ✓" },
    });
    const said = await page.evaluate(() => (globalThis as { said?: unknown[] }).said ?? []);
    expect(said).toHaveLength(2);
    expect(said).toContainEqual({ code: 3008, text: "the server restarts ✓" });
    expect(said).toContainEqual({ code: 4006, text: "I am a page ✓" });
  });

  test("is told why it cannot connect, as far as browsers tell", async () => {
    const { page } = await open(`
      import { lines, Poller, runLoop, websocket } from "./src/browser.ts";
      const net = new Poller();
      const server = net.connect(websocket("ws://127.0.0.1:1/"), lines());
      globalThis.probe = {};
      const words = [];
      for (const url of ["http://:", "ftp://x", 7]) try { websocket(url); } catch (error) { words.push(error.name); }
      try { net.connect(websocket("/", { protocols: ["a", "a"] }), lines()); } catch (error) { words.push(error.name); }
      runLoop({ rateHz: 100, poller: net, tick() {
        if (server.state === "closed") probe.reason = [server.closeReason.kind, ...words].join();
      } });`);
    await page.waitForFunction(() => probe.reason !== undefined);
    expect(await page.evaluate(() => probe.reason)).toBe(
      "refused,RangeError,RangeError,TypeError,RangeError",
    );
  });

  test("waits for activity as a program in Node does, and wakes when its bytes have left", async () => {
    const { page, listener } = await open(`
      import { lines, Poller, waitForActivity, websocket } from "./src/browser.ts";
      const net = new Poller({ sendLimitBytes: 100_000 });
      const server = net.connect(websocket("/"), lines({ maxLineBytes: 100_000 }));
      globalThis.probe = { received: 0, reason: "" };
      net.on("drain", () => { probe.reason = "drained"; });
      server.trySend("x".repeat(90_000));
      server.trySend("y".repeat(90_000)); // refused: so there is a drain to wait for
      for (;;) {
        net.poll();
        for (const line of server) probe.received++;
        net.flush();
        await waitForActivity(net);
      }`);
    const accepted = await nextAccepted(listener);
    await until(() => accepted.tryRecv()?.length === 90_000);
    await page.waitForFunction(() => probe.reason === "drained");
    accepted.trySend("awake");
    await until(async () => (await page.evaluate(() => probe.received)) === 1);
  });
});

/** A page that takes nothing until it is told to. */
const TAKER = `
  import { lines, Poller, runLoop, websocket } from "./src/browser.ts";
  const net = new Poller({ receiveLimitBytes: 100_000 });
  const server = net.connect(websocket("/", OPTIONS), lines({ maxLineBytes: 100_000 }));
  globalThis.probe = { received: 0, takes: false };
  runLoop({ rateHz: 100, poller: net, tick() {
    if (probe.takes) for (const _ of server) probe.received++;
    probe.state = server.state;
    probe.reason = server.closeReason?.kind;
  } });`;
