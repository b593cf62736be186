/** `npm run demo` as a user sees it, without a browser. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Recording } from "../../../src/index.ts";
import { needs } from "../../machine.ts";
import { quietPort } from "../../ports.ts";
import { Child, cube, DEADLINE_MS, endAll, Window } from "../children.ts";

afterEach(endAll);

describe("npm run demo", { timeout: 4 * DEADLINE_MS }, () => {
  it("starts a mover and a mirror that are linked, and prints the addresses of their windows", async () => {
    const demo = launch("--wire", "binary");
    const [mover, mirror] = await windows(demo);
    mover.send("cube 1 2 3");
    await mirror.received.until(/^cube 1 2 3$/);
    for (const { received } of [mover, mirror]) expect(received.all).toContain("wire binary");
    await demo.out.until(/^demo {3}\| not opened \(as asked\): /);
    expect(demo.err.all).toEqual([]);
  });

  it("starts a peer again that was killed, where it was, and its window is back", async () => {
    const port = await quietPort(3); // for the link and both windows
    const demo = launch("--listen", `127.0.0.1:${port}`, "--window", `127.0.0.1:${port + 1}`);
    const [mover, mirror] = await windows(demo);
    expect([address(demo, "mover"), address(demo, "mirror")]).toEqual([
      `http://127.0.0.1:${port + 1}/`,
      `http://127.0.0.1:${port + 2}/`,
    ]);
    mover.send("cube 1 2 3");
    await mirror.received.until(/^cube 1 2 3$/);
    for (const role of ["mover", "mirror"] as const) {
      const url = address(demo, role);
      process.kill(pidOf(demo, role), "SIGKILL");
      await demo.out.until(
        new RegExp(`^${role.padEnd(6)} \\| ended \\(SIGKILL\\); starting it again in 500 ms$`),
      );
      await demo.out.until(new RegExp(`^${role.padEnd(6)} \\| window ${url}$`));
      const back = new Window(url);
      await back.received.until(/^link linked /);
      await back.received.until(/^cube 1 2 3$/); // the other one knew
    }
  });

  it("gives both a session, and holds their link while one is stopped", needs("signals"), async () => {
    const demo = launch("--session", "--auto");
    const [mover, mirror] = await windows(demo);
    const pid = pidOf(demo, "mirror");
    await mirror.received.until(/^stat .* line \d+\.\d frame \d+\.\d /);
    process.kill(pid, "SIGSTOP");
    await Promise.all([mover.received.until(/^link held 3 s, /), mirror.held]);
    process.kill(pid, "SIGCONT");
    await mover.received.until(/^link linked /);
    await mirror.received.until(/^cube /);
    expect(demo.out.all.filter((line) => /link (down|retry)|ended/.test(line))).toEqual([]);
  });

  it("records a mirror that is started again in a file of the next number, and writes over none", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tickwire-launch-"));
    const [file, second, third] = ["a.rec", "a-2.rec", "a-3.rec"].map((name) => join(folder, name));
    writeFileSync(second as string, "mine");
    const demo = launch("--record", file as string);
    await windows(demo);
    process.kill(pidOf(demo, "mirror"), "SIGKILL");
    await demo.out.until(/^mirror \| records in .*a-3\.rec now$/);
    await demo.out.until(/^mirror \| link up /);
    await demo.kill("SIGTERM");
    expect(await demo.exit()).toBe(0);
    expect(readFileSync(second as string, "utf8")).toBe("mine");
    expect(Recording.fromBytes(readFileSync(third as string)).frames).toBeGreaterThan(0);
    expect(Recording.fromBytes(readFileSync(file as string)).header.meta).toEqual({ demo: "cube" });
    rmSync(folder, { recursive: true });
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("ends with all its processes at %s", async (signal) => {
    const demo = launch();
    const [mover, mirror] = await windows(demo);
    const pids = [pidOf(demo, "mover"), pidOf(demo, "mirror")];
    const closed = [mover.closed, mirror.closed];
    await demo.kill(signal);
    await Promise.all(closed);
    expect(await demo.exit()).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it("leaves no process behind when it is killed itself", async () => {
    const demo = launch();
    const [mover, mirror] = await windows(demo);
    const closed = [mover.closed, mirror.closed];
    const pids = [pidOf(demo, "mover"), pidOf(demo, "mirror")];
    await demo.kill("SIGKILL");
    await Promise.all(closed);
    while (pids.some(isAlive)) await new Promise(setImmediate); // or the test's own deadline ends it
  });

  it("ends when npm is told to, though npm tells only its shell", needs("npm", "signals"), async () => {
    const demo = new Child("npm", ["run", "--silent", "demo", "--", "--no-open", ...FREE]);
    const [mover, mirror] = await windows(demo);
    const closed = [mover.closed, mirror.closed];
    demo.process.kill("SIGTERM");
    await Promise.all(closed);
  });

  it("ends by itself after its ticks", async () => {
    const demo = launch("--ticks", "30", "--auto");
    expect(await demo.exit()).toBe(0);
    const said = demo.out.all.join("\n");
    expect(said.match(/ \| window http/g)).toHaveLength(2);
    expect(said).not.toContain("starting it again");
  });

  it("ends with 1 when one of them cannot begin, and says why", async () => {
    const first = launch();
    await windows(first);
    const [, taken] = /listening 127\.0\.0\.1:(\d+)/.exec(first.out.all.join("\n")) ?? [];
    const second = launch("--listen", `127.0.0.1:${taken}`);
    expect(await second.exit()).toBe(1);
    const said = second.out.all.join("\n");
    expect(said).toContain(`mirror | cube: cannot listen on 127.0.0.1:${taken}: another program listens`);
    expect(said).not.toContain("again in 500 ms");
  });
});

/** The two meet where nobody else is looking for a place, unless `args` say where. */
function launch(...args: string[]): Child {
  const place = args.includes("--listen") ? [] : FREE;
  return cube("--no-open", ...place, ...args);
}

/** Both windows, once the two are linked: the mover's and the mirror's. */
async function windows(demo: Child): Promise<[Window, Window]> {
  await demo.out.until(/^demo {3}\| the mirror is at /);
  const both: [Window, Window] = [new Window(address(demo, "mover")), new Window(address(demo, "mirror"))];
  for (const { received } of both) await received.until(/^link linked /);
  return both;
}

function address(demo: Child, role: string): string {
  return said(demo, new RegExp(`^${role.padEnd(6)} \\| window (http:\\S+)$`));
}

function pidOf(demo: Child, role: string): number {
  return Number(said(demo, new RegExp(`^${role.padEnd(6)} \\| process (\\d+)$`)));
}

function said(demo: Child, pattern: RegExp): string {
  const found = demo.out.all.flatMap((line) => pattern.exec(line)?.[1] ?? []).at(-1);
  if (found === undefined) throw new Error(`no line like ${pattern} was printed`);
  return found;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const FREE = ["--listen", "127.0.0.1:0"] as const;
