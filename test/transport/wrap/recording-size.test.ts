/** How large a recording becomes, and where its blocks and its index are. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Recording, recorded, recordingFile, replayed, type Transport } from "../../../src/index.ts";
import { FRAMES_PER_PAIR } from "../../../src/transport/wrap/log-file.ts";
import { EchoServer, playMatch } from "./echo-match.ts";

const folder = mkdtempSync(join(tmpdir(), "tickwire-size-"));
let files = 0;
const newPath = (): string => join(folder, `${++files}.rec`);

afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => void vi.spyOn(process, "emitWarning").mockImplementation(() => {}));
afterEach(() => vi.restoreAllMocks());

function expectReplay(bytes: Uint8Array, said: readonly string[], tick = plainTick): number {
  const recording = Recording.fromBytes(bytes);
  expect(recording.damage).toBeUndefined();
  const replay = replayed(recording);
  const server = new EchoServer(replay.transport);
  for (const nowMs of replay.times) tick(server, nowMs);
  expect(replay.divergence?.message).toBeUndefined();
  expect(server.said).toEqual(said.slice(0, server.said.length));
  return replay.frame;
}

const plainTick = (server: EchoServer, nowMs: number): void => server.tick(nowMs);

describe("maxBytes", () => {
  test("holds for the whole file, also for one of many small blocks", () => {
    const path = newPath();
    const recording = recordingFile(path, { maxBytes: 65_536, flushMs: 1 });
    const { said } = playMatch(3_000, (network) => recorded(network, recording));
    expect([recording.state, recording.reason?.code]).toEqual(["full", "maxBytes"]);
    const bytes = new Uint8Array(readFileSync(path));
    expect(bytes.length).toBe(recording.sizeBytes);
    expect(bytes.length).toBeLessThanOrEqual(65_536);
    expect(bytes.length).toBeGreaterThan(64_000);
    expect(expectReplay(bytes, said)).toBe(recording.frames);
  });

  test("holds where one message has more bytes than are left: it is not in the recording, nor what follows", () => {
    const recording = new Recording({ maxBytes: 65_536 });
    const loud = (server: EchoServer): void => {
      server.answer = (text) => (text === "hello 0 in 9" ? "x".repeat(66_000) : text);
    };
    const { said } = playMatch(20, (network) => recorded(network, recording), loud);
    expect(recording.state).toBe("full");
    const bytes = recording.toBytes();
    expect(bytes.length).toBeLessThan(20_000);
    expectReplay(bytes, said, (server, nowMs) => {
      loud(server);
      server.tick(nowMs);
    });
  });

  test("is more than the header needs, or the call throws, and makes no file", () => {
    const meta = "m".repeat(70_000);
    expect(() => new Recording({ meta, maxBytes: 65_536 })).toThrow(
      /^meta: the header has 70\d+ bytes with it/,
    );
    expect(() => recordingFile(newPath(), { meta, maxBytes: 65_536 })).toThrow(RangeError);
    expect(existsSync(join(folder, `${files}.rec`))).toBe(false);
    expect(new Recording({ meta, maxBytes: 80_000 }).state).toBe("recording");
  });
});

describe("the index", () => {
  test("has a pair for each 256 frames, at the first block behind them", () => {
    const recording = recordingFile(newPath(), { flushMs: 100 });
    playMatch(2_000, (network) => recorded(network, recording));
    recording.close();
    const bytes = recording.toBytes();
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const at = view.getFloat64(bytes.length - 16, true);
    expect(bytes[at]).toBe(2);
    const text = new TextDecoder().decode(bytes.subarray(at + 13, at + 13 + view.getUint32(at + 1, true)));
    const pairs = JSON.parse(text) as [number, number][];
    const framesOfABlock = Math.ceil(100 / 16) + 1;
    expect(pairs[0]?.[0]).toBe(0);
    for (const [index, [frames, offset]] of pairs.entries()) {
      expect([bytes[offset], view.getUint32(offset + 5, true)]).toEqual([1, frames]);
      const nextFrames = pairs[index + 1]?.[0] ?? 2_000;
      expect(nextFrames - frames).toBeLessThan(FRAMES_PER_PAIR + framesOfABlock);
      if (index + 1 < pairs.length) expect(nextFrames - frames).toBeGreaterThanOrEqual(256);
    }
    expect(pairs.length).toBeGreaterThan(6);
  });
});

describe("a block", () => {
  test("may end in the midst of a call, as of a drain whose visitor reads the recording", () => {
    const recording = new Recording();
    const tick = (save: () => void, ms: number) => (server: EchoServer, nowMs: number) => {
      server.poller.poll(nowMs);
      while (server.listener.tryAccept() !== undefined);
      server.listener.drain(
        (player, text) => {
          server.said.push(text);
          player.trySend(text);
          save();
        },
        { ms },
      );
      server.poller.flush();
    };
    const save = (): void => void recording.toBytes();
    const withTick = (server: EchoServer): void => {
      server.tick = (nowMs) => tick(save, 1_000)(server, nowMs);
    };
    const wrap = (network: Transport): Transport => recorded(network, recording);
    const { said } = playMatch(60, wrap, withTick);
    recording.close();
    const hasty = tick(() => {}, 0); // what counts is how many the recording has visited
    expect(expectReplay(recording.toBytes(), said, hasty)).toBe(60);
    expect(said.length).toBeGreaterThan(50);
  });
});
