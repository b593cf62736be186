/** The README's page and its server, as they stand: two pages, and what one says the other shows. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { blocks } from "../readme-blocks.ts";
import { bundleForPage, chromiumPath, launchBrowser } from "./browser.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = `${root}test/.cache/readme-page`;
let browser: Browser | undefined;
let server: ChildProcess | undefined;

afterAll(async () => {
  server?.kill("SIGKILL");
  await browser?.close();
});

describe.skipIf(chromiumPath === undefined)("the README's page", () => {
  test("shows what the other page says", async () => {
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    writeFileSync(`${folder}/page.js`, await bundleForPage({ source: program("page.ts") }));
    writeFileSync(`${folder}/server.ts`, program("page-server.ts").replace("14900", String(port)));
    server = spawn(process.execPath, ["--import", "tsx", `${folder}/server.ts`], {
      cwd: root,
      stdio: "inherit",
    });

    browser = await launchBrowser();
    const [first, second] = [await browser.newPage(), await browser.newPage()];
    for (const page of [first, second]) await untilServed(() => page.goto(`http://127.0.0.1:${port}/`));
    await first.locator("input").fill("hello from one");
    await first.locator("input").press("Enter");
    await second.locator("pre", { hasText: "hello from one" }).waitFor();
    expect(await first.locator("pre").textContent()).toBe("hello from one\n");
  }, 60_000);
});

/** A block as a program of this checkout. */
function program(name: string): string {
  return (blocks.get(name) ?? "")
    .replace(/"tickwire\/(\w+)"/g, (_, entry: string) => JSON.stringify(`${root}src/${entry}.ts`))
    .replace('"tickwire"', JSON.stringify(`${root}src/index.ts`));
}

/** The server is just starting. */
async function untilServed(goTo: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await goTo();
      return;
    } catch (error) {
      if (!String(error).includes("ERR_CONNECTION_REFUSED")) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  await once(taken.close(), "close");
  return port;
}
