/**
 * The age of what waits, where messages replace each other: whatever is sent, replaced,
 * written and taken, it is that of a plain list of bytes, each with its time.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Outbox } from "../../../src/core/send/outbox.ts";
import { SendBuffer } from "../../../src/core/send/send-buffer.ts";
import { UnsentAge } from "../../../src/core/send/unsent-age.ts";
import { BufferPool } from "../../../src/core/storage/buffer-pool.ts";
import { check } from "../../codec/properties.ts";
import { lineRig } from "../../rig.ts";

interface Waiting {
  readonly key: string | undefined;
  sizeBytes: number;
  sinceMs: number;
}

/** The same as an outbox and its age, in the plainest way. */
class PlainOutbox {
  /** For each byte in the link the time since which it waits. */
  inLink: number[] = [];
  waiting: Waiting[] = [];

  push(key: string | undefined, sizeBytes: number, nowMs: number): void {
    const at = key === undefined ? -1 : this.waiting.findIndex((message) => message.key === key);
    const message = { key, sizeBytes, sinceMs: nowMs };
    const isPassed = this.waiting.slice(at + 1).some((other) => other.key === undefined);
    if (at >= 0 && !isPassed) this.waiting[at] = message;
    else {
      if (at >= 0) this.waiting.splice(at, 1);
      this.waiting.push(message);
    }
  }

  write(): void {
    for (const { sizeBytes, sinceMs } of this.waiting) {
      this.inLink.push(...new Array<number>(sizeBytes).fill(sinceMs));
    }
    this.waiting = [];
  }

  get oldestMs(): number {
    return Math.min(...this.inLink, ...this.waiting.map(({ sinceMs }) => sinceMs));
  }
}

const push = fc.record({
  key: fc.constantFrom("a", "b", "c", undefined),
  sizeBytes: fc.integer({ min: 1, max: 9 }),
});
const step = fc.record({
  passMs: fc.nat(30),
  pushes: fc.array(push, { maxLength: 5 }),
  takenBytes: fc.nat(12),
  isLast: fc.constantFrom(false, false, false, true),
});

test("the age of the oldest byte is that of a plain list, whatever replaces what", () => {
  check(
    fc.property(fc.array(step, { maxLength: 30 }), fc.constantFrom(0, 10, 100), (steps, stepMs) => {
      const context = { polledMs: 1 };
      const age = new UnsentAge(stepMs, context);
      const outbox = new Outbox({
        link: { write: () => false } as never,
        buffer: new SendBuffer(new BufferPool()),
        limitBytes: 10_000,
        age,
      });
      const plain = new PlainOutbox();
      const compare = (): void => {
        const { oldestMs } = plain;
        expect(outbox.pendingBytes === 0).toBe(oldestMs === Infinity);
        expect(age.oldestMs).toBeGreaterThanOrEqual(oldestMs);
        if (oldestMs < Infinity) expect(age.oldestMs - oldestMs).toBeLessThanOrEqual(stepMs);
        else expect(age.oldestMs).toBe(Infinity);
      };
      for (const { passMs, pushes, takenBytes, isLast } of steps) {
        context.polledMs += passMs;
        for (const { key, sizeBytes } of pushes) {
          outbox.push(new Uint8Array(sizeBytes), key);
          plain.push(key, sizeBytes, context.polledMs);
        }
        outbox.flush(isLast);
        if (outbox.pendingBytes > 0) age.mark(outbox.pendingBytes, context.polledMs);
        if (outbox.storedBytes === 0) plain.write();
        compare();
        outbox.drained(plain.inLink.splice(0, takenBytes).length);
        compare();
      }
    }),
  );
});

test("a peer that takes all but what was replaced a moment ago is not cut", () => {
  const rig = lineRig({ server: { unsentTimeoutMs: 10_000 } });
  const { far, near } = rig.pair();
  rig.wire.hold();
  far.trySend("x");
  rig.server.flush();
  far.trySendLatest("a", "1234567");
  far.trySendLatest("b", "12345678");
  for (let frame = 0; frame < 16; frame++) rig.pollBoth(500);
  far.trySendLatest("a", "123456789012345678");
  far.trySend("between");
  far.trySendLatest("b", "12345678");
  rig.server.flush();
  rig.pollServer();
  rig.wire.release(2); // "x" and its end, which alone was older than a moment
  let lastedMs = 0;
  for (; far.state === "open" && lastedMs < 30_000; lastedMs += 500) rig.pollServer(500);
  expect(lastedMs).toBeGreaterThanOrEqual(10_000);
  expect(lastedMs).toBeLessThanOrEqual(12_000);
  expect(near.state).toBe("open");
});
