import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DEADLINE_MS, endAll } from "../demo/children.ts";
import { insult, recipe } from "./recipe.ts";
import { endPlayers, insultByWebSocket, WebPlayer } from "./web-player.ts";

describe("the recipe of Vite", { timeout: 3 * DEADLINE_MS }, () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tickwire-vite-"));
    writeFileSync(join(folder, "index.html"), "<!doctype html><p>one</p>\n");
  });
  afterEach(async () => {
    endPlayers();
    await endAll();
    rmSync(folder, { recursive: true });
  });

  it("has players on the port of the dev server, whose pages and hot reload go on", async () => {
    const { port } = await recipe("vite", folder);
    const page = new WebPlayer(`ws://127.0.0.1:${port}/`, {}, ["vite-hmr"]);
    await page.received.until(/^\{"type":"connected"\}$/);
    const [ada, bob] = [player(port), player(port)];
    ada.send("hi");
    await ada.received.until(/: hi$/);
    const index = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    expect(index).toContain("/@vite/client");
    expect(index).toContain("<p>one</p>");
    writeFileSync(join(folder, "index.html"), "<!doctype html><p>two</p>\n");
    await page.received.until(/"type":"full-reload"/);
    bob.send("still here");
    await ada.received.until(/: still here$/);
    expect(ada.received.all.filter((line) => line.includes("type"))).toEqual([]);
  });

  it("is ended by no stranger, and neither is the hot reload", async () => {
    const { child, port } = await recipe("vite", folder);
    const page = new WebPlayer(`ws://127.0.0.1:${port}/`, {}, ["vite-hmr"]);
    await page.received.until(/connected/);
    await insult(child, port);
    await insultByWebSocket(child, `ws://127.0.0.1:${port}/play`);
    const ada = player(port);
    ada.send("hi");
    await ada.received.until(/: hi$/);
    writeFileSync(join(folder, "index.html"), "<!doctype html><p>two</p>\n");
    await page.received.until(/"type":"full-reload"/);
  });
});

function player(port: number): WebPlayer {
  return new WebPlayer(`ws://127.0.0.1:${port}/play`);
}
