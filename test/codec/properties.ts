/**
 * What is true of every codec, for any messages, any bytes and any cuts.
 *
 * The seed is fixed, so a run says the same twice; `TICKWIRE_SEED` brings
 * another. fast-check prints the seed and the smallest counterexample.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Codec } from "../../src/codec/codec.ts";
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
  const { codec, messages, noise, heldLimitBytes } = subject;

  test("what was encoded is decoded again, wherever it is cut", () => {
    check(
      fc.property(fc.array(messages, { maxLength: 12 }), cuts, (sent, lengths) => {
        const receiver = new Receiver(codec);
        receiver.takeAll(cut(encodeAll(codec, sent), lengths));
        receiver.end();
        expect(receiver.error).toBeUndefined();
        expect(receiver.messages).toEqual(sent);
      }),
    );
  });

  test("any bytes give the same messages and the same refusal, however they are cut", () => {
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
  });

  test("never more is held of an unfinished message than the limit allows", () => {
    check(
      fc.property(noise, cuts, (stream, lengths) => {
        const receiver = new Receiver(codec);
        receiver.takeAll(cut(stream, lengths));
        expect(receiver.peakHeldBytes).toBeLessThanOrEqual(heldLimitBytes);
      }),
    );
  });
}

/** Runs a property with the seed of this run. */
export function check<Values>(property: fc.IRawProperty<Values>): void {
  fc.assert(property, { seed: SEED, numRuns: RUNS });
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

const SEED = Number(process.env.TICKWIRE_SEED ?? 14_900);
const RUNS = 1_000;
