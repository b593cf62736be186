import { describe, expect, it } from "vitest";
import { newTally } from "../../../../demo/cube/conversation.ts";
import type { Pane } from "../../../../demo/cube/local-peers.ts";
import type { Vector } from "../../../../demo/cube/shared/world.ts";
import { Canvas } from "../../../../demo/cube/views/canvas.ts";
import { type Key, readKeys } from "../../../../demo/cube/views/keyboard.ts";
import { logLines } from "../../../../demo/cube/views/log.ts";
import { drawWorld } from "../../../../demo/cube/views/picture.ts";
import { PanePainter } from "../../../../demo/cube/views/terminal.ts";

const PLAIN = "\x1b[0m";
const FRAME = { tick: 12, nowMs: 200 };

describe("the picture", () => {
  it.each([
    [1, 1],
    [10, 3],
    [50, 24],
    [200, 60],
  ])("fills %i by %i cells exactly, wherever the cube is", (width, height) => {
    for (const position of [
      [0, 0, 0],
      [10, 10, 10],
      [-10, -10, -10],
      [10, -10, -10],
    ] as Vector[]) {
      const rows = drawWorld(position, width, height).rows(false);
      expect(rows).toHaveLength(height);
      for (const row of rows) expect(row).toMatch(new RegExp(`^[ \u2800-\u28ff]{${width}}$`));
    }
  });

  it("looks different wherever the cube is, and the same when it is there again", () => {
    const at = (...position: Vector) => drawWorld(position, 60, 24).rows(true).join("\n");
    const pictures = [at(0, 0, 0), at(5, 0, 0), at(0, 5, 0), at(0, 0, 5), at(-5, -5, -5)];
    expect(new Set(pictures).size).toBe(5);
    expect(at(5, 0, 0)).toBe(pictures[1]);
  });

  it("shows the cube higher when it is higher, and larger when it is nearer", () => {
    const edgeRows = (...position: Vector) =>
      drawWorld(position, 60, 30)
        .rows(true)
        .flatMap((row, index) => (row.includes("38;5;39m") ? [index] : []));
    const [middle, high] = [edgeRows(0, 0, 0), edgeRows(0, 8, 0)];
    expect(high[0]).toBeLessThan(middle[0] ?? 0);
    expect(edgeRows(0, 0, 9).length).toBeGreaterThan(edgeRows(0, 0, -9).length);
  });

  it("has no escapes without colour, and ends each coloured row plain", () => {
    const canvas = drawWorld([1, 2, 3], 40, 12);
    expect(canvas.rows(false).join("")).not.toContain("\x1b");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them
    for (const row of canvas.rows(true)) expect(row.match(/\x1b\[[0-9;]*m/g)?.at(-1) ?? PLAIN).toBe(PLAIN);
    expect(canvas.rows(true).map(plain)).toEqual(canvas.rows(false));
  });

  it("draws only on the sheet", () => {
    const canvas = new Canvas(2, 1);
    canvas.line([-9, 1], [9, 1], "edge");
    canvas.dot(4, 0, "edge");
    canvas.dot(0, -1, "edge");
    expect(canvas.rows(false)).toEqual(["\u2812\u2812"]);
  });
});

describe("a pane", () => {
  it("says the role, the link, the position, the tick, the round trip and the lines", () => {
    const rows = new PanePainter({ isColoured: false, hasKeys: true }).rows(FRAME, pane({}), 60, 20);
    expect(rows[0]).toContain("mover  linked 127.0.0.1:14900");
    expect(rows.at(-4)).toContain("cube 1 2.5 -3");
    expect(rows.at(-3)).toContain("tick 12  in 3  out 4  bad 1");
    expect(rows.at(-2)?.trim()).toBe("trip  frames 16.7 ms");
    expect(rows.at(-1)).toContain("space stops");
  });

  it("says both round trips of a session, also in half a terminal", () => {
    const painter = new PanePainter({ isColoured: false, hasKeys: true });
    const rows = painter.rows(FRAME, pane({ lineTripMs: 0.44 }), 39, 20);
    expect(rows.at(-2)?.trim()).toBe("trip  frames 16.7 ms  line 0.4 ms");
  });

  it.each([
    [60, 20],
    [20, 8],
    [3, 2],
    [1, 1],
  ])("is %i by %i cells, whatever there is to say", (width, height) => {
    for (const isColoured of [true, false]) {
      const rows = new PanePainter({ isColoured, hasKeys: true }).rows(FRAME, pane({}), width, height);
      expect(rows.map(plain).map((row) => row.length)).toEqual(Array(height).fill(width));
    }
  });

  it("tells what happened for a while, then the note, and lets no peer write on the terminal", () => {
    const painter = new PanePainter({ isColoured: false, hasKeys: false });
    const changed = pane({ changes: [{ kind: "down", who: "a", why: "gone\x1b[2J" }], note: "a note" });
    expect(painter.rows(FRAME, changed, 40, 10).at(-1)?.trim()).toBe("down a: gone?[2J");
    const quiet = pane({ note: "a note" });
    expect(painter.rows({ tick: 13, nowMs: 4_199 }, quiet, 40, 10).at(-1)).toContain("gone");
    expect(painter.rows({ tick: 14, nowMs: 4_200 }, quiet, 40, 10).at(-1)?.trim()).toBe("a note");
  });

  it("counts down to the next try", () => {
    const link = { kind: "pausing", where: "127.0.0.1:1", why: "refused", untilMs: 2_700 } as const;
    const painter = new PanePainter({ isColoured: false, hasKeys: false });
    expect(painter.rows(FRAME, pane({ link }), 60, 10)[0]).toContain("nobody at 127.0.0.1:1, retry in 2.5 s");
  });
});

describe("a pane of a link that is held", () => {
  it.each([
    ["the end that connects", { kind: "held", where: "a:1", downMs: 4_200 }],
    ["the end that listens", { kind: "listening", where: "a:1", peers: 1, gone: undefined, heldMs: 4_200 }],
  ] as const)("says for how long at %s", (_, link) => {
    const painter = new PanePainter({ isColoured: false, hasKeys: false });
    expect(painter.rows(FRAME, pane({ link }), 60, 10)[0]).toContain("held for 4 s, a:1");
  });
});

describe("the log", () => {
  it("has a line for each change, with the role before it when there are two", () => {
    const changes: Pane["changes"] = [
      { kind: "listening", where: "127.0.0.1:14900" },
      { kind: "up", who: "127.0.0.1:51234" },
      { kind: "cube", position: [1, 2, 3] },
      { kind: "down", who: "127.0.0.1:51234", why: "the peer reset the connection" },
      { kind: "retry", inMs: 500 },
      { kind: "turned away", what: "peer", count: 1, why: "gone" },
      { kind: "turned away", what: "window", count: 2, why: "403" },
      { kind: "held", who: "a:1" },
      { kind: "resumed", who: "a:1", afterMs: 4_230 },
    ];
    const lines = [
      "link listening 127.0.0.1:14900",
      "link up 127.0.0.1:51234",
      "tick 7 cube 1 2 3",
      "link down 127.0.0.1:51234: the peer reset the connection",
      "link retry in 500 ms",
      "link turned away a peer: gone",
      "link turned away 2 windows: 403",
      "link held a:1",
      "link resumed a:1 after 4.2 s",
    ];
    const look = { isPrefixed: false, hasPlaces: true };
    expect(logLines(7, pane({ changes }), look)).toEqual(lines);
    const both = { isPrefixed: true, hasPlaces: true };
    expect(logLines(7, pane({ changes }), both)).toEqual(lines.map((line) => `mover  | ${line}`));
    expect(logLines(7, pane({}), look)).toEqual([]);
  });

  it("leaves the places to who has windows for them", () => {
    const changes: Pane["changes"] = [
      { kind: "cube", position: [1, 2, 3] },
      { kind: "up", who: "127.0.0.1:51234" },
    ];
    const look = { isPrefixed: false, hasPlaces: false };
    expect(logLines(7, pane({ changes }), look)).toEqual(["link up 127.0.0.1:51234"]);
  });
});

describe("the keys", () => {
  it.each<[string, string, Key[]]>([
    ["arrows", "\x1b[A\x1b[B\x1b[C\x1b[D", ["farther", "nearer", "right", "left"]],
    ["arrows of a terminal in application mode", "\x1bOA\x1bOD", ["farther", "left"]],
    [
      "letters, also with caps lock",
      "wasdWASD",
      ["farther", "left", "nearer", "right", "farther", "left", "nearer", "right"],
    ],
    ["up and down", "qeQ\x1b[5~\x1b[6~", ["up", "down", "up", "up", "down"]],
    ["space and Ctrl-C", " \x03", ["stop", "quit"]],
    ["keys without a meaning", "x\x1b[1;5C\x1b[15~\x1b[Mé😀\r", []],
    ["an Escape before a key", "\x1bw\x1b\x1b[A", ["farther", "farther"]],
  ])("understands %s", (_, text, keys) => {
    expect(readKeys(text)).toEqual({ keys, half: "" });
  });

  it("keeps the half of a key for the next time, wherever it was cut", () => {
    const text = "\x1b[A \x1b[5~\x1bOD";
    for (let cut = 0; cut <= text.length; cut++) {
      const first = readKeys(text.slice(0, cut));
      const second = readKeys(first.half + text.slice(cut));
      expect([...first.keys, ...second.keys]).toEqual(["farther", "stop", "up", "left"]);
    }
  });

  it("forgets half a key that never ends", () => {
    expect(readKeys(`\x1b[${"1".repeat(99)}`)).toEqual({ keys: [], half: "" });
  });
});

function pane(options: Partial<Pane> & { link?: Pane["peer"]["link"]; lineTripMs?: number }): Pane {
  const peer: Pane["peer"] = {
    role: "mover",
    world: { position: [1, 2.5, -3], velocity: [0, 0, 0] },
    link: options.link ?? { kind: "linked", where: "127.0.0.1:14900" },
    tally: { ...newTally(), linesIn: 3, linesOut: 4, badLines: 1 },
    frameTripMs: 16.66,
    lineTripMs: options.lineTripMs,
  };
  return { peer, changes: options.changes ?? [], note: options.note };
}

/** A row as it is seen. */
function plain(row: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them
  return row.replace(/\x1b\[[0-9;]*m/g, "");
}
