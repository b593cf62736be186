/**
 * What is true of every codec, for any messages, any bytes and any cuts: the
 * fuzz that each codec goes through, more than 10,000 cases of it.
 *
 * fast-check prints the seed and the smallest counterexample; see `seed.ts`.
 */
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { Codec } from "../../src/codec/codec.ts";
import { isLong, SEED } from "../seed.ts";
import { cut, encodeAll, join, Receiver, streamOf } from "./deliver.ts";

/** What a codec's properties are tested with. */
export interface CodecSubject<Message> {
  readonly codec: Codec<Message>;
  /** Any message that it carries. */
  readonly messages: fc.Arbitrary<Message>;
  /** Bytes that a peer might send: mostly nearly right ones, as plain noise is refused at once. */
  readonly noise: fc.Arbitrary<Uint8Array>;
  /** The most that it may hold of an unfinished message, framing included. */
  readonly heldLimitBytes: number;
}

export function testCodecProperties<Message>(subject: CodecSubject<Message>): void {
  const { codec, messages, heldLimitBytes } = subject;
  const noise = hostile(subject);
  let cases = 0;
  const check = <Values>(property: fc.IRawProperty<Values>) => {
    fc.assert(property, { seed: SEED, numRuns: RUNS });
    cases += RUNS;
  };
  afterAll(() => console.log(`fuzzed with ${cases.toLocaleString("en")} cases, seed ${SEED}`));

  test(
    "what was encoded is decoded again, wherever it is cut",
    () => {
      check(
        fc.property(fc.array(messages, { maxLength: 12 }), cuts, (sent, lengths) => {
          const receiver = new Receiver(codec);
          receiver.takeAll(cut(encodeAll(codec, sent), lengths));
          receiver.end();
          expect(receiver.error).toBeUndefined();
          expect(receiver.messages).toEqual(sent);
        }),
      );
    },
    LONG_MS,
  );

  test(
    "any bytes give the same messages and the same refusal, however they are cut",
    () => {
      check(
        fc.property(noise, cuts, (stream, lengths) => {
          const whole = new Receiver(codec);
          whole.take(stream);
          const inPieces = new Receiver(codec);
          inPieces.takeAll(cut(stream, lengths)); // throws what is no DecodeError
          expect(inPieces.messages).toEqual(whole.messages);
          expect(inPieces.error).toBe(whole.error);
          whole.end();
          inPieces.end();
          expect(inPieces.error).toBe(whole.error);
        }),
      );
    },
    LONG_MS,
  );

  test(
    "never more is held of an unfinished message than the limit allows",
    () => {
      check(
        fc.property(noise, cuts, (stream, lengths) => {
          const receiver = new Receiver(codec);
          receiver.takeAll(cut(stream, lengths));
          expect(receiver.peakHeldBytes).toBeLessThanOrEqual(heldLimitBytes);
        }),
      );
    },
    LONG_MS,
  );

  test(
    "the decoder says after each piece how much of a message it holds",
    () => {
      check(
        fc.property(noise, cuts, (stream, lengths) => {
          const receiver = new Receiver(codec);
          for (const piece of cut(stream, lengths)) {
            receiver.take(piece);
            if (receiver.error !== undefined) return;
            expect(receiver.pendingBytes ?? 0).toBe(receiver.unfinishedBytes);
          }
        }),
      );
    },
    LONG_MS,
  );
}

/** Runs a property with the seed of this run. */
export function check<Values>(property: fc.IRawProperty<Values>): void {
  fc.assert(property, { seed: SEED, numRuns: 1_000 });
}

/** What any peer may send: nearly right bytes, right ones with a few of them changed, and any at all. */
function hostile<Message>({ codec, messages, noise }: CodecSubject<Message>): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(), fc.nat(255));
  const changed = fc
    .tuple(
      fc.array(messages, { minLength: 1, maxLength: 6 }),
      fc.array(change, { minLength: 1, maxLength: 3 }),
    )
    .map(([sent, changes]) => {
      const stream = encodeAll(codec, sent);
      for (const [at, byte] of changes) if (stream.length > 0) stream[at % stream.length] = byte;
      return stream;
    });
  return fc.oneof(
    { weight: 4, arbitrary: noise },
    { weight: 2, arbitrary: changed },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  );
}

/** Lengths of pieces, taken round and round; empty pieces among them. */
export const cuts: fc.Arbitrary<number[]> = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 80 })), {
    minLength: 1,
    maxLength: 8,
  })
  .filter((lengths) => lengths.some((length) => length > 0));

/** Streams made of these words, with a wrong byte here and there. */
export function streamsOf(...words: readonly (string | Uint8Array)[]): fc.Arbitrary<Uint8Array> {
  const word = fc.constantFrom(...words.map(streamOf));
  const wrongByte = fc.nat(255).map((byte) => Uint8Array.of(byte));
  return fc
    .array(fc.oneof({ weight: 30, arbitrary: word }, { weight: 1, arbitrary: wrongByte }), { maxLength: 30 })
    .map(join);
}

/** For each of the four properties. */
const RUNS = isLong ? 200_000 : 3_000;
/** The long form's patience. */
const LONG_MS = 600_000;
