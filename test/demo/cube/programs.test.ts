import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { needs } from "../../machine.ts";
import { quietPort } from "../../ports.ts";
import { Caller, cube, DEADLINE_MS, endAll, Window } from "../children.ts";

afterEach(endAll);

const MIRROR = ["mirror", "--listen", "127.0.0.1:0"] as const;

describe("a mover and a mirror", { timeout: 3 * DEADLINE_MS }, () => {
  it("survive each other's kill -9, and the cube goes on from where it was", async () => {
    const port = await quietPort();
    let mirror = cube("mirror", "--listen", `127.0.0.1:${port}`);
    await mirror.port();
    let mover = cube("mover", "--auto", "--connect", `127.0.0.1:${port}`);
    await mover.out.until(/^link up 127\.0\.0\.1:\d+$/);
    await mirror.out.until(/^tick \d+ cube /);
    await mover.out.until(/^tick \d\d\d cube /);

    await mover.kill("SIGKILL");
    await mirror.out.until(/^link down 127\.0\.0\.1:\d+: the peer/);
    const kept = lastPlace(mirror.out.all);
    mover = cube("mover", "--auto", "--connect", `127.0.0.1:${port}`);
    const [, ...received] = await mover.out.until(PLACE);
    expect(received.join(" ")).toBe(kept); // it was told before it drove
    await mirror.out.until(PLACE);

    await mirror.kill("SIGKILL");
    await mover.out.until(/^link down .*: the peer/);
    await mover.out.until(/^link retry in 250 ms$/);
    mirror = cube("mirror", "--listen", `127.0.0.1:${port}`);
    await mover.out.until(/^link up /);
    await mirror.out.until(PLACE);
  });

  it("are recorded, and the mirror's cube moves again as it did, without anybody there", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tickwire-cube-"));
    const file = join(folder, "mirror.rec");
    const mirror = cube(...MIRROR, "--view", "log", "--record", file);
    const port = await mirror.port();
    const mover = cube("mover", "--auto", "--connect", `127.0.0.1:${port}`, "--ticks", "60");
    expect(await mover.exit()).toBe(0);
    await mirror.out.until(/^link down /);
    await mirror.kill("SIGTERM");
    expect(await mirror.exit()).toBe(0);
    const again = cube("--replay", file, "--view", "log");
    expect(await again.exit()).toBe(0);
    expect(again.out.all).toEqual(mirror.out.all);
    expect(again.out.all.filter((line) => line.includes(" cube ")).length).toBeGreaterThan(10);
    const late = cube(...MIRROR, "--record", file);
    expect(await late.exit()).toBe(1);
    expect(late.err.all.join()).toBe(`cube: --record ${file}: it is there already, and is not written over`);
    const none = join(folder, "none.rec");
    writeFileSync(none, "none");
    for (const [path, words] of [
      [none, "expected a recording of tickwire, got other bytes"],
      [join(folder, "missing.rec"), "there is no such file or folder"],
      [folder, "it is a folder"],
    ] as const) {
      const wrong = cube("--replay", path, "--view", "log");
      expect(await wrong.exit()).toBe(1);
      expect(wrong.err.all.join()).toBe(`cube: --replay ${path}: ${words}`);
    }
    rmSync(folder, { recursive: true });
  });

  it("may start in either order, and part with exit code 0", async () => {
    const port = await quietPort();
    const mover = cube("mover", "--auto", "--connect", `127.0.0.1:${port}`);
    await mover.out.until(/^link down 127\.0\.0\.1:\d+: nobody listens there/);
    await mover.out.until(/^link retry in 500 ms$/);
    const mirror = cube("mirror", "--listen", `127.0.0.1:${port}`);
    await mirror.out.until(PLACE);
    await Promise.all([mover.kill("SIGINT"), mirror.kill("SIGTERM")]);
    expect(await Promise.all([mover.exit(), mirror.exit()])).toEqual([0, 0]);
    expect([...mover.err.all, ...mirror.err.all]).toEqual([]);
  });

  it("play alone in a pipe, each line with its role, and end after their ticks", async () => {
    const both = cube("--view", "log", "--listen", "127.0.0.1:0", "--ticks", "60");
    expect(await both.exit()).toBe(0);
    const { all } = both.out;
    for (const line of all) expect(line).toMatch(/^(mover |mirror) \| (tick \d+ cube|link) /);
    const placesOf = (role: string) =>
      all.filter((line) => line.startsWith(role)).flatMap((line) => PLACE.exec(line)?.[0] ?? []);
    const [moved, mirrored] = [placesOf("mover"), placesOf("mirror")];
    expect(mirrored.length).toBeGreaterThan(10);
    expect(moved.slice(0, mirrored.length)).toEqual(mirrored);
  });
});

describe("a mover and a mirror with a session", { timeout: 4 * DEADLINE_MS }, () => {
  it.each(["mover", "mirror"] as const)(
    "hold each other while the %s is stopped, and go on where they were",
    needs("signals"),
    async (who) => {
      const { mover, mirror } = await linked();
      const [stopped, held] = who === "mover" ? [mover, mirror] : [mirror, mover];
      stopped.process.kill("SIGSTOP");
      await held.out.until(/^link held /);
      const kept = lastPlace(mirror.out.all);
      stopped.process.kill("SIGCONT");
      await held.out.until(/^link resumed .* after \d+\.\d s$/);
      await mirror.out.until(PLACE);
      await mirror.out.until(PLACE);
      expect(lastPlace(mirror.out.all)).not.toBe(kept);
      for (const { out } of [mover, mirror]) expect(out.all.join("\n")).not.toMatch(/link (down|retry)/);
    },
  );

  it("hold each other in a blackhole of the panel and after its cut, without the end of anything", async () => {
    const { mover, mirror, window } = await linked();
    await window.received.until(/^link linked /);
    await window.received.until(/^stat .* line \d+\.\d frame \d+\.\d arrivals /);
    window.send("network blackhole");
    await window.received.until(/^link held 1 s, 127\.0\.0\.1:\d+$/);
    await window.received.until(/^stat .* line - frame - arrivals /); // of a line that is not there
    await window.received.until(/^link held 2 s, /);
    await mirror.out.until(/^link held /);
    window.send("network perfect");
    await window.received.until(/^link linked /);
    await mirror.out.until(/^link resumed /);
    window.send("cut");
    await mover.out.until(/^link held /);
    await mover.out.until(/^link resumed /);
    await mirror.out.until(PLACE);
    for (const { out } of [mover, mirror]) expect(out.all.join("\n")).not.toMatch(/link (down|retry)/);
  });

  it("are recorded with a cut, on a bad network, and the mirror does again what it did", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tickwire-cube-"));
    const file = join(folder, "mirror.rec");
    const { mover, mirror, window } = await linked(["--record", file], ["--network", "wifi"]);
    await window.received.until(/^link linked /);
    window.send("cut");
    await mirror.out.until(/^link resumed /);
    await mirror.out.until(PLACE);
    await mover.kill("SIGTERM");
    await mirror.out.until(/^link down .*: the peer/);
    await mirror.kill("SIGTERM");
    expect(await mirror.exit()).toBe(0);
    const again = cube("--replay", file, "--view", "log", "--session");
    expect(await again.exit()).toBe(0);
    expect(again.out.all).toEqual(mirror.out.all);
    expect(again.out.all.join("\n")).toMatch(/^link held .*\n(tick .*\n)*link resumed /m);
    rmSync(folder, { recursive: true });
  });

  it("say so when one of them has none", async () => {
    const mirror = cube(...MIRROR);
    const at = `127.0.0.1:${await mirror.port()}`;
    const mover = cube("mover", "--auto", "--session", "--connect", at);
    await mover.out.until(/^link down .*does it listen with session\(\)\?$/);
    const other = cube(...MIRROR, "--session");
    const caller = new Caller(await other.port());
    caller.send("cube 1 2 3\n".repeat(10));
    await new Promise<void>((resolve) => {
      caller.socket.on("error", () => {}); // a reset, which is what it may be
      caller.socket.on("close", () => resolve());
    });
    await other.out.until(/^link turned away a peer: .* session/);
    expect(other.err.all).toEqual([]);
  });

  /** A mirror, and a mover that drives and has a window. */
  async function linked(ofMirror: readonly string[] = [], ofMover: readonly string[] = []) {
    const mirror = cube(...MIRROR, "--view", "log", "--session", ...ofMirror);
    const at = `127.0.0.1:${await mirror.port()}`;
    const view = ["--view", "browser", "--no-open", "--window", "127.0.0.1:0"];
    const mover = cube("mover", "--auto", "--session", "--connect", at, ...view, ...ofMover);
    const window = new Window(await mover.window());
    await mover.out.until(/^link up /);
    await mirror.out.until(PLACE);
    return { mover, mirror, window };
  }
});

describe("a mirror among bad peers", { timeout: 3 * DEADLINE_MS }, () => {
  it("puts a line together that came in two pieces", async () => {
    const mirror = cube(...MIRROR);
    const port = await mirror.port();
    const [caller, other] = [new Caller(port), new Caller(port)];
    caller.send("cube 1 2");
    await other.settled(1); // a frame has passed with half a line in it
    caller.send(" 3\ncube 4 5 6\n");
    await mirror.out.until(/cube 1 2 3$/);
    await mirror.out.until(/cube 4 5 6$/);
    await other.received.until(/^cube 1 2 3$/);
    await other.received.until(/^cube 4 5 6$/);
  });

  it("gives each kind of nonsense a clear word or a close, and keeps its cube and its peers", async () => {
    const mirror = cube(...MIRROR);
    const port = await mirror.port();
    const client = new Caller(port);
    client.send("cube 1 2 3\n");
    await mirror.out.until(/cube 1 2 3$/);

    const typist = new Caller(port);
    typist.send("cube nan 0 0\ncube 1 2\n");
    await typist.received.until(/^error cube: x is not a finite decimal number, "nan"$/);
    await typist.received.until(/^error cube: expected 3 numbers, got 2$/);

    new Caller(port).send("x".repeat(70_000));
    await mirror.out.until(/^link down .*: line 1 is longer than the limit of 65536 bytes$/);
    new Caller(port).send(Uint8Array.of(0x63, 0xff, 0xfe, 0x0a));
    await mirror.out.until(/^link down .*: line 1 is not valid UTF-8$/);
    const rude = new Caller(port);
    rude.send("cube 9 9");
    await client.settled(2);
    rude.socket.resetAndDestroy();
    await mirror.out.until(/^link down .*: the peer reset the connection/);

    const newcomer = new Caller(port);
    await newcomer.received.until(/^cube 1 2 3$/);
    newcomer.send("cube 4 5 6\n");
    await client.received.until(/^cube 4 5 6$/);
    expect(mirror.out.all.filter((line) => PLACE.test(line))).toHaveLength(2);
  });
});

describe("the program", { timeout: 3 * DEADLINE_MS }, () => {
  it("ends with 1 and one line when the port is taken", async () => {
    const mirror = cube(...MIRROR);
    const port = await mirror.port();
    const second = cube("mirror", "--listen", `127.0.0.1:${port}`);
    expect(await second.exit()).toBe(1);
    expect(second.err.all).toHaveLength(1);
    expect(second.err.all[0]).toContain(
      `cube: cannot listen on 127.0.0.1:${port}: another program listens on that address`,
    );
  });

  it("ends with 2 and one line when the command line is wrong, and with 0 after its help", async () => {
    const [wrong, help] = [cube("mirror", "--rate", "fast"), cube("--help")];
    expect(await wrong.exit()).toBe(2);
    expect(wrong.err.all).toEqual([
      'cube: --rate: expected a number above 0 and up to 1000, got "fast" (see --help)',
    ]);
    expect(await help.exit()).toBe(0);
    expect(help.out.all.join("\n")).toContain("--connect HOST:PORT");
    expect(help.err.all).toEqual([]);
  });

  it("ends quietly when its reader goes away", async () => {
    const both = cube("--view", "log", "--listen", "127.0.0.1:0");
    await both.out.until(/cube/);
    both.process.stdout?.destroy();
    expect(await both.exit()).toBe(0);
    expect(both.err.all).toEqual([]);
  });
});

const PLACE = /cube (\S+) (\S+) (\S+)$/;

function lastPlace(lines: readonly string[]): string | undefined {
  return lines.flatMap((line) => PLACE.exec(line)?.slice(1).join(" ") ?? []).at(-1);
}
