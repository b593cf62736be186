import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BytesOptions, bytes } from "../../src/codec/bytes.ts";
import { cut, join, octets, Receiver, streamOf } from "./deliver.ts";
import { check, cuts } from "./properties.ts";

describe("each piece of the stream is a message", () => {
  test("as it came", () => {
    expect(received(bytes(), ["ab", "c", "defg"])).toEqual(["ab", "c", "defg"].map(streamOf));
  });

  test("and an empty piece is none", () => {
    expect(received(bytes(), ["", "a", ""])).toEqual([streamOf("a")]);
  });

  test("up to the longest that was chosen; longer ones are cut", () => {
    const four = bytes({ maxChunkBytes: 4 });
    expect(received(four, ["abcd"])).toEqual(["abcd"].map(streamOf));
    expect(received(four, ["abcde"])).toEqual(["abcd", "e"].map(streamOf));
    expect(received(four, ["abcdefghi"])).toEqual(["abcd", "efgh", "i"].map(streamOf));
    expect(received(four, ["ab", "cd"]), "pieces are never joined").toEqual(["ab", "cd"].map(streamOf));
    expect(received(bytes({ maxChunkBytes: 1 }), ["abc"])).toEqual(["a", "b", "c"].map(streamOf));
  });

  test("of any length, if none was chosen", () => {
    const long = new Uint8Array(1_000_000).fill(7);
    const receiver = new Receiver(bytes());
    receiver.take(long);
    expect(receiver.messages).toHaveLength(1);
    expect(receiver.messages[0]?.length).toBe(long.length);
  });

  test("and shares no memory, with the stream or with another message", () => {
    const receiver = new Receiver(bytes({ maxChunkBytes: 2 }));
    receiver.take(streamOf("abcd"));
    receiver.messages[0]?.fill(0);
    expect(receiver.messages).toEqual([octets(0, 0), streamOf("cd")]);
    expect(receiver.messages.map((message) => message.buffer.byteLength)).toEqual([2, 2]);
  });

  test("and is a plain Uint8Array with memory of its own, also when the piece was a Buffer", () => {
    const pool = Buffer.from("xabcdx");
    const messages: Uint8Array[] = [];
    const put = (message: Uint8Array) => messages.push(message);
    for (const codec of [bytes(), bytes({ maxChunkBytes: 2 })])
      codec.decoder().decode(pool.subarray(1, 5), { put });
    pool.fill(0);
    expect(messages).toEqual(["abcd", "ab", "cd"].map(streamOf));
    for (const message of messages) {
      expect([message.constructor, message.buffer.byteLength]).toEqual([Uint8Array, message.length]);
    }
  });

  test("so a stream may end anywhere", () => {
    const receiver = new Receiver(bytes());
    receiver.take(streamOf("a"));
    receiver.end();
    expect(receiver).toMatchObject({ messages: [streamOf("a")], error: undefined });
  });
});

describe("a message is encoded", () => {
  test("as it is, and lent", () => {
    const message = streamOf("abc");
    expect(bytes().encode(message)).toEqual(streamOf("abc"));
    expect(bytes({ maxChunkBytes: 2 }).encode(message), "at any length").toEqual(streamOf("abc"));
    expect(bytes().encode(octets())).toEqual(octets());
  });

  test("as a plain Uint8Array of the same memory, also when it was a Buffer", () => {
    const message = Buffer.from("xabcx").subarray(1, 4);
    const encoded = bytes().encode(message);
    expect(encoded).toEqual(streamOf("abc"));
    expect([encoded.constructor, encoded.buffer]).toEqual([Uint8Array, message.buffer]);
  });

  test.for([
    [undefined, "undefined"],
    ["abc", "string"],
    [[1, 2], "an array"],
    [new ArrayBuffer(2), "an object"],
  ] as const)("never from what is no Uint8Array: %o", ([message, kind]) => {
    expect(() => bytes().encode(message as unknown as Uint8Array)).toThrow(
      new TypeError(`message: expected a Uint8Array, got ${kind}`),
    );
  });
});

describe("options are checked at the call", () => {
  test.for([0, -1, 1.5, Number.NaN])("maxChunkBytes cannot be %d", (maxChunkBytes) => {
    const expected = `maxChunkBytes: expected a whole number from 1 to 9007199254740991, got ${maxChunkBytes}`;
    expect(() => bytes({ maxChunkBytes })).toThrow(new RangeError(expected));
  });

  test("maxChunkBytes cannot be text, and can be Infinity", () => {
    const options = { maxChunkBytes: "16" } as unknown as BytesOptions;
    expect(() => bytes(options)).toThrow(new TypeError("maxChunkBytes: expected a number, got string"));
    expect(() => bytes({ maxChunkBytes: Infinity })).not.toThrow();
  });
});

describe("for any bytes and any cuts", () => {
  const stream = fc.uint8Array({ maxLength: 200 }).map((piece) => new Uint8Array(piece));

  test("all of the stream comes, in order, in pieces no longer than was chosen, and nothing is held", () => {
    check(
      fc.property(stream, cuts, fc.integer({ min: 1, max: 20 }), (sent, lengths, maxChunkBytes) => {
        const receiver = new Receiver(bytes({ maxChunkBytes }));
        receiver.takeAll(cut(sent, lengths));
        receiver.end();
        expect(join(receiver.messages)).toEqual(sent);
        expect(receiver.messages.every(({ length }) => length > 0 && length <= maxChunkBytes)).toBe(true);
        expect(receiver).toMatchObject({ error: undefined, peakHeldBytes: 0, filedBytes: sent.length });
      }),
    );
  });
});

function received(codec: ReturnType<typeof bytes>, pieces: readonly string[]): Uint8Array[] {
  const receiver = new Receiver(codec);
  receiver.takeAll(pieces.map(streamOf));
  return receiver.messages;
}
