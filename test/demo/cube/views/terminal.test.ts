/** The two files that hold a real terminal, with a stream in its place. */
import { PassThrough } from "node:stream";
import type { ReadStream, WriteStream } from "node:tty";
import { describe, expect, it } from "vitest";
import { newTally } from "../../../../demo/cube/conversation.ts";
import type { Pane } from "../../../../demo/cube/local-peers.ts";
import { Keyboard } from "../../../../demo/cube/views/keyboard.ts";
import { TerminalView } from "../../../../demo/cube/views/terminal.ts";
import type { Frame } from "../../../../src/index.ts";

describe("the terminal view", () => {
  it("takes the alternate screen and the cursor, and gives both back, once", () => {
    const { view, written } = open(80, 24);
    expect(written()).toBe("\x1b[?1049h\x1b[?25l");
    view.close();
    view.close();
    expect(written()).toBe("\x1b[0m\x1b[?25h\x1b[?1049l");
    expect(process.listeners("uncaughtExceptionMonitor")).toEqual([]);
  });

  it("paints what changed, and nothing when nothing did", () => {
    const { view, written } = open(80, 24);
    view.show(frame(1), [pane("mover"), pane("mirror")]);
    expect(rowsIn(written())).toHaveLength(24);
    view.show(frame(1), [pane("mover"), pane("mirror")]);
    expect(written()).toBe("");
    view.show(frame(2), [pane("mover"), pane("mirror")]);
    expect(rowsIn(written())).toEqual(["22"]); // the row with the tick in it
    view.close();
  });

  it("paints all again when the window has another size", () => {
    const { view, written, output } = open(80, 24);
    view.show(frame(1), [pane("mirror")]);
    written();
    Object.assign(output, { columns: 40, rows: 10 });
    view.show(frame(1), [pane("mirror")]);
    const text = written();
    expect(text).toContain("\x1b[2J");
    expect(rowsIn(text)).toHaveLength(10);
    view.close();
  });

  it("stands any size a window can have", () => {
    const { view, output } = open(1, 1);
    for (const [columns, rows] of [
      [1, 1],
      [2, 5],
      [300, 3],
      [3, 100],
    ]) {
      Object.assign(output, { columns, rows });
      view.show(frame(1), [pane("mover"), pane("mirror")]);
    }
    view.close();
  });
});

describe("the keyboard", () => {
  it("files keys for the frame that takes them, and then gives the terminal back", async () => {
    const modes: boolean[] = [];
    const input = Object.assign(new PassThrough(), { setRawMode: (mode: boolean) => modes.push(mode) });
    const keyboard = new Keyboard(input as unknown as ReadStream);
    expect(keyboard.take()).toEqual([]);
    input.write("w\x1b");
    input.write("[C ");
    await new Promise(setImmediate);
    expect(keyboard.take()).toEqual(["farther", "right", "stop"]);
    expect(keyboard.take()).toEqual([]);
    keyboard.close();
    expect(modes).toEqual([true, false]);
    expect(input.isPaused()).toBe(true);
  });

  it("takes a terminal that is gone for Ctrl-C", async () => {
    const input = Object.assign(new PassThrough(), { setRawMode: () => undefined });
    const keyboard = new Keyboard(input as unknown as ReadStream);
    input.end();
    await new Promise(setImmediate);
    expect(keyboard.take()).toEqual(["quit"]);
  });
});

function open(columns: number, rows: number) {
  const output = Object.assign(new PassThrough({ encoding: "utf8" }), { columns, rows });
  const view = new TerminalView(output as unknown as WriteStream, { isColoured: true, hasKeys: false });
  return { view, output, written: (): string => output.read() ?? "" };
}

function rowsIn(text: string): (string | undefined)[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the cursor moves by them
  return [...text.matchAll(/\x1b\[(\d+);1H/g)].map(([, row]) => row);
}

function frame(tick: number): Frame {
  const none = { deltaMs: 0, accepted: 0, opened: 0, closed: 0, received: 0, receivedBytes: 0, remaining: 0 };
  return { tick, nowMs: tick, ...none };
}

function pane(role: "mover" | "mirror"): Pane {
  const peer: Pane["peer"] = {
    role,
    world: { position: [0, 0, 0], velocity: [0, 0, 0] },
    link: { kind: "starting" },
    tally: newTally(),
    frameTripMs: undefined,
    lineTripMs: undefined,
  };
  return { peer, changes: [], note: undefined };
}
