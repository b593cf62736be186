/**
 * What a recording keeps, where it ends, and what is read of a damaged one.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { lines, memory, Poller, Recording, recorded, replayed } from "../../../src/index.ts";
import { VERSION } from "../../../src/version.ts";
import { EchoServer, playMatch } from "./echo-match.ts";

function recordMatch(options?: ConstructorParameters<typeof Recording>[0], frames = 40): Recording {
  const recording = new Recording(options);
  playMatch(frames, (network) => recorded(network, recording));
  recording.close();
  return recording;
}

describe("a recording", () => {
  test("begins with who made it, when, a seed, and what the game has to say", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string };
    expect(VERSION).toBe(version);
    const recording = recordMatch({ meta: { map: "canyon" }, seed: 7 });
    const { header, damage, frames, state } = Recording.fromBytes(recording.toBytes());
    expect(header).toEqual(recording.header);
    expect(header).toMatchObject({ format: 1, tickwire: version, seed: 7, meta: { map: "canyon" } });
    expect(header.platform).toBe(`node ${process.versions.node}`);
    expect(Date.parse(header.began)).toBeGreaterThan(0);
    expect([damage, frames, state]).toEqual([undefined, 40, "closed"]);
    const other = new Recording().header.seed;
    expect([Number.isInteger(other), other >= 0, other < 2 ** 32]).toEqual([true, true, true]);
  });

  test("changes nothing: the same calls and bytes as without it, and none of its own", () => {
    const bare = playMatch(40, (network) => network);
    const recording = new Recording();
    const wrapped = playMatch(40, (network) => recorded(network, recording));
    expect(wrapped.said).toEqual(bare.said);
    expect(wrapped.listener.stats).toEqual(bare.listener.stats);
  });

  test("has the game's keyframes, each with the frames before it", () => {
    const recording = new Recording();
    playMatch(5, (network) => {
      recording.keyframe(new Uint8Array([1]));
      return recorded(network, recording);
    });
    recording.keyframe(new Uint8Array([2, 3]));
    recording.close();
    recording.keyframe(new Uint8Array([4])); // it is over
    const { keyframes } = Recording.fromBytes(recording.toBytes());
    expect(keyframes.map(({ frame, bytes }) => [frame, ...bytes])).toEqual([
      [0, 1],
      [5, 2, 3],
    ]);
  });

  test("stops at maxBytes, says so once, and has what came before; the game goes on", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const recording = new Recording({ maxBytes: 65_536 });
    const server = playMatch(3_000, (network) => recorded(network, recording));
    expect(server.said.length).toBeGreaterThan(5_000);
    expect(recording.state).toBe("full");
    expect(recording.reason).toMatchObject({ kind: "overflow", code: "maxBytes" });
    expect(warned.mock.calls).toEqual([
      [
        "a recording has ended: it has reached its maxBytes, 65536, and has what happened before",
        { type: "TickwireWarning", code: "TICKWIRE_RECORDING" },
      ],
    ]);
    warned.mockRestore();
    const bytes = recording.toBytes();
    expect(bytes.length).toBeGreaterThan(60_000);
    expect(bytes.length).toBeLessThanOrEqual(65_536);
    const read = Recording.fromBytes(bytes);
    expect([read.damage, read.frames > 100, read.frames < 3_000]).toEqual([undefined, true, true]);
    const replay = replayed(read);
    const again = new EchoServer(replay.transport);
    for (const nowMs of replay.times) again.tick(nowMs);
    expect(replay.divergence).toBeUndefined();
    expect(again.said).toEqual(server.said.slice(0, again.said.length));
  });

  test("of which any byte is flipped tells where, and plays what stands before it", () => {
    // Blocks are cut by size, or by a file's time; here by reading in between.
    const parts = new Recording();
    playMatch(60, (network) => {
      const transport = recorded(network, parts);
      return {
        ...transport,
        pump: (...args) => {
          if (parts.frames % 10 === 9) parts.toBytes();
          return transport.pump?.(...args);
        },
      };
    });
    parts.close();
    const whole = parts.toBytes();
    const intact = Recording.fromBytes(whole);
    expect([intact.damage, intact.frames]).toEqual([undefined, 60]);
    const headerEnd = 18 + new DataView(whole.buffer, whole.byteOffset).getUint32(10, true);
    let places = 0;
    for (let at = 0; at < whole.length; at += at < headerEnd + 400 || at > whole.length - 60 ? 1 : 37) {
      const flipped = new Uint8Array(whole);
      flipped[at] = (flipped[at] as number) ^ 0x10;
      if (at < headerEnd) {
        expect(() => Recording.fromBytes(flipped)).toThrow(RangeError);
        continue;
      }
      const { damage, frames } = Recording.fromBytes(flipped);
      expect(damage?.offset).toBeLessThanOrEqual(at);
      expect(damage?.frame).toBe(frames);
      places++;
      if (places % 50 !== 0 || frames === 0) continue;
      const replay = replayed(Recording.fromBytes(flipped));
      const server = new EchoServer(replay.transport);
      for (const nowMs of replay.times) server.tick(nowMs);
      expect([replay.divergence, replay.frame]).toEqual([undefined, frames]);
    }
    expect(places).toBeGreaterThan(400);
    const last = new Uint8Array(whole);
    last[headerEnd + 40] = (last[headerEnd + 40] as number) ^ 1;
    expect(Recording.fromBytes(last).damage?.message).toBe(
      `the block at byte ${headerEnd}, behind frame 0, is damaged: its checksum is another one`,
    );
  });

  test("that was cut off anywhere is read up to its last whole block, and says what is missing", () => {
    const recording = recordMatch(undefined, 20);
    const whole = recording.toBytes();
    const headerEnd = 18 + new DataView(whole.buffer, whole.byteOffset).getUint32(10, true);
    for (let length = headerEnd + 1; length < whole.length; length += 7) {
      const { damage } = Recording.fromBytes(whole.subarray(0, length));
      if (damage === undefined) continue; // the index is missing, or half of it
      expect(damage.message).toMatch(
        /bytes, behind frame \d+, are of a block that was not written to its end/,
      );
    }
    expect(Recording.fromBytes(whole.subarray(0, headerEnd)).frames).toBe(0);
  });

  test("keeps no secret that redact replaces, and is compared with the same function", () => {
    const redact = (bytes: Uint8Array): Uint8Array => {
      const text = new TextDecoder().decode(bytes);
      return new TextEncoder().encode(text.replaceAll("hello", "*****"));
    };
    const recording = Recording.fromBytes(recordMatch({ redact }).toBytes());
    expect(new TextDecoder("latin1").decode(recording.toBytes())).not.toContain("hello");
    const replay = replayed(recording, { redact });
    const server = new EchoServer(replay.transport);
    for (const nowMs of replay.times) server.tick(nowMs);
    expect([replay.state, server.said[0]]).toEqual(["ended", "2: ***** 0 in 1"]);
  });

  test("takes no game when it was read, and a game that is not recorded does as before", () => {
    const recording = recordMatch();
    const read = Recording.fromBytes(recording.toBytes());
    expect(() => recorded(memory(), read)).toThrow("recording: it was read, and takes nothing more");
    expect(() => recorded(memory(), {} as Recording)).toThrow(TypeError);
    expect(() => recorded({} as never, recording)).toThrow(TypeError);
    const late = recorded(memory(), recording); // it is closed
    const poller = new Poller();
    expect(poller.listen(late, lines()).state).toBe("starting");
    poller.poll(0);
    expect(Recording.fromBytes(recording.toBytes()).frames).toBe(40);
  });

  test("checks its options, and what it reads", () => {
    expect(() => new Recording({ seeds: 1 } as never)).toThrow("seeds: there is no such option; the nearest");
    expect(() => new Recording({ seed: 1.5 })).toThrow(RangeError);
    expect(() => new Recording({ maxBytes: 10 })).toThrow(RangeError);
    expect(() => new Recording({ meta: 10n })).toThrow(TypeError);
    expect(() => new Recording({ redact: 1 as never })).toThrow(TypeError);
    expect(() => replayed({} as Recording)).toThrow(TypeError);
    expect(() => replayed(recordMatch(), { gard: true } as never)).toThrow("gard: there is no such option");
    expect(() => Recording.fromBytes("file" as never)).toThrow(TypeError);
    expect(() => Recording.fromBytes(new Uint8Array(100))).toThrow(
      "bytes: expected a recording of tickwire, got other bytes",
    );
    expect(() => Recording.fromBytes(new Uint8Array())).toThrow(
      "bytes: expected a recording of tickwire, got no bytes",
    );
    for (const length of [1, 8, 17, 18, 60]) {
      expect(() => Recording.fromBytes(recordMatch().toBytes().subarray(0, length))).toThrow(
        "bytes: the recording ends within its header",
      );
    }
    const later = recordMatch().toBytes();
    later[8] = 2;
    expect(() => Recording.fromBytes(later)).toThrow(
      "a recording of format 2, and this tickwire reads format 1",
    );
  });
});
