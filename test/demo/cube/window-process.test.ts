/** A process with windows, and windows without a page: what the page's own tests do not look at. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { quietPort } from "../../ports.ts";
import { Caller, type Child, cube, DEADLINE_MS, endAll, Window } from "../children.ts";

afterEach(endAll);

describe("a process with windows", { timeout: 3 * DEADLINE_MS }, () => {
  it("greets a window with its role, its format and its link", async () => {
    const mirror = windowed("mirror", "--listen", "127.0.0.1:0", "--wire", "json");
    const window = new Window(await mirror.window());
    const port = await mirror.port();
    await window.received.until(/^stat tick \d+ in 0 0 out 0 0 line - frame - arrivals [0,]+$/);
    expect(window.received.all.slice(0, 4)).toEqual([
      "role mirror",
      "wire json",
      "network perfect",
      expect.stringMatching(/^link (starting|listening) /),
    ]);
    expect(window.received.all).toContain(`link listening 127.0.0.1:${port}, nobody has come yet`);
  });

  it("passes a window's move on to the peer and to its other windows", async () => {
    const { mover, caller } = await pair();
    const url = await mover.window();
    const [hand, other] = [new Window(url), new Window(url)];
    await other.settled(1);
    hand.send("cube 1.5 -2 3");
    await caller.received.until(/^cube 1\.5 -2 3$/);
    await other.received.until(/^cube 1\.5 -2 3$/);
    await hand.settled(2);
    expect(hand.received.all).not.toContain("cube 1.5 -2 3");
    caller.send("cube 4 5 6\n"); // it rests, so the last position wins
    await hand.received.until(/^cube 4 5 6$/);
  });

  it("lets a mirror's window have its word too", async () => {
    const mirror = windowed("mirror", "--listen", "127.0.0.1:0");
    const window = new Window(await mirror.window());
    const caller = new Caller(await mirror.port());
    await caller.settled(1);
    window.send("cube 7 8 9");
    await caller.received.until(/^cube 7 8 9$/);
  });

  it("sends in binary what a window asks for in binary, and receives text all the same", async () => {
    const { mover, caller } = await pair();
    const window = new Window(await mover.window());
    await window.settled(1);
    const bytes: Buffer[] = [];
    const gone = new Promise<void>((resolve) => {
      caller.socket.on("close", () => resolve());
    });
    window.send("wire binary");
    await window.received.until(/^wire binary$/);
    caller.socket.removeAllListeners("data");
    caller.socket.setEncoding("latin1");
    caller.socket.on("data", (text: string) => bytes.push(Buffer.from(text, "latin1")));
    window.send("cube 1 2 3");
    await window.settled(2); // or both have a word in the same frame
    caller.send("cube 4 5 6\n");
    await window.received.until(/^cube 4 5 6$/);
    await mover.kill("SIGTERM");
    await gone;
    expect(Buffer.concat(bytes).includes(Buffer.from([0xf8, 232, 3, 208, 7, 184, 11]))).toBe(true);
  });

  it("shows on its windows that the other peer was killed, and that it is back", async () => {
    const port = await quietPort();
    let mirror = cube("mirror", "--listen", `127.0.0.1:${port}`);
    await mirror.port();
    const mover = windowed("mover", "--connect", `127.0.0.1:${port}`);
    const window = new Window(await mover.window());
    await window.received.until(new RegExp(`^link linked 127\\.0\\.0\\.1:${port}$`));
    await window.received.until(/^stat .* frame \d+\.\d arrivals /);
    await mirror.kill("SIGKILL");
    await window.received.until(/^link pausing .*, the peer .*; again in 1 s$/);
    mirror = cube("mirror", "--listen", `127.0.0.1:${port}`);
    await window.received.until(/^link linked /);

    const listening = windowed("mirror", "--listen", "127.0.0.1:0");
    const other = new Window(await listening.window());
    const client = new Caller(await listening.port());
    await other.received.until(/^link linked 127\.0\.0\.1:\d+, 1 peer$/);
    client.socket.resetAndDestroy();
    await other.received.until(/^link listening 127\.0\.0\.1:\d+, the peer reset the connection/);
  });

  it("is back for its windows at the same address after a kill -9, and knows what the mirror knows", async () => {
    const { mirror, caller } = await mirrored();
    const port = await mirror.port();
    caller.send("cube 1 2 3\n");
    await mirror.out.until(/cube 1 2 3$/);
    const at = `127.0.0.1:${await quietPort()}`;
    let mover = cube("mover", ...BROWSER, "--window", at, "--connect", `127.0.0.1:${port}`);
    const url = await mover.window();
    const first = new Window(url);
    await first.received.until(/^cube 1 2 3$/);
    await mover.kill("SIGKILL");
    await first.held;
    mover = cube("mover", ...BROWSER, "--window", at, "--connect", `127.0.0.1:${port}`);
    expect(await mover.window()).toBe(url);
    await new Window(url).received.until(/^cube 1 2 3$/);
  });

  it("lets a hand interrupt the drive of --auto, and drives on from there", async () => {
    const mirror = cube("mirror", "--listen", "127.0.0.1:0");
    const at = `127.0.0.1:${await mirror.port()}`;
    const mover = windowed("mover", "--auto", "--connect", at);
    const window = new Window(await mover.window());
    await window.received.until(/^cube (?!0 0 0)/);
    window.send("cube 9 9 9");
    await mirror.out.until(/cube 9 9 9$/);
    await window.settled(1); // after what it received of the drive before
    const [, x = "", y = "", z = ""] = await window.received.until(/^cube (\S+) (\S+) (\S+)$/);
    expect(Math.hypot(9 - Number(x), 9 - Number(y), 9 - Number(z))).toBeLessThan(3);
  });
});

describe("the place of a window", { timeout: 3 * DEADLINE_MS }, () => {
  it("is the next free port when the usual one is busy", async () => {
    const [one, two] = [0, 1].map(() => cube("mirror", ...BROWSER, "--listen", "127.0.0.1:0"));
    const urls = [await one?.window(), await two?.window()];
    const ports = urls.map((url) => Number(new URL(url ?? "").port));
    expect(ports[0]).not.toBe(ports[1]);
    for (const port of ports) expect(port).toBeGreaterThanOrEqual(14_902);
  });

  it("is an error in one line when the one that was asked for is busy", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const mirror = cube("mirror", ...BROWSER, "--window", `127.0.0.1:${port}`, "--listen", "127.0.0.1:0");
    expect(await mirror.exit()).toBe(1);
    server.close();
    expect(mirror.out.all).toEqual([]);
    expect(mirror.err.all).toHaveLength(1);
    expect(mirror.err.all[0]).toContain(
      `cube: cannot serve a window on 127.0.0.1:${port}: listen EADDRINUSE`,
    );
  });

  it("is for pages of its own alone", async () => {
    const mirror = windowed("mirror", "--listen", "127.0.0.1:0");
    const url = await mirror.window();
    const foreign = new Window(url, { origin: "http://example.org" });
    expect(await foreign.closed).toContain("403");
    await mirror.out.until(/^link turned away a window: /);
    await new Window(url, { origin: url.slice(0, -1) }).settled(1);
    await new Window(url).settled(1);
    expect(mirror.err.all).toEqual([]);
  });

  it("serves the page, to be run nowhere else and kept by nobody", async () => {
    const mirror = windowed("mirror", "--listen", "127.0.0.1:0");
    const url = await mirror.window();
    for (const [path, type] of [
      ["", "text/html; charset=utf-8"],
      ["style.css", "text/css; charset=utf-8"],
      ["main.js?again", "text/javascript; charset=utf-8"],
    ]) {
      const answer = await fetch(url + path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe(type);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(answer.headers.get("content-security-policy")).toContain(
        "default-src 'none'; script-src 'self'",
      );
      expect((await answer.text()).length).toBeGreaterThan(0);
    }
    const statuses = async (...paths: string[]) =>
      Promise.all(paths.map(async (path) => (await fetch(url + path)).status));
    expect(await statuses("favicon.ico", "main.ts", "..%2fmain.ts", "cube")).toEqual([204, 404, 404, 404]);
    expect((await fetch(url, { method: "POST", body: "x" })).status).toBe(405);
    const head = await fetch(url, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it("ends with its process, windows and all, within a moment", async () => {
    const mirror = windowed("mirror", "--listen", "127.0.0.1:0");
    const window = new Window(await mirror.window());
    await window.settled(1);
    await mirror.kill("SIGINT");
    await window.closed;
    expect(await mirror.exit()).toBe(0);
    expect(mirror.err.all).toEqual([]);
  });
});

const BROWSER = ["--view", "browser", "--no-open"] as const;

function windowed(role: "mover" | "mirror", ...args: string[]): Child {
  return cube(role, ...BROWSER, "--window", "127.0.0.1:0", ...args);
}

/** A mover that listens, and somebody with `nc` who was greeted. */
async function pair() {
  const mover = windowed("mover", "--listen", "127.0.0.1:0");
  const url = mover.window();
  await url;
  const caller = new Caller(await mover.port());
  await caller.received.until(/^cube 0 0 0$/);
  return { mover: { window: () => url, kill: mover.kill.bind(mover) }, caller };
}

async function mirrored() {
  const mirror = cube("mirror", "--listen", "127.0.0.1:0");
  const port = await mirror.port();
  const caller = new Caller(port);
  await caller.settled(1);
  return { mirror: { port: async () => port, out: mirror.out }, caller };
}
