/**
 * The way from a real page: Chromium, a site with the page's script, and a
 * WebSocket listener on that site. Node's clients play there too.
 */
import type { Browser, Page } from "playwright-core";
import { websocket, websocketServer } from "../../src/websocket.ts";
import type { Carrier } from "../fuzz/carriers.ts";
import { lack } from "../machine.ts";
import { bundleForPage, launchBrowser, servePage } from "./browser.ts";

/** A carrier whose games have a page, and what frees it. */
export interface PageCarrier extends Carrier {
  close(): Promise<void>;
}

/** Starts Chromium; `undefined` where there is none. */
export async function pageCarrier(): Promise<PageCarrier | undefined> {
  if (lack("chromium") !== undefined) return undefined;
  const script = await bundleForPage({ file: "test/fuzz/page-client.ts" });
  const [browser, site]: [Browser, Awaited<ReturnType<typeof servePage>>] = await Promise.all([
    launchBrowser(),
    servePage(script),
  ]);
  const page: Page = await browser.newPage();
  await page.goto(site.origin);
  site.server.closeAllConnections();
  let lastPath = 0;
  return {
    name: "page",
    canReset: true,
    hasHalfClose: false,
    page,
    calm: () => site.server.closeIdleConnections(), // Chromium keeps some for its next request
    async place(_, { framing }) {
      const path = `/play${lastPath++}`;
      const url = `${site.origin.replace("http", "ws")}${path}`;
      return {
        url,
        framing,
        transport: websocketServer({ server: site.server, path, framing }),
        reach: (listener) => (listener.state === "listening" ? websocket(url, { framing }) : undefined),
      };
    },
    async close() {
      await browser.close();
      await site.close();
    },
  };
}
