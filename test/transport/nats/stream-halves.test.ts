/**
 * The two halves of a stream over a broker, without one: numbers, windows, and what a peer
 * that breaks the rules may not do.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ackedBytes,
  after,
  connectFrame,
  FRAME,
  type Frame,
  frameOf,
  nameIn,
  newFrame,
} from "../../../src/transport/nats/stream-frames.ts";
import { StreamInput } from "../../../src/transport/nats/stream-input.ts";
import { StreamOutput } from "../../../src/transport/nats/stream-output.ts";
import { SEED } from "../../seed.ts";

const WINDOW_BYTES = 1_000;

/** An output whose frames go nowhere but into a list. */
class Sent {
  readonly frames: Uint8Array[] = [];
  mayPublish = true;
  drainedBytes = 0;
  readonly output = new StreamOutput({
    mayPublish: () => this.mayPublish,
    mostBytes: () => 105,
    publish: (frame) => this.frames.push(frame),
    drained: (sizeBytes) => {
      this.drainedBytes += sizeBytes;
    },
  });

  get kinds(): number[] {
    return this.frames.map(([kind = 0]) => kind);
  }
}

/** An input, and what it gives. */
class Heard {
  readonly bytes: number[] = [];
  readonly input: StreamInput = new StreamInput(WINDOW_BYTES, {
    received: (bytes) => this.bytes.push(...bytes),
    read: () => {
      this.ackedBytes += this.input.takeAck();
    },
    ended: () => {
      this.ends++;
    },
  });
  ackedBytes = 0;
  ends = 0;
}

describe("what a side sends", () => {
  test("is cut into messages that the broker takes, and stops at the window", () => {
    const sent = new Sent();
    sent.output.begin(250);
    expect(sent.output.write(new Uint8Array(400))).toBe(false);
    expect(sent.frames.map(({ length }) => length - 5)).toEqual([100, 100, 50]);
    expect(sent.output.acked(100)).toBe(true);
    sent.output.push();
    expect(sent.drainedBytes).toBe(350);
    expect(sent.output.acked(250)).toBe(true);
    sent.output.push();
    expect(sent.drainedBytes).toBe(400);
    expect(sent.frames.map((frame) => frameOf(frame)?.number)).toEqual([0, 1, 2, 3, 4]);
  });

  test("ends behind all that waits, and not while the broker is away", () => {
    const sent = new Sent();
    sent.output.begin(250);
    sent.mayPublish = false;
    sent.output.write(new Uint8Array(10));
    sent.output.end = "marked";
    sent.output.push();
    expect([sent.frames.length, sent.output.end]).toEqual([0, "marked"]);
    sent.mayPublish = true;
    sent.output.push();
    expect([sent.kinds, sent.output.end]).toEqual([[FRAME.data, FRAME.fin], "sent"]);
  });

  test.each([0, 1, 251, 0xffff_ffff])(
    "takes no acknowledgement of %i bytes that were not sent",
    (sizeBytes) => {
      const sent = new Sent();
      sent.output.begin(250);
      expect(sent.output.acked(sizeBytes)).toBe(false);
    },
  );

  test("has at most its own window under way, whatever the peer offers", () => {
    const sent = new Sent();
    sent.output.begin(0xffff_ffff);
    sent.output.write(new Uint8Array(1_000_000));
    const underWay = sent.frames.reduce((sum, { length }) => sum + length - 5, 0);
    expect(underWay).toBe(262_144);
  });

  test("goes on with number 0 after the last one of 32 bits", () => {
    expect(after(0xffff_ffff)).toBe(0);
    const sent = new Sent();
    sent.output.number = 0xffff_ffff;
    expect(sent.output.next(FRAME.bye)).toEqual(Uint8Array.of(FRAME.bye, 255, 255, 255, 255));
    expect(sent.output.number).toBe(0);
  });
});

describe("what a side hears", () => {
  test("waits while it is paused, and is acknowledged when it is read", () => {
    const heard = new Heard();
    const { input } = heard;
    input.pause();
    for (let count = 0; count < 100; count++) expect(input.data(Uint8Array.of(count))).toBe(true);
    expect(input.fin()).toBe(true);
    expect([heard.bytes, input.end, input.takeAck()]).toEqual([[], "waiting", 0]);
    input.resume();
    expect([heard.bytes.length, input.end]).toEqual([100, "told"]);
  });

  test.each([
    ["nothing", () => new Uint8Array(0)],
    ["more than the window", () => new Uint8Array(WINDOW_BYTES + 1)],
  ])("may not be %s", (_, bytes) => {
    expect(new Heard().input.data(bytes())).toBe(false);
  });

  test("may not go on behind its end, or end twice", () => {
    const { input } = new Heard();
    expect(input.fin()).toBe(true);
    expect([input.data(Uint8Array.of(1)), input.fin()]).toEqual([false, false]);
  });

  test("has a window that counts what was read, and not what waits", () => {
    const { input } = new Heard();
    input.pause();
    expect(input.data(new Uint8Array(WINDOW_BYTES))).toBe(true);
    expect(input.data(Uint8Array.of(1))).toBe(false);
    input.resume();
    expect(input.data(Uint8Array.of(1))).toBe(true);
  });

  test("is the same bytes, however it is cut and paused, and never more than a window waits", () => {
    const step = fc.oneof(
      fc.integer({ min: 1, max: 400 }),
      fc.constantFrom("pause" as const, "resume" as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const heard = new Heard();
        const said: number[] = [];
        for (const what of steps) {
          if (typeof what === "string") heard.input[what]();
          else {
            const bytes = Uint8Array.from({ length: what }, (_, index) => said.length + index);
            const room = WINDOW_BYTES + heard.ackedBytes - said.length;
            expect(heard.input.data(bytes)).toBe(what <= room);
            if (what <= room) said.push(...bytes);
            else break;
          }
        }
        heard.input.resume();
        expect(heard.bytes).toEqual(said);
      }),
      { seed: SEED },
    );
  });
});

describe("a frame", () => {
  test("is none when it is short or of no kind", () => {
    for (const bytes of [
      [],
      [FRAME.data],
      [FRAME.data, 0, 0, 0],
      [0, 0, 0, 0, 0],
      [14, 0, 0, 0, 0],
      [255, 0, 0, 0, 0],
    ])
      expect(frameOf(Uint8Array.from(bytes))).toBeUndefined();
    expect(frameOf(newFrame(FRAME.reset, 0xfedc_ba98))?.number).toBe(0xfedc_ba98);
  });

  test("says how much is acknowledged in four bytes, and in no other number of them", () => {
    for (const length of [0, 3, 5])
      expect(ackedBytes({ kind: FRAME.ack, number: 0, rest: new Uint8Array(length) })).toBe(undefined);
    expect(ackedBytes({ kind: FRAME.ack, number: 0, rest: Uint8Array.of(0, 1, 0, 0) })).toBe(65_536);
  });

  test("has the name of who asks, unless it speaks another version", () => {
    const frame = frameOf(connectFrame(1_000, "gateway.1")) as Frame;
    expect([nameIn(frame), frame.number]).toEqual(["gateway.1", 1_000]);
    expect(nameIn({ ...frame, rest: Uint8Array.of(2, 65) })).toBeUndefined();
    expect(nameIn({ ...frame, rest: new Uint8Array(0) })).toBeUndefined();
  });
});
