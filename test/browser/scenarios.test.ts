/**
 * The scenarios of every stream transport, with the client in a real page and
 * the server here.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type Connection, type Listener, lines, Poller } from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";
import { needs } from "../machine.ts";
import { type NearEnd, RECEIVE_LIMIT_BYTES, scenarios } from "../transport/scenarios.ts";
import { bundleForPage, launchBrowser, servePage } from "./browser.ts";
import type { DrivenClient, Wrapping } from "./driven-client.ts";

declare const client: DrivenClient; // in the page

describe.each([
  ["stream", "bare"],
  ["message", "bare"],
  ["stream", "conditioned"],
  ["message", "conditioned"],
  ["stream", "recorded"],
] as const)("a page against a server in Node, by %s, %s", needs("chromium"), (framing, wrapping) => {
  let browser: Browser;
  let page: Page;
  let site: Awaited<ReturnType<typeof servePage>>;
  const net = new Poller({ receiveLimitBytes: RECEIVE_LIMIT_BYTES });
  let listener: Listener<string>;

  beforeAll(async () => {
    const file = "test/browser/driven-client.ts";
    [browser, site] = await Promise.all([
      launchBrowser(),
      bundleForPage({ file }).then((script) => servePage(script)),
    ]);
    listener = net.listen(websocketServer({ server: site.server, path: "/play", framing }), lines());
    page = await browser.newPage();
    await page.goto(site.origin);
  });

  afterAll(async () => {
    net[Symbol.dispose]();
    await browser?.close();
    await site?.close();
  });

  test.each(scenarios)("$title", async ({ run }) => {
    await run({
      abortKind: "reset",
      framing,
      connect: () => connect(page, framing, wrapping),
      accepted: () => nextAccepted(),
      until,
    });
  });

  async function nextAccepted(): Promise<Connection<string>> {
    let accepted: Connection<string> | undefined;
    await until(() => (accepted ??= listener.tryAccept()) !== undefined);
    return accepted as Connection<string>;
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
});

/** A connection of the page's as a near end. */
async function connect(page: Page, framing: "stream" | "message", wrapping: Wrapping): Promise<NearEnd> {
  const index = await page.evaluate(([framing, wrapping]) => client.connect("/play", framing, wrapping), [
    framing,
    wrapping,
  ] as const);
  return {
    send: (texts) => page.evaluate(([index, texts]) => client.send(index, texts), [index, texts] as const),
    sendRaw: (sent) => page.evaluate(([index, sent]) => client.sendRaw(index, sent), [index, sent] as const),
    take: () => page.evaluate((index) => client.take(index), index),
    look: () => page.evaluate((index) => client.look(index), index),
    close: () => page.evaluate((index) => client.close(index), index),
    abort: () => page.evaluate((index) => client.abort(index), index),
  };
}
