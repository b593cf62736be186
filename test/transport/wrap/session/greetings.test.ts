/** The first bytes of a line: who comes, and the answer; and strangers, who say something else. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  encodeGreeting,
  type Greeting,
  GreetingReader,
  MAGIC,
  REFUSALS,
  type Read,
  type Refusal,
} from "../../../../src/transport/wrap/session/greetings.ts";
import { isLong, SEED } from "../../../seed.ts";

const position = fc.oneof(fc.nat(), fc.maxSafeNat());
const gateway = fc
  .string({ unit: "grapheme", maxLength: 60 })
  .filter((text) => new TextEncoder().encode(text).length <= 255);
const greeting: fc.Arbitrary<Greeting> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("new" as const, "resume" as const),
    id: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    token: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    epoch: fc.nat({ max: 0xffff_ffff }),
    received: position,
    ackBytes: fc.integer({ min: 1, max: 0xffff_ffff }),
    gateway,
  }),
  fc.record({
    kind: fc.constant("welcome" as const),
    received: position,
    ackBytes: fc.integer({ min: 1, max: 0xffff_ffff }),
    windowMs: fc.oneof(fc.nat(), fc.constant(Infinity)),
    gateway,
  }),
  fc.record({
    kind: fc.constant("refused" as const),
    why: fc.constantFrom(...(Object.keys(REFUSALS) as Refusal[])),
    code: fc.nat({ max: 65_535 }),
    text: fc.string({ maxLength: 100 }),
  }),
);

describe("a greeting", () => {
  test("is read as it was written, in whatever pieces, and what follows it stays", () => {
    fc.assert(
      fc.property(
        greeting,
        fc.integer({ min: 1, max: 80 }),
        fc.uint8Array({ maxLength: 9 }),
        (sent, size, tail) => {
          const bytes = Uint8Array.from([...encodeGreeting(sent), ...tail]);
          expect(readAll(bytes, size)).toEqual({
            read: { kind: "greeting", greeting: sent },
            left: tail.length,
          });
        },
      ),
      { seed: SEED, numRuns: isLong ? 20_000 : 500 },
    );
  });

  test("of a dialler is no answer, and an answer is none of a dialler", () => {
    const welcome = encodeGreeting({ kind: "welcome", received: 0, ackBytes: 1, windowMs: 1, gateway: "" });
    expect(new GreetingReader(["new", "resume"]).read(welcome).read?.kind).toBe("foreign");
  });

  test("of a stranger is quoted as soon as it cannot be one", () => {
    const text = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: there");
    const { read } = new GreetingReader(["new"]).read(text);
    expect(read).toEqual({ kind: "foreign", start: "GET / HTTP/1.1\uFFFD\uFFFDHost: th" });
    expect(readAll(new TextEncoder().encode("TWO players"), 1).read).toEqual({
      kind: "foreign",
      start: "TWO",
    });
  });

  test("of another version says so", () => {
    expect(readAll(Uint8Array.from([...MAGIC, 2, 1]), 1).read).toEqual({ kind: "version", version: 2 });
  });

  test.each([
    ["a position that no stream reaches", 5 + 7],
    ["an acknowledgement after no bytes", 13],
  ])("with %s is none", (_, at) => {
    const bytes = encodeGreeting({ kind: "welcome", received: 0, ackBytes: 1, windowMs: 1, gateway: "" });
    bytes[at] = at === 13 ? 0 : 0xff;
    expect(readAll(bytes, 99).read?.kind).toBe("foreign");
  });

  test("of garbage never throws, and never holds more than a greeting can have", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.boolean(), (garbage, isMagic) => {
        const bytes = isMagic ? Uint8Array.from([...MAGIC, 1, ...garbage]) : garbage;
        const { read, left } = readAll(bytes, 7);
        if (bytes.length > 301) expect(read).toBeDefined();
        expect(left).toBeGreaterThanOrEqual(0);
      }),
      { seed: SEED, numRuns: isLong ? 50_000 : 1_000 },
    );
  });
});

function readAll(bytes: Uint8Array, size: number): { read: Read | undefined; left: number } {
  const reader = new GreetingReader(["new", "resume", "welcome", "refused"]);
  for (let at = 0; at < bytes.length; at += size) {
    const { taken, read } = reader.read(bytes.subarray(at, at + size));
    if (read !== undefined) return { read, left: bytes.length - at - taken };
  }
  return { read: undefined, left: 0 };
}
