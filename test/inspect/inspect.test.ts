/**
 * `npx tickwire inspect`, as a function of its command line.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { lines, memory, Poller, Recording, recorded, recordingFile, subject, tcp } from "../../src/index.ts";
import { INSPECT_USAGE, inspect } from "../../src/inspect/inspect.ts";
import type { Mistake } from "../../src/inspect/mistake.ts";
import { pageOf } from "../../src/inspect/page.ts";
import { summarize } from "../../src/inspect/summary.ts";
import { CALL, EVENT, NOTE } from "../../src/transport/wrap/log-entry.ts";
import { SessionLink } from "../core/session-transport.ts";
import { quietPort } from "../ports.ts";
import { playMatch } from "../transport/wrap/echo-match.ts";
import { entry, forged, HEADER, joined } from "../transport/wrap/forged.ts";

const folder = mkdtempSync(join(tmpdir(), "tickwire-inspect-"));
const file = join(folder, "match.rec");

const recording = recordingFile(file, { seed: 7, meta: { title: "<b>\u001b[31mfinal</b>" } });
const server = playMatch(40, (network) => recorded(network, recording));
recording.close();

afterAll(() => rmSync(folder, { recursive: true }));

describe("tickwire inspect", () => {
  test("sums a recording up: who, how long, how much, and how each connection ended", () => {
    const text = inspect([file]);
    const { receivedBytes, sentBytes, receivedMessages } = server.listener.stats;
    expect(text).toContain('seed 7, meta {"title":"<b>\\u001b[31mfinal</b>"}');
    expect(text).toContain(`40 frames in 0.6 s, ${recording.sizeBytes} bytes`);
    expect(text).toContain(`received ${receivedBytes} bytes in ${receivedMessages} lines, sent ${sentBytes}`);
    expect(text).toMatch(
      /2 connections: 1 remote, 1 open at the end\n {2}1 {2}from memory:1 {2}frame 2 to 40 {7}received \d+, sent \d+ {2}remote: the peer closed/,
    );
    expect(text).toMatch(/ {2}2 {2}from memory:2 {2}frame 4 to the end/);
    const summary = JSON.parse(inspect([file, "--json"]));
    expect(summary.frames).toHaveLength(40);
    expect(summary.connections.map(({ remote }: { remote: string }) => remote)).toEqual([
      "memory:1",
      "memory:2",
    ]);
    const total = summary.frames.reduce(
      (sum: number, { sentBytes }: { sentBytes: number }) => sum + sentBytes,
      0,
    );
    expect(total).toBe(sentBytes);
  });

  test("tells how many datagrams are lost, and how many have failed", () => {
    const wire = memory();
    const recording = new Recording();
    const poller = new Poller();
    const world = poller.bind(recorded(wire.at("world.7"), recording), lines());
    const gateway = poller.bind(wire, lines());
    poller.poll(0);
    wire.hold();
    for (let count = 0; count < 3; count++) gateway.trySendTo("x", subject("world.7"));
    poller.flush();
    wire.cut();
    poller.poll(1);
    expect(world.stats.lost).toBe(3);
    poller[Symbol.dispose]();
    const lossy = join(folder, "lossy.rec");
    writeFileSync(lossy, recording.toBytes());
    expect(inspect([lossy])).toContain("\ndatagrams: 3 lost, 0 failed\n");
    const { frames } = JSON.parse(inspect([lossy, "--json"]));
    expect(frames.map(({ lost }: { lost: number }) => lost)).toEqual([0, 3]);
    expect(inspect([file])).not.toContain("datagrams:");
  });

  test("tells frames entry by entry, of all connections or of one", () => {
    const text = inspect([file, "--frames", "20..21"]);
    expect(text).toContain("frame 20  at 304 ms  poller 1\n");
    expect(text).toContain('  connection 1 (memory:1)  received  14 bytes  "hello 0 in 20\\n"');
    expect(text).toContain(
      '  connection 2 (memory:2)  write  32 bytes  "you said hello 1 in 19\\nframe 20\\n"',
    );
    expect(text).not.toContain("frame 22");
    const one = inspect([file, "--frames", "20", "--connection", "2"]);
    expect(one).toMatch(
      /^before frame 20\n {2}connection 2 .* received .*\nframe 20 {2}at 304 ms {2}poller 1\n {2}connection 2 .* write [^\n]*$/,
    );
    const [first] = JSON.parse(inspect([file, "--connection", "2", "--json"]));
    expect(first).toMatchObject({ connection: 2, kind: "incoming" });
    expect(inspect([file, "--frames", "39.."])).toContain("frame 40");
    expect(inspect([file, "--frames", "..1"])).toMatch(/^before frame 1\n {2}part 2 {2}transport/);
  });

  test("draws a page that loads nothing, runs nothing, and shows a stranger's text as text", () => {
    const out = join(folder, "match.html");
    expect(inspect([file, "--html", out])).toContain(out);
    const page = readFileSync(out, "utf8");
    expect(page).toContain("<title>frame 20, 0.30 s\nLines received: 2\nBytes received: 28\n");
    expect(page).toContain("\n1 closed, remote: the peer closed the connection</title>");
    expect(page).toContain("<td>remote: the peer closed the connection");
    expect(page).toContain("<title>match.rec</title>");
    expect(page).toContain("color-scheme: light dark");
    expect(page).not.toMatch(/<script|src=|href=|url\(|<b>|@import/);
    expect(() => inspect([file, "--html", out])).toThrow(
      /--html: .* is there already, and is not written over/,
    );
  });

  test("tells outages, what a link measures, and the last words of games", () => {
    const kept = new Recording();
    const poller = new Poller();
    const link = new SessionLink();
    const connection = poller.connect(recorded({ connect: () => link }, kept), lines());
    link.open("10.0.0.1");
    poller.poll(0);
    link.lose();
    link.coming = { jitterMs: 2, clock: { offsetMs: 1, errorMs: 1, serverNowMs: 1 } };
    poller.poll(10);
    link.regain();
    poller.poll(20);
    connection.close({ code: 4001, text: "\u001b[2J" });
    poller.flush();
    link.close({ kind: "local", message: "over" });
    poller.poll(30);
    kept.close();
    const path = join(folder, "outage.rec");
    writeFileSync(path, kept.toBytes());
    expect(inspect([path])).toMatch(
      /received 0, sent 0, outages 1 {2}local: this side closed the connection, with the goodbye 4001 "\\u001b\[2J"/,
    );
    const steps = inspect([path, "--connection", "1"]);
    expect(steps).toMatch(/suspended\nframe 2 .*\n.*pump:\n.*jitter {2}2\n.*down {2}0\n/);
    expect(steps).toContain(
      'end  local: this side closed the connection, with the goodbye 4001 "\\u001b[2J"',
    );
    expect(steps).not.toContain("clock");
    const out = join(folder, "outage.html");
    inspect([path, "--html", out]);
    expect(readFileSync(out, "utf8")).toContain("Sessions that lost their line");
  });

  test("tells a mistake in a sentence", () => {
    writeFileSync(join(folder, "none.rec"), "no recording at all");
    expect(() => inspect([])).toThrow("expected one file after inspect");
    expect(() => inspect([file, file])).toThrow("expected one file after inspect");
    expect(() => inspect([join(folder, "none.rec")])).toThrow(
      /none\.rec: expected a recording of tickwire, got other bytes$/,
    );
    expect(() => inspect([join(folder, "missing.rec")])).toThrow(/missing\.rec: there is no such file$/);
    expect(() => inspect([folder])).toThrow(/: it is a folder$/);
    expect(() => inspect([file, "--frames", "a"])).toThrow("--frames: expected A..B");
    expect(() => inspect([file, "--frames", "5..3"])).toThrow("--frames: expected A..B");
    expect(() => inspect([file, "--frames", "41.."])).toThrow(
      "--frames: the last frame is 40, and 41 is behind it",
    );
    expect(() => inspect([file, "--connection", "0"])).toThrow("--connection: expected a number");
    expect(() => inspect([file, "--connection", "3"])).toThrow(
      "--connection: there are 2 connections, and no 3",
    );
    expect(() => inspect([file, "--fast"])).toThrow(/^Unknown option '--fast'$/);
    expect(() => inspect([file, "--html", ""])).toThrow("--html: expected a file");
    expect(() => inspect([file, "--html", join(folder, "no/where.html")])).toThrow(
      /its folder is not there$/,
    );
    for (const flag of ["--json", "--frames=1", "--connection=1"])
      expect(() => inspect([file, "--html", join(folder, "no.html"), flag])).toThrow(
        /: expected without --html/,
      );
    expect(inspect(["--help"])).toMatch(/^usage/);
  });

  test("tells the usage to whoever misuses the command, and not to whoever names a wrong file", () => {
    const usageOf = (...args: string[]): string => {
      try {
        return inspect(args);
      } catch (error) {
        return (error as Mistake).usage;
      }
    };
    expect(usageOf(file, "--fast")).toBe(INSPECT_USAGE);
    expect(usageOf(folder)).toBe("");
    expect(usageOf(file, "--frames", "99")).toBe("");
  });

  test("tells what comes between two frames below the later one, as its summary counts it", () => {
    const wire = memory();
    const between = new Recording();
    const [server, client] = [new Poller(), new Poller()];
    const listener = server.listen(recorded(wire, between), lines());
    const player = client.connect(wire, lines());
    for (let frame = 1; frame <= 4; frame++) {
      server.poll(frame * 10);
      while (listener.tryAccept() !== undefined);
      listener.drain((one, line) => one.trySend(line));
      server.flush();
      client.poll(frame * 10 + 5);
      if (frame === 3) player.trySend("late");
      client.flush();
    }
    player.abort();
    client.poll(60);
    const path = join(folder, "between.rec");
    writeFileSync(path, between.toBytes()); // as a crash leaves it: it has no end
    const text = inspect([path]);
    expect(text).toContain("4 frames in 0.0 s");
    expect(text).toContain("not ended: it is still being written");
    const { openedIn } = summarize(Recording.fromBytes(between.toBytes())).connections[0] ?? {};
    const told = inspect([path, "--frames", String(openedIn), "--connection", "1"]);
    expect(told).toMatch(new RegExp(`^(before )?frame ${openedIn}\\b`));
    expect(told).toContain("  opened");
    const page = pageOf(summarize(Recording.fromBytes(between.toBytes())), "between");
    expect(page).toContain("Not ended: it is still being written");
    for (const [, left, width] of page.matchAll(/margin-left:([\d.]+)%;width:([\d.]+)%/g)) {
      expect(Number(left) + Number(width)).toBeLessThanOrEqual(100);
    }
  });

  test("names the peer of an attempt that was refused, and tells a backslash from an escape", async () => {
    const refused = new Recording();
    const poller = new Poller();
    const port = await quietPort();
    const nobody = poller.connect(recorded(tcp({ host: "127.0.0.1", port }), refused), lines());
    const wire = memory();
    const listener = poller.listen(recorded(wire, refused), lines());
    const player = poller.connect(wire, lines());
    player.trySend("\\n is two");
    for (let nowMs = 0; nobody.state !== "closed" || listener.stats.receivedMessages === 0; nowMs += 10) {
      poller.poll(nowMs);
      while (listener.tryAccept() !== undefined);
      listener.drain(() => {});
      poller.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
    refused.close();
    const path = join(folder, "refused.rec");
    writeFileSync(path, refused.toBytes());
    expect(inspect([path])).toMatch(
      new RegExp(` to 127\\.0\\.0\\.1:${port} +never open, until \\d+ .*refused: `),
    );
    expect(inspect([path, "--frames", ".."])).toContain('received  10 bytes  "\\\\n is two\\n"');
    await poller[Symbol.asyncDispose]();
  });

  test("draws a recording without a frame, and one with more frames than a call takes arguments", () => {
    expect(pageOf(summarize(new Recording()), "none")).toContain("There are none.");
    expect(pageOf(summarize(new Recording()), "none")).not.toMatch(/NaN|Infinity|undefined/);
    const { frames, ...rest } = summarize(Recording.fromBytes(readFileSync(file)));
    const many = Array.from({ length: 300_000 }, (_, at) => ({ ...frames[at % 40], frame: at + 1 }) as never);
    const page = pageOf({ ...rest, frames: many }, "many");
    expect(page).toContain("Each column is 300 frames");
    expect(page.length).toBeLessThan(400_000);
  });

  test("prints nothing of a stranger's that moves a cursor, loads anything or ends a text", () => {
    const bad = `\u001b[31m\u009b2J\u202e</script><script>alert(1)</script>"'\u{e0001}\r\nforged line`;
    const address = { family: "unix", host: bad, port: 0 };
    const link = { remote: address, halfOpen: true, codec: bad };
    const bytes = forged(
      [
        [
          joined([
            entry(NOTE.transport, 1, { verbs: ["connect"], pump: 2 }),
            entry(CALL.connect, 1, 3, link),
            entry(CALL.attach, 3),
            entry(CALL.poll, 1, 5),
            entry(EVENT.hint, 3, bad),
            entry(EVENT.closed, 3, { kind: bad, message: bad }),
          ]),
          0,
        ],
      ],
      { ...HEADER, tickwire: bad, platform: bad, began: bad, meta: bad },
    );
    const [path, out] = [join(folder, "bad.rec"), join(folder, "bad.html")];
    writeFileSync(path, bytes);
    const texts = [
      inspect([path]),
      inspect([path, "--frames", ".."]),
      inspect([path, "--json"]),
      inspect([path, "--frames", "..", "--json"]),
    ];
    inspect([path, "--html", out]);
    const page = readFileSync(out, "utf8");
    for (const text of [...texts, page]) {
      expect(text).toContain("forged line");
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(text).not.toMatch(/^forged line/m);
    }
    expect(page).not.toMatch(/<\/?script|["']\uFFFD/);
    expect(page).toContain("default-src 'none'");
    const [summary, steps] = texts.slice(2).map((text) => JSON.parse(text));
    expect([summary.header.meta, summary.connections[0].reason.message]).toEqual([bad, bad]);
    expect(steps.at(-1).args[0].kind).toBe(bad);
  });

  test("fills no line up to a stranger's long one, and tells of nothing as nothing", () => {
    const entries = Array.from({ length: 50 }, (_, at) => {
      const host = at === 0 ? "h".repeat(100_000) : "h";
      const link = { remote: { family: "unix", host, port: 0 }, halfOpen: true };
      const ended = entry(EVENT.closed, at + 3, { kind: "remote", message: "gone" });
      return [entry(CALL.connect, 1, at + 3, link), entry(CALL.attach, at + 3), ended];
    });
    const path = join(folder, "long.rec");
    writeFileSync(path, forged([[joined([...entries.flat(), entry(CALL.poll, 1, 5)]), 0]]));
    const text = inspect([path]);
    expect(text).toContain("50 connections: 50 remote");
    expect(text.length).toBeLessThan(120_000);
    expect(text).toMatch(/^ {2}50 {2}to \S+ {10,}never open, until 1 /m);
    const none = join(folder, "idle.rec");
    writeFileSync(none, forged([]));
    expect([inspect([none, "--frames", ".."]), inspect([none, "--frames", "..", "--json"])]).toEqual([
      "nothing",
      "[]",
    ]);
  });

  test("says where a damaged file ends", () => {
    const bytes = readFileSync(file);
    const cut = join(folder, "cut.rec");
    writeFileSync(cut, bytes.subarray(0, bytes.length - 300));
    expect(inspect([cut])).toMatch(/ends early: the last \d+ bytes, behind frame \d+, are of a block/);
  });
});
