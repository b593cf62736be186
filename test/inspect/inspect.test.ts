/**
 * `npx tickwire inspect`, as a function of its command line.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { lines, Poller, Recording, recorded, recordingFile } from "../../src/index.ts";
import { inspect } from "../../src/inspect/inspect.ts";
import { SessionLink } from "../core/session-transport.ts";
import { playMatch } from "../transport/wrap/echo-match.ts";

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
      /2 connections\n {2}1 {2}from memory:1 {2}frame 2 to 40 {2}received \d+, sent \d+ {2}remote: the peer closed/,
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

  test("tells frames entry by entry, of all connections or of one", () => {
    const text = inspect([file, "--frames", "20..21"]);
    expect(text).toContain("frame 20  at 304 ms  poller 1\n");
    expect(text).toContain('  connection 1 (memory:1)  received  14 bytes  "hello 0 in 20\\n"');
    expect(text).toContain(
      '  connection 2 (memory:2)  write  32 bytes  "you said hello 1 in 19\\nframe 20\\n"',
    );
    expect(text).not.toContain("frame 22");
    const one = inspect([file, "--frames", "20", "--connection", "2"]);
    expect(one.split("\n").filter((line) => !line.includes("connection 2"))).toEqual([]);
    const [first] = JSON.parse(inspect([file, "--connection", "2", "--json"]));
    expect(first).toMatchObject({ connection: 2, kind: "incoming" });
    expect(inspect([file, "--frames", "39.."])).toContain("frame 40");
    expect(inspect([file, "--frames", "..1"])).toContain("part 2  transport");
  });

  test("draws a page that loads nothing, runs nothing, and shows a stranger's text as text", () => {
    const out = join(folder, "match.html");
    expect(inspect([file, "--html", out])).toContain(out);
    const page = readFileSync(out, "utf8");
    expect(page).toContain("frame 20, at 304 ms: 2</title>");
    expect(page).toContain("remote: the peer closed the connection");
    expect(page).toContain("color-scheme: light dark");
    expect(page).not.toMatch(/<script|src=|href=|url\(|<b>|@import/);
    expect(() => inspect([file, "--html", out])).toThrow(/--html: EEXIST/);
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
    expect(steps).toMatch(/suspended\n.*\n?.*jitter {2}2\n.*down {2}0\n/);
    expect(steps).toContain(
      'end  local: this side closed the connection, with the goodbye 4001 "\\u001b[2J"',
    );
    expect(steps).not.toContain("clock");
    const out = join(folder, "outage.html");
    inspect([path, "--html", out]);
    expect(readFileSync(out, "utf8")).toContain("Sessions that lost their line in a frame: at most 1");
  });

  test("tells a mistake in a sentence", () => {
    writeFileSync(join(folder, "none.rec"), "no recording at all");
    expect(() => inspect([])).toThrow("expected one file after inspect");
    expect(() => inspect([file, file])).toThrow("expected one file after inspect");
    expect(() => inspect([join(folder, "none.rec")])).toThrow(/none\.rec: they are no recording of tickwire/);
    expect(() => inspect([join(folder, "missing.rec")])).toThrow(/ENOENT/);
    expect(() => inspect([file, "--frames", "a"])).toThrow("--frames: expected A..B");
    expect(() => inspect([file, "--connection", "0"])).toThrow("--connection: expected a number");
    expect(() => inspect([file, "--fast"])).toThrow(/--fast/);
    expect(inspect(["--help"])).toMatch(/^usage/);
  });

  test("says where a damaged file ends", () => {
    const bytes = readFileSync(file);
    const cut = join(folder, "cut.rec");
    writeFileSync(cut, bytes.subarray(0, bytes.length - 300));
    expect(inspect([cut])).toMatch(/ends early: the last \d+ bytes, behind frame \d+, are of a block/);
  });
});
