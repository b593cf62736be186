/** The rings that two threads share, by themselves: filled, drained, wrapped around, and raced. */
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { transformSync } from "esbuild";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  HEADER_BYTES,
  LARGEST_PAYLOAD_BYTES,
  type RingPlace,
  RingReader,
  RingWriter,
  viewOf,
} from "../../../src/transport/thread/ring.ts";
import { SEED } from "../../seed.ts";

const RING = new URL("../../../src/transport/thread/ring.ts", import.meta.url);

/** @param startAt where both positions begin: 2^32 wraps in the midst of a test */
function ring(sizeBytes: number, startAt = 0) {
  const words = new Int32Array(new SharedArrayBuffer(8)).fill(startAt);
  const place: RingPlace = {
    bytes: new Uint8Array(new SharedArrayBuffer(sizeBytes)),
    words,
    writtenAt: 0,
    readAt: 1,
  };
  return { place, writer: new RingWriter(place), reader: new RingReader(place) };
}

type Got = { kind: number; id: number; extra: number; bytes: number[] };

function drained(reader: RingReader): Got[] {
  const got: Got[] = [];
  reader.drain((kind, id, extra, bytes, start, end) => {
    got.push({ kind, id, extra, bytes: [...viewOf(bytes, start, end)] });
  });
  return got;
}

describe("a ring", () => {
  test("is empty at first, and gives nothing", () => {
    const { reader } = ring(1_024);
    expect([reader.isEmpty, drained(reader)]).toEqual([true, []]);
  });

  test("gives what was written, in order, once", () => {
    const { writer, reader } = ring(1_024);
    expect(writer.tryWrite(1, 2, 3, Uint8Array.of(4, 5, 6))).toBe(true);
    expect(writer.tryWrite(7, -8, 9)).toBe(true);
    expect(writer.tryWrite(1, 0, 0, Uint8Array.of(9, 1, 2, 3, 9), 1, 4)).toBe(true);
    expect(reader.isEmpty).toBe(false);
    expect(drained(reader)).toEqual([
      { kind: 1, id: 2, extra: 3, bytes: [4, 5, 6] },
      { kind: 7, id: -8, extra: 9, bytes: [] },
      { kind: 1, id: 0, extra: 0, bytes: [1, 2, 3] },
    ]);
    expect([reader.isEmpty, drained(reader)]).toEqual([true, []]);
  });

  test("takes exactly as much as it has room for, and again once it is drained", () => {
    const { writer, reader } = ring(1_024);
    for (let round = 0; round < 5; round++) {
      let written = 0;
      while (writer.tryWrite(1, written, 0)) written++;
      expect(written).toBe(1_024 / HEADER_BYTES);
      expect(drained(reader).map(({ id }) => id)).toEqual(Array.from({ length: written }, (_, id) => id));
    }
  });

  test("keeps free what it is told to keep free", () => {
    const { writer } = ring(1_024);
    let written = 0;
    while (writer.tryWrite(1, 0, 0, undefined, 0, 0, 512)) written++;
    expect(written).toBe(512 / HEADER_BYTES);
    expect(writer.tryWrite(1, 0, 0)).toBe(true);
  });

  test("takes the largest record at any place, whatever was there before", () => {
    const largest = new Uint8Array(LARGEST_PAYLOAD_BYTES).map((_, index) => index);
    const { writer, reader } = ring(262_144);
    for (let gap = 0; gap < 200_000; gap += 9_876) {
      writer.tryWrite(1, 0, 0, new Uint8Array(gap % 65_000));
      expect(writer.tryWrite(2, 0, 0, largest)).toBe(true);
      expect(drained(reader).at(-1)?.bytes).toEqual([...largest]);
    }
  });

  test.each([0, 2 ** 31 - 300, -300])(
    "is right over any sequence of steps, from position %i on",
    (startAt) => {
      const step = fc.oneof(fc.constant("drain" as const), fc.uint8Array({ maxLength: 150 }));
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const { writer, reader } = ring(512, startAt & ~3);
          const [sent, got]: [number[][], number[][]] = [[], []];
          for (const one of steps) {
            if (one === "drain") got.push(...drained(reader).map(({ bytes }) => bytes));
            else if (writer.tryWrite(1, sent.length, 0, one)) sent.push([...one]);
          }
          got.push(...drained(reader).map(({ bytes }) => bytes));
          expect(got).toEqual(sent);
        }),
        { seed: SEED },
      );
    },
  );

  test("shows the reader nothing that comes while it drains, and all of it the next time", () => {
    const { writer, reader } = ring(1_024);
    writer.tryWrite(1, 1, 0);
    const ids: number[] = [];
    reader.drain((_kind, id) => {
      ids.push(id);
      writer.tryWrite(1, id + 1, 0);
    });
    expect(ids).toEqual([1]);
    expect(drained(reader).map(({ id }) => id)).toEqual([2]);
  });

  test("is free again before its records are handed on, so that each may be answered by one", () => {
    const { writer, reader } = ring(1_024);
    while (writer.tryWrite(1, 0, 0));
    let written = 0;
    reader.drain(() => {
      if (writer.tryWrite(2, 0, 0)) written++;
    });
    expect(written).toBe(1_024 / HEADER_BYTES);
  });

  test("may be drained from within a drain of another", () => {
    const [outer, inner] = [ring(1_024), ring(1_024)];
    for (let id = 0; id < 3; id++) outer.writer.tryWrite(1, id, 0, Uint8Array.of(id, id));
    const got: unknown[] = [];
    outer.reader.drain((_kind, id, _extra, bytes, start, end) => {
      inner.writer.tryWrite(2, 0, 0, Uint8Array.of(99, 99, 99));
      drained(inner.reader);
      got.push([id, ...viewOf(bytes, start, end)]);
    });
    expect(got).toEqual([
      [0, 0, 0],
      [1, 1, 1],
      [2, 2, 2],
    ]);
  });

  test("finds what was written far beyond the position that it last looked at", () => {
    const { writer, reader } = ring(1_024);
    const seen: number[] = [];
    for (let jump = 1; jump < 60; jump++) {
      for (let count = 0; count < jump; count++) writer.tryWrite(1, jump, 0);
      seen.push(drained(reader).length);
    }
    expect(seen).toEqual(Array.from({ length: 59 }, (_, index) => index + 1));
  });

  test("never shows its shared memory", () => {
    const { writer, reader } = ring(262_144);
    for (const length of [3, 100, 60_000]) writer.tryWrite(1, 0, 0, new Uint8Array(length));
    reader.drain((_kind, _id, _extra, bytes, start, end) => {
      const view = viewOf(bytes, start, end);
      expect(view.buffer).toBeInstanceOf(ArrayBuffer);
      expect(view.constructor).toBe(Uint8Array);
      expect(view.length).toBe(end - start);
    });
  });

  test("carries 50,000 records between two threads, all of them, in order, whole", async () => {
    const { place, reader } = ring(16_384);
    const total = 50_000;
    const { code } = transformSync(readFileSync(RING, "utf8"), { loader: "ts", format: "cjs" }); // Node 20 loads no TypeScript
    const worker = new Worker(
      `const { workerData: { place, total } } = require("node:worker_threads");
       ${code}
       const writer = new RingWriter(place);
       for (let id = 0; id < total; ) {
         if (writer.tryWrite(1, id, 0, new Uint8Array(id % 97).fill(id))) id++;
       }`,
      { eval: true, workerData: { place, total } },
    );
    let next = 0;
    let wrong = 0;
    while (next < total) {
      reader.drain((_kind, id, _extra, bytes, start, end) => {
        if (id !== next || end - start !== id % 97) wrong++;
        for (let at = start; at < end; at++) if (bytes[at] !== (id & 0xff)) wrong++;
        next++;
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([next, wrong]).toEqual([total, 0]);
    await worker.terminate();
  });
});
