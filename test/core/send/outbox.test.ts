import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Limits } from "../../../src/core/limits/limits.ts";
import type { PeerLimits } from "../../../src/core/limits/peer-limits.ts";
import { BroadcastPart } from "../../../src/core/send/broadcast-part.ts";
import type { MessageKey } from "../../../src/core/send/keyed-spans.ts";
import { Outbox } from "../../../src/core/send/outbox.ts";
import { SendBuffer } from "../../../src/core/send/send-buffer.ts";
import { UnsentAge } from "../../../src/core/send/unsent-age.ts";
import { BufferPool } from "../../../src/core/storage/buffer-pool.ts";
import type { Link } from "../../../src/port/link.ts";
import { check } from "../../codec/properties.ts";

/** A link that takes all, or keeps what it is given until it is told to let go. */
class SlowLink {
  behind = false;
  /** The runs of equal bytes in each write, as a message is one byte, as often as it is long. */
  readonly writes: string[] = [];

  write(bytes: Uint8Array): boolean {
    const runs: string[] = [];
    for (let start = 0, end: number; start < bytes.length; start = end) {
      for (end = start + 1; bytes[end] === bytes[start]; ) end++;
      runs.push(`${bytes[start]}x${end - start}`);
    }
    this.writes.push(runs.join(" "));
    return !this.behind;
  }
}

interface Waiting {
  readonly key: MessageKey | undefined;
  byte: number;
  length: number;
}

/** What the outbox should do, as simply as it can be said: a list, searched from its beginning. */
class Model {
  waiting: Waiting[] = [];
  inLinkBytes = 0;
  readonly writes: string[] = [];
  droppedMessages = 0;
  readonly #limits: SendLimits;

  constructor(limits: SendLimits) {
    this.#limits = limits;
  }

  get storedBytes(): number {
    return this.waiting.reduce((sum, { length }) => sum + length, 0);
  }

  queue(byte: number, length: number, key: MessageKey | undefined): string {
    const { sendLimitBytes, sendOverflow } = this.#limits;
    const find = () => this.waiting.find((one) => key !== undefined && one.key === key);
    const isOver = () =>
      this.storedBytes + this.inLinkBytes + length - (find()?.length ?? 0) > sendLimitBytes;
    const mayDrop = sendOverflow === "drop-oldest" && this.inLinkBytes + length <= sendLimitBytes;
    while (mayDrop && isOver()) {
      this.waiting.shift();
      this.droppedMessages++;
    }
    if (isOver()) return "refused";
    const old = find();
    const at = old === undefined ? -1 : this.waiting.indexOf(old);
    const mayStay = at >= 0 && this.waiting.slice(at).every((one) => one.key !== undefined);
    if (mayStay) this.waiting[at] = { key, byte, length };
    else {
      if (at >= 0) this.waiting.splice(at, 1);
      this.waiting.push({ key, byte, length });
    }
    return old === undefined ? "queued" : "replaced";
  }

  flush(isBehind: boolean, isLast: boolean): void {
    const mayChange =
      this.#limits.sendOverflow === "drop-oldest" || this.waiting.some(({ key }) => key !== undefined);
    const isLarge = this.storedBytes >= BATCH_BYTES && !mayChange;
    if (this.waiting.length === 0 || (this.inLinkBytes > 0 && !isLast && !isLarge)) return;
    const runs = this.waiting.filter(({ length }) => length > 0);
    this.writes.push(runs.map(({ byte, length }) => `${byte}x${length}`).join(" "));
    if (isBehind) this.inLinkBytes += this.storedBytes;
    this.waiting = [];
  }
}

type SendLimits = Pick<Limits & PeerLimits, "sendLimitBytes" | "sendOverflow">;

/** An outbox with all of its parts, as a listener's connection has it. */
function outboxOn(link: SlowLink, limits: SendLimits, onDrop?: () => void): Outbox {
  const dropsOldest = limits.sendOverflow === "drop-oldest";
  return new Outbox({
    link: link as unknown as Link,
    buffer: new SendBuffer(new BufferPool()),
    limitBytes: limits.sendLimitBytes,
    age: new UnsentAge(1, { polledMs: 0 }),
    part: dropsOldest ? undefined : new BroadcastPart(),
    onDrop: dropsOldest ? onDrop : undefined,
  });
}

describe("what leaves", () => {
  const sizes = fc.oneof(
    { weight: 8, arbitrary: fc.nat(40) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1_024, 3_000, 65_535, 65_536) },
  );
  const keys = fc.option(fc.constantFrom<MessageKey>("a", "b", 1, "1", ANYTHING), { nil: undefined });
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ what: fc.constant("queue" as const), size: sizes, key: keys }) },
    { weight: 3, arbitrary: fc.constant({ what: "flush" as const }) },
    { weight: 1, arbitrary: fc.constant({ what: "last flush" as const }) },
    { weight: 2, arbitrary: fc.constant({ what: "turn" as const }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant("drain" as const), part: fc.nat(4) }) },
  );

  test.each([
    { sendOverflow: "refuse", sendLimitBytes: LIMIT_BYTES },
    { sendOverflow: "drop-oldest", sendLimitBytes: LIMIT_BYTES },
    { sendOverflow: "drop-oldest", sendLimitBytes: 100 },
  ] as const)("is what a list would give, for any sizes, keys and order of calls, with %o", (some) => {
    const limits: SendLimits = some;
    let replaced = 0;
    let dropped = 0;
    check(
      fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), (steps) => {
        const link = new SlowLink();
        let droppedHere = 0;
        const outbox = outboxOn(link, limits, () => {
          droppedHere++;
        });
        const model = new Model(limits);
        for (const [index, one] of steps.entries()) {
          if (one.what === "queue" && one.size > limits.sendLimitBytes) {
            expect(() => outbox.push(new Uint8Array(one.size), one.key)).toThrow(RangeError);
          } else if (one.what === "queue") {
            const outcome = outbox.push(new Uint8Array(one.size).fill(index), one.key);
            expect(outcome).toBe(model.queue(index, one.size, one.key));
            if (outcome === "replaced") replaced++;
          } else if (one.what === "turn") {
            link.behind = !link.behind;
          } else if (one.what === "drain") {
            const gone = Math.ceil((model.inLinkBytes * one.part) / 4);
            outbox.drained(gone);
            model.inLinkBytes -= gone;
          } else {
            outbox.flush(one.what === "last flush");
            model.flush(link.behind, one.what === "last flush");
          }
          expect(outbox.storedBytes).toBe(model.storedBytes);
          expect(outbox.pendingBytes).toBe(model.storedBytes + model.inLinkBytes);
          expect(link.writes).toEqual(model.writes);
          expect(droppedHere).toBe(model.droppedMessages);
        }
        dropped += droppedHere;
      }),
    );
    // Or it has not tried what it is about.
    expect(replaced).toBeGreaterThan(1_000);
    if (limits.sendLimitBytes === 100) expect(dropped).toBeGreaterThan(500);
  });
});

describe("a link that is behind", () => {
  function behind(): { link: SlowLink; outbox: Outbox } {
    const link = new SlowLink();
    const outbox = outboxOn(link, { sendOverflow: "refuse", sendLimitBytes: LIMIT_BYTES });
    link.behind = true;
    outbox.push(Uint8Array.of(1));
    outbox.flush(false);
    expect(link.writes).toEqual(["1x1"]);
    return { link, outbox };
  }

  test("is given nothing small until all of what it holds has left", () => {
    const { link, outbox } = behind();
    outbox.push(Uint8Array.of(2, 2));
    outbox.flush(false);
    expect(link.writes).toHaveLength(1);
    outbox.drained(1);
    outbox.flush(false);
    expect(link.writes).toEqual(["1x1", "2x2"]);
  });

  test("is given a large batch, so that who sends much is not held up", () => {
    const { link, outbox } = behind();
    outbox.push(new Uint8Array(BATCH_BYTES));
    outbox.flush(false);
    expect(link.writes).toHaveLength(2);
  });

  test("is not given a large batch that holds what can be replaced", () => {
    const { link, outbox } = behind();
    outbox.push(new Uint8Array(BATCH_BYTES));
    outbox.push(Uint8Array.of(2), "key");
    outbox.flush(false);
    expect(link.writes).toHaveLength(1);
  });

  test("is given what is last, so that an end can follow it", () => {
    const { link, outbox } = behind();
    outbox.push(Uint8Array.of(2), "key");
    outbox.flush(true);
    expect(link.writes).toEqual(["1x1", "2x1"]);
  });
});

const ANYTHING = {};
const LIMIT_BYTES = 100_000;
const BATCH_BYTES = 65_536;
