import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RecordReader, UNREAD } from "../../../src/codec/codec.ts";
import { FrameQueue } from "../../../src/core/storage/frame-queue.ts";
import type { Inbox } from "../../../src/core/storage/inbox.ts";
import { RecordQueue } from "../../../src/core/storage/record-queue.ts";
import {
  type Codec,
  DecodeError,
  type Decoder,
  lines,
  type MessageSink,
  memory,
  Poller,
  struct,
  structs,
} from "../../../src/index.ts";
import { cut, Receiver } from "../../codec/deliver.ts";
import { check } from "../../codec/properties.ts";
import { Rig, take } from "../../rig.ts";

/** A number in three bytes. */
const NUMBERS: RecordReader<number> = {
  sizeBytes: 3,
  readUnchecked: (view, start) => view.getUint16(start) * 256 + view.getUint8(start + 2),
};

describe("a frame queue of records", () => {
  test("does what a frame queue of messages does, whatever the order of calls", () => {
    const call = fc.oneof(
      fc.record({
        call: fc.constant("put"),
        count: fc.constantFrom(1, 2, 3, 5, 40, 700, 3_000),
        lead: fc.nat(2),
      }),
      fc.record({ call: fc.constant("latch"), count: fc.constantFrom(0, 1, 3, 100, Infinity) }),
      fc.record({ call: fc.constant("take"), count: fc.constantFrom(1, 4, 900, 5_000) }),
      fc.record({ call: fc.constantFrom("clear", "hold", "release", "dropNewest") }),
    );
    const calls = fc.array(fc.tuple(fc.nat(1), call), { maxLength: 40 });
    check(
      fc.property(calls, (steps) => {
        const pairs = [0, 1].map(() => ({ one: new FrameQueue<number>(), other: new RecordQueue(NUMBERS) }));
        let next = 0;
        for (const [which, step] of steps) {
          const { one, other } = pairs[which] as (typeof pairs)[0];
          if (step.call === "put") {
            other.putRecords(...threeBytesEach(next, step.count ?? 0, step.lead ?? 0), step.count ?? 0);
            for (let index = 0; index < (step.count ?? 0); index++) one.put(next++, 3);
          } else {
            expect(does(other, step)).toEqual(does(one, step));
          }
          expect(figures(other)).toEqual(figures(one));
        }
      }),
    );
  });

  test("gives a flood's room to the next one that needs it, and keeps none of it", () => {
    const [one, other] = [new RecordQueue(NUMBERS), new RecordQueue(NUMBERS)];
    for (const [box, first] of [
      [one, 0],
      [other, 7],
      [one, 9],
    ] as const) {
      for (let at = 0; at < 10_000; at += 100) box.putRecords(...threeBytesEach(first + at, 100, 0), 100);
      box.latch();
      for (let at = 0; at < 10_000; at++) expect(box.take()).toBe(first + at);
      expect([box.take(), box.length]).toEqual([undefined, 0]);
    }
  });
});

describe("records that wait as bytes", () => {
  const point = struct({ x: "f32", alive: "bool", id: "u16" });

  test("are the same as those that are read at once, and so is what is refused", () => {
    const good = fc
      .record({
        x: fc.float({ noNaN: true, noDefaultInfinity: true }),
        alive: fc.boolean(),
        id: fc.nat(65_535),
      })
      .map((message) => [...point.encode(message)]);
    const bad = fc.uint8Array({ minLength: 1, maxLength: 9 }).map((octets) => [...octets]);
    const streams = fc
      .array(fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: bad }), { maxLength: 12 })
      .map((parts) => Uint8Array.from(parts.flat()));
    const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });
    check(
      fc.property(streams, lengths, (stream, pieces) => {
        const [now, later] = [point, unread(point)].map((codec) => {
          const receiver = new Receiver(codec);
          receiver.takeAll(cut(stream, pieces));
          const { pendingBytes } = receiver;
          receiver.end();
          return { ...receiver, pendingBytes: receiver.error === undefined ? pendingBytes : 0 };
        });
        expect(later).toEqual(now);
      }),
    );
  });

  test("wait so on a listener's connections, and are charged as ever", () => {
    const wire = memory();
    const [server, client] = [new Poller(), new Poller()];
    const listener = server.listen(wire, point, { receiveLimitBytes: 10 * (7 + 64) });
    const near = client.connect(wire, point);
    server.poll(0);
    client.poll(0);
    server.poll(0);
    const far = listener.tryAccept();
    const sent = Array.from({ length: 25 }, (_, id) => ({ x: id / 2, alive: id % 2 === 0, id }));
    for (const message of sent) near.trySend(message);
    client.flush();
    const came: object[] = [];
    for (let frame = 0; frame < 10; frame++) {
      server.poll(0);
      for (const message of far ?? []) came.push(message);
    }
    expect(came).toEqual(sent);
    expect(far?.stats).toMatchObject({ receivedMessages: 25, receivedBytes: 25 * 7 });
    expect(far?.stats.pauses).toBeGreaterThan(0);
  });

  test("do not, where a guard is to look at each, or a codec has messages of many sizes", () => {
    expect(struct({ x: "u8" }).decoder()[UNREAD]?.()).toBeDefined();
    expect(
      struct({ x: "u8" }, { guard: () => true })
        .decoder()
        [UNREAD]?.(),
    ).toBeUndefined();
    expect(
      structs({ a: { x: "u8" } })
        .decoder()
        [UNREAD]?.(),
    ).toBeUndefined();
    expect(lines().decoder()[UNREAD]).toBeUndefined();
  });

  test("do not, where a decoder of somebody's own has a field `record`", () => {
    class Pairs implements Decoder<number[]> {
      readonly record = new Uint8Array(2);
      #filled = 0;

      decode(bytes: Uint8Array, sink: MessageSink<number[]>): void {
        for (const byte of bytes) {
          this.record[this.#filled++] = byte;
          if (this.#filled < this.record.length) continue;
          this.#filled = 0;
          sink.put([...this.record], this.record.length);
        }
      }
    }
    const pairs: Codec<number[]> = { encode: (pair) => Uint8Array.from(pair), decoder: () => new Pairs() };
    const rig = new Rig({ codec: pairs });
    const { near, far } = rig.pair();
    near.trySend([1, 2, 3]);
    rig.client.flush();
    rig.pollServer();
    expect(take(far)).toEqual([[1, 2]]);
  });
});

interface Step {
  readonly call: string;
  readonly count?: number;
}

function does(box: Inbox<number>, { call, count = 0 }: Step): unknown {
  if (call === "latch") return [box.latch(count), box.latchedBytes];
  if (call === "take") return Array.from({ length: count }, () => box.take());
  if (call === "dropNewest") return box.dropNewest();
  if (call === "clear") return box.clear();
  box.isHeld = call === "hold";
  return undefined;
}

function figures({ ready, arriving, length, weightBytes, peakBytes, nextBytes }: Inbox<number>): unknown {
  return { ready, arriving, length, weightBytes, peakBytes, nextBytes };
}

/** Numbers from `first` on as bytes, behind `lead` others, and where they begin. */
function threeBytesEach(first: number, count: number, lead: number): [Uint8Array, number] {
  const bytes = new Uint8Array(lead + 3 * count);
  for (let index = 0; index < count; index++) {
    const number = first + index;
    bytes.set([number >> 16, number >> 8, number], lead + 3 * index);
  }
  return [bytes, lead];
}

/** The same codec, whose messages wait as bytes before they come out. */
function unread<Message>(codec: Codec<Message>): Codec<Message> {
  return {
    ...codec,
    decoder() {
      const decoder = codec.decoder()[UNREAD]?.();
      if (decoder === undefined) throw new Error("these do not wait as bytes");
      const { reader } = decoder;
      const box = new RecordQueue(reader);
      return {
        get pendingBytes() {
          return decoder.pendingBytes;
        },
        end: () => decoder.end(),
        decode(bytes, sink) {
          try {
            decoder.decode(bytes, box);
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error;
            hand();
            throw error;
          }
          bytes.fill(0xff); // they were lent
          hand();

          function hand(): void {
            box.latch();
            for (let message: Message | undefined; (message = box.take()) !== undefined; ) {
              sink.put(message, reader.sizeBytes);
            }
          }
        },
      };
    },
  };
}

describe("the memory of a record queue", () => {
  const SIZE_BYTES = 16;
  const KEPT_BYTES = 4_096;

  test("up to 4 KiB is kept while the queue is empty", () => {
    const { queue, fill } = noted();
    const buffer = fill(KEPT_BYTES / SIZE_BYTES);
    expect(buffer.byteLength).toBe(KEPT_BYTES);
    expect(fill(1)).toBe(buffer);
    queue.clear();
    expect(fill(1)).toBe(buffer);
  });

  test("over that is given away when the queue is empty, to the next queue that needs as much", () => {
    const [flooded, other] = [noted(), noted()];
    const buffer = flooded.fill(10_000);
    expect(buffer.byteLength).toBe(262_144);
    expect(flooded.fill(1).byteLength).toBeLessThanOrEqual(KEPT_BYTES);
    expect(other.fill(9_000)).toBe(buffer);
  });

  test("over 16 MiB is left to the collector", () => {
    const [flooded, other] = [noted(), noted()];
    const buffer = flooded.fill(1_048_577);
    expect(buffer.byteLength).toBe(33_554_432);
    expect(other.fill(10_000) === buffer).toBe(false); // not.toBe() compares all their bytes
  });

  /** A queue, and a way to fill and empty it, which says in which memory the last record lay. */
  function noted() {
    let buffer: ArrayBufferLike = new ArrayBuffer(0);
    const queue = new RecordQueue<true>({
      sizeBytes: SIZE_BYTES,
      readUnchecked(view) {
        buffer = view.buffer;
        return true;
      },
    });
    const fill = (count: number): ArrayBufferLike => {
      queue.putRecords(new Uint8Array(count * SIZE_BYTES), 0, count);
      queue.latch();
      while (queue.take() !== undefined);
      return buffer;
    };
    return { queue, fill };
  }
});
