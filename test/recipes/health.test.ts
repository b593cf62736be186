import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { ended, insult, player, recipe, said } from "./recipe.ts";

afterEach(endAll);

describe("the recipe of health and metrics", { timeout: 3 * DEADLINE_MS }, () => {
  it("says that it is well while it listens", async () => {
    const { url } = await game();
    const answer = await fetch(`${url}/health`);
    expect([answer.status, await answer.text()]).toEqual([200, "listening"]);
    expect((await fetch(`${url}/`)).status).toBe(404);
  });

  it("tells what Prometheus reads, by curl as well", needs("curl"), async () => {
    const { port, url } = await game();
    const ada = player(port, "hi", "ho");
    await ada.received.until(/^player 1: ho$/);
    const curl = new Child("curl", ["-sS", "--fail", "-i", `${url}/metrics`]);
    expect(await curl.exit()).toBe(0);
    const [head = "", body = ""] = curl.out.all.join("\n").split("\r\n\r\n");
    expect(head).toMatch(/^content-type: text\/plain; version=0\.0\.4/im);
    expect(
      body.split("\n").filter((line) => !/^(# (HELP|TYPE) .+|\w+(\{[^}]*\})? [\d.e+-]+)$/.test(line)),
    ).toEqual([]);
    const text = `${body}\n`;
    for (const line of [
      "tickwire_accepted_total 1",
      "tickwire_received_messages_total 2",
      "tickwire_connections 1",
      `tickwire_listener_connections{listener="127.0.0.1:${port}"} 1`,
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    ada.socket.destroy();
    for (let open = true; open; ) {
      open = !(await (await fetch(`${url}/metrics`)).text()).includes("\ntickwire_connections 0\n");
    }
  });

  it("answers 503 while it goes down, and nothing afterwards", needs("signals"), async () => {
    const { child, port, url } = await game();
    const deaf = player(port, "hi");
    await deaf.received.until(/^player 1: hi$/);
    deaf.socket.pause();
    deaf.send("x".repeat(900).concat("\n").repeat(20_000));
    await isOwed(url); // which delays the end
    child.process.kill("SIGTERM");
    await child.out.until(/^listening no more: /);
    const answer = await fetch(`${url}/health`);
    expect([answer.status, await answer.text()]).toEqual([503, "closed"]);
    expect(await child.exit()).toBe(0);
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  it(
    "answers nothing while its loop hangs, and is well again afterwards",
    needs("curl", "signals"),
    async () => {
      const { child, url } = await game();
      child.process.kill("SIGSTOP");
      const probe = new Child("curl", ["-s", "--max-time", "1", `${url}/health`]);
      expect(await probe.exit()).toBe(28); // curl's word for a timeout
      child.process.kill("SIGCONT");
      while ((await fetch(`${url}/health`)).status !== 200);
    },
  );

  it("answers 503 where the game's port is taken", async () => {
    const taker = createServer();
    await new Promise<void>((resolve) => taker.listen(0, "127.0.0.1", resolve));
    const { port } = taker.address() as { readonly port: number };
    const child = new Child(process.execPath, ["--import", "tsx", "demo/recipes/health.ts", `${port}`, "0"]);
    const url = await urlOf(child);
    await said(child, /^listening no more: /);
    expect((await fetch(`${url}/health`)).status).toBe(503);
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
    taker.close();
  });

  it("is ended by no stranger, and tells how many were turned away", async () => {
    const { child, port, url } = await game();
    await insult(child, port, "x");
    await insult(child, Number(new URL(url).port), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    const crowd = Array.from({ length: 120 }, () => player(port));
    await Promise.race(crowd.map(ended));
    await child.out.until(/^turned away \d+: /);
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^tickwire_dropped_total [1-9]/m);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});

/** The game, and the URL of its health and metrics. */
async function game(): Promise<{ child: Child; port: number; url: string }> {
  const { child, port } = await recipe("health", "0");
  return { child, port, url: await urlOf(child) };
}

/** Waits until a player's system takes no more, and the game has bytes for it. */
async function isOwed(url: string): Promise<void> {
  while (!/^tickwire_pending_bytes \d{7}/m.test(await (await fetch(`${url}/metrics`)).text()));
}

async function urlOf(child: Child): Promise<string> {
  const [, url = ""] = await said(child, /^health and metrics on (http:\S+)$/);
  return url;
}
