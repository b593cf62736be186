import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LengthPrefixedOptions, lengthPrefixed } from "../../src/codec/length-prefixed.ts";
import { encodeAll, everyCut, join, octets, Receiver, streamOf, testDecodeTable } from "./deliver.ts";
import { streamsOf, testCodecProperties } from "./properties.ts";

const u8 = lengthPrefixed({ prefix: "u8" });
const u16 = lengthPrefixed({ prefix: "u16" });
const u16Little = lengthPrefixed({ prefix: "u16", endian: "little" });
const u32 = lengthPrefixed();
const u32Little = lengthPrefixed({ endian: "little" });
const varint = lengthPrefixed({ prefix: "varint" });
const four = lengthPrefixed({ prefix: "u8", maxMessageBytes: 4, maxSentMessageBytes: 4 });
const abc = streamOf("abc");

describe("with a length of one byte, a stream is cut into messages", () => {
  testDecodeTable(
    [
      { title: "nothing gives nothing", codec: u8, stream: "", messages: [] },
      { title: "the length comes first", codec: u8, stream: "\x03abc", messages: [abc] },
      { title: "an empty message is a message", codec: u8, stream: "\0\0", messages: [octets(), octets()] },
      {
        title: "several messages come in order",
        codec: u8,
        stream: "\x01a\0\x02bc",
        messages: [streamOf("a"), octets(), streamOf("bc")],
      },
      {
        title: "a message may be as long as the length can say",
        codec: u8,
        stream: join([octets(255), new Uint8Array(255).fill(7)]),
        messages: [new Uint8Array(255).fill(7)],
      },
      {
        title: "a message may be as long as the limit",
        codec: four,
        stream: "\x04abcd",
        messages: [streamOf("abcd")],
      },
      {
        title: "a message one byte over the limit is refused, and those before it stay",
        codec: four,
        stream: "\x03abc\x04abcd\x05abcde\x01a",
        messages: [abc, streamOf("abcd")],
        error: "message 3 has a length of 5 bytes, over the limit of 4",
        code: "maxMessageBytes",
      },
      {
        title: "a stream that ends inside a message is refused at its end",
        codec: u8,
        stream: "\x03abc\x03ab",
        messages: [abc],
        endError: "the stream ended inside message 2, after 2 of 3 bytes",
      },
      {
        title: "a stream that ends between a length and its message is refused at its end",
        codec: u8,
        stream: "\x03",
        messages: [],
        endError: "the stream ended inside message 1, after 0 of 3 bytes",
      },
    ],
    { stream: "\x04é!!", message: streamOf("é!!") },
  );
});

describe("with a length of two bytes, the first is the high one, or the low one if so chosen", () => {
  const long = new Uint8Array(0x0102).fill(7);
  testDecodeTable(
    [
      { title: "big endian", codec: u16, stream: join([octets(1, 2), long]), messages: [long] },
      {
        title: "a stream that ends inside a length is refused at its end",
        codec: u16,
        stream: octets(0, 1, 9, 0),
        messages: [octets(9)],
        endError: "the stream ended inside the length of message 2",
      },
    ],
    { stream: "\0\x03abc", message: abc },
  );
  testDecodeTable(
    [{ title: "little endian", codec: u16Little, stream: join([octets(2, 1), long]), messages: [long] }],
    { stream: "\x03\0abc", message: abc },
  );
});

describe("with a length of four bytes, as unless it is said otherwise", () => {
  const refusals = [
    {
      title: "one byte over 64 KiB is refused",
      codec: u32,
      stream: octets(0, 0, 0, 0, 0, 1, 0, 1),
      messages: [octets()],
      error: "message 2 has a length of 65537 bytes, over the limit of 65536",
      code: "maxMessageBytes",
    },
    {
      title: "the largest length is refused, and is no negative number",
      codec: u32,
      stream: octets(0xff, 0xff, 0xff, 0xff),
      messages: [],
      error: "message 1 has a length of 4294967295 bytes, over the limit of 65536",
      code: "maxMessageBytes",
    },
  ];
  testDecodeTable(
    [{ title: "big endian", codec: u32, stream: "\0\0\0\x03abc", messages: [abc] }, ...refusals],
    {
      stream: "\0\0\0\x03abc",
      message: abc,
    },
  );
  testDecodeTable([{ title: "little endian", codec: u32Little, stream: "\x03\0\0\0abc", messages: [abc] }], {
    stream: "\x03\0\0\0abc",
    message: abc,
  });

  test("a message may be as long as 64 KiB", () => {
    const longest = new Uint8Array(65_536).fill(7);
    const receiver = new Receiver(u32);
    receiver.take(join([octets(0, 1, 0, 0), longest.subarray(1)]));
    receiver.take(octets(7));
    expect(receiver).toMatchObject({ messages: [longest], error: undefined });
  });
});

describe("with a varint for a length", () => {
  const long = new Uint8Array(300).fill(7);
  testDecodeTable(
    [
      { title: "a short length takes one byte", codec: varint, stream: "\x03abc", messages: [abc] },
      {
        title: "a longer one takes two, the low bits first",
        codec: varint,
        stream: join([octets(0xac, 0x02), long]),
        messages: [long],
      },
      {
        title: "a length in more bytes than it needs is still that length",
        codec: varint,
        stream: join([octets(0x83, 0x80, 0x00), abc]),
        messages: [abc],
      },
      {
        title: "one byte over the limit is refused",
        codec: varint,
        stream: octets(0, 0x81, 0x80, 0x04),
        messages: [octets()],
        error: "message 2 has a length of 65537 bytes, over the limit of 65536",
        code: "maxMessageBytes",
      },
      {
        title: "the largest length is refused as too much, not as wrong",
        codec: varint,
        stream: octets(0xff, 0xff, 0xff, 0xff, 0x0f),
        messages: [],
        error: "message 1 has a length of 4294967295 bytes, over the limit of 65536",
        code: "maxMessageBytes",
      },
      {
        title: "a length of more than 32 bits is refused",
        codec: varint,
        stream: octets(0, 0xff, 0xff, 0xff, 0xff, 0x10),
        messages: [octets()],
        error: "the length of message 2 is not a valid varint",
      },
      {
        title: "a length that does not end is refused at its fifth byte",
        codec: varint,
        stream: octets(0x80, 0x80, 0x80, 0x80, 0x80),
        messages: [],
        error: "the length of message 1 is not a valid varint",
      },
      {
        title: "a stream that ends inside a length is refused at its end",
        codec: varint,
        stream: octets(0x80, 0x80),
        messages: [],
        endError: "the stream ended inside the length of message 1",
      },
    ],
    { stream: join([octets(0xac, 0x02), long]), message: long },
  );
});

describe("a decoder", () => {
  test("gives the same at every cut", () => {
    for (const pieces of everyCut(encodeAll(u16, [abc, octets(), octets(1)]))) {
      const receiver = new Receiver(u16);
      receiver.takeAll(pieces);
      expect(receiver).toMatchObject({ messages: [abc, octets(), octets(1)], error: undefined });
    }
  });

  test("refuses a length over the limit from the header, before a byte of the body has come", () => {
    const receiver = new Receiver(lengthPrefixed());
    receiver.take(octets(0, 1, 0));
    expect(receiver.error).toBeUndefined();
    receiver.take(octets(1));
    expect(receiver.error).toBe("message 1 has a length of 65537 bytes, over the limit of 65536");
    expect(receiver.peakHeldBytes).toBe(3);
  });

  test("hands out messages that share no memory, with the stream or with each other", () => {
    const stream = encodeAll(u8, [abc, abc]);
    const receiver = new Receiver(u8);
    receiver.take(stream);
    receiver.takeAll([stream.subarray(0, 2), stream.subarray(2)]);
    const [first, ...others] = receiver.messages;
    first?.fill(0);
    expect(others).toEqual([abc, abc, abc]);
    expect(receiver.messages.map((message) => message.buffer.byteLength)).toEqual([3, 3, 3, 3]);
  });

  test("hands out plain Uint8Arrays with memory of their own, also when it was lent Buffers", () => {
    const messages: Uint8Array[] = [];
    const decoder = u8.decoder();
    for (const text of ["\x03abc\x00\x02d", "e\x01f"]) {
      const pool = Buffer.from(`x${text}x`);
      decoder.decode(pool.subarray(1, 1 + text.length), { put: (message) => messages.push(message) });
      pool.fill(0);
    }
    expect(messages).toEqual(["abc", "", "de", "f"].map(streamOf));
    for (const message of messages) {
      expect([message.constructor, message.buffer.byteLength]).toEqual([Uint8Array, message.length]);
    }
  });

  test("may be given a Buffer to send, and hands out plain bytes", () => {
    const encoded = u8.encode(Buffer.from("xabcx").subarray(1, 4));
    expect(encoded).toEqual(streamOf("\x03abc"));
    expect(encoded.constructor).toBe(Uint8Array);
  });

  test("shares no half messages with another of the same codec", () => {
    const one = new Receiver(u8);
    const other = new Receiver(u8);
    one.take(octets(2, 1));
    other.take(octets(1));
    one.take(octets(2));
    other.take(octets(3));
    expect([...one.messages, ...other.messages]).toEqual([octets(1, 2), octets(3)]);
  });
});

describe("a message is encoded", () => {
  test("behind its length", () => {
    expect(u8.encode(abc)).toEqual(streamOf("\x03abc"));
    expect(u16.encode(abc)).toEqual(streamOf("\0\x03abc"));
    expect(u16Little.encode(abc)).toEqual(streamOf("\x03\0abc"));
    expect(u32.encode(abc)).toEqual(streamOf("\0\0\0\x03abc"));
    expect(u32Little.encode(abc)).toEqual(streamOf("\x03\0\0\0abc"));
    expect(varint.encode(new Uint8Array(300)).subarray(0, 3)).toEqual(octets(0xac, 0x02, 0));
    expect(u8.encode(octets())).toEqual(octets(0));
  });

  test("when it is as long as the limit, and refused when it is one byte over", () => {
    expect(four.encode(new Uint8Array(4))).toEqual(octets(4, 0, 0, 0, 0));
    expect(() => four.encode(new Uint8Array(5))).toThrow(
      new RangeError("message: 5 bytes are over the limit of 4 bytes"),
    );
    expect(() => u8.encode(new Uint8Array(256))).toThrow(
      new RangeError("message: 256 bytes are over the limit of 255 bytes"),
    );
    expect(u32.encode(new Uint8Array(69_632)).length).toBe(69_636);
    expect(() => u32.encode(new Uint8Array(69_633))).toThrow(
      new RangeError("message: 69633 bytes are over the limit of 69632 bytes"),
    );
  });

  test.for([
    [undefined, "undefined"],
    [null, "null"],
    ["abc", "string"],
    [[1, 2], "an array"],
    [new ArrayBuffer(2), "an object"],
    [new Uint16Array(2), "an object"],
  ] as const)("never from what is no Uint8Array: %o", ([message, kind]) => {
    expect(() => u8.encode(message as unknown as Uint8Array)).toThrow(
      new TypeError(`message: expected a Uint8Array, got ${kind}`),
    );
  });

  test("whatever its length is beside that of the store it is written to", () => {
    for (let length = 1_010; length <= 1_030; length++) {
      const message = new Uint8Array(length).fill(7);
      const encoded = lengthPrefixed().encode(message);
      expect(encoded.subarray(4)).toEqual(message);
    }
  });

  test("into bytes that are lent until the next one", () => {
    const first = u8.encode(abc);
    u8.encode(streamOf("xyz"));
    expect(first, "the same store is used again").toEqual(streamOf("\x03xyz"));
  });
});

describe("options are checked at the call", () => {
  test.for(["u64", "U8", "", null, 8])("prefix cannot be %o", (prefix) => {
    const options = { prefix } as unknown as LengthPrefixedOptions;
    expect(() => lengthPrefixed(options)).toThrow(
      new TypeError(`prefix: expected one of u8, u16, u32, varint, got ${JSON.stringify(prefix)}`),
    );
  });

  test.for(["BE", "middle", null])("endian cannot be %o", (endian) => {
    const options = { endian } as unknown as LengthPrefixedOptions;
    expect(() => lengthPrefixed(options)).toThrow(
      new TypeError(`endian: expected one of big, little, got ${JSON.stringify(endian)}`),
    );
  });

  test.for([
    ["u8", 255],
    ["u16", 65_535],
    ["u32", 4_294_967_295],
    ["varint", 4_294_967_295],
  ] as const)("a limit can be what a %s can say, and no more", ([prefix, most]) => {
    for (const name of ["maxMessageBytes", "maxSentMessageBytes"]) {
      expect(() => lengthPrefixed({ prefix, [name]: most })).not.toThrow();
      expect(() => lengthPrefixed({ prefix, [name]: 1 })).not.toThrow();
      for (const value of [most + 1, 0, -1, 0.5, Infinity]) {
        expect(() => lengthPrefixed({ prefix, [name]: value })).toThrow(
          new RangeError(`${name}: expected a whole number from 1 to ${most}, got ${value}`),
        );
      }
    }
  });
});

describe.for([
  { name: "u8", options: { prefix: "u8" }, headerBytes: 1, lengths: [[0], [7], [8], [9]] },
  {
    name: "u16 little",
    options: { prefix: "u16", endian: "little" },
    headerBytes: 2,
    lengths: [
      [7, 0],
      [8, 0],
      [9, 0],
    ],
  },
  {
    name: "u32",
    options: { prefix: "u32" },
    headerBytes: 4,
    lengths: [
      [0, 0, 0, 7],
      [0, 0, 0, 8],
      [0, 0, 0, 9],
    ],
  },
  {
    name: "varint",
    options: { prefix: "varint" },
    headerBytes: 5,
    lengths: [[7], [0x88, 0], [0x87, 0x80, 0x80, 0x80, 0]],
  },
] as const)(
  "for any messages, any bytes and any cuts, with a length as $name",
  ({ options, headerBytes, lengths }) => {
    testCodecProperties({
      codec: lengthPrefixed({ ...options, maxMessageBytes: 8 }),
      messages: fc.uint8Array({ maxLength: 8 }).map((message) => new Uint8Array(message)),
      noise: streamsOf("\0", "\x01\x02", "12345678", ...lengths.map((length) => octets(...length))),
      heldLimitBytes: headerBytes + 8,
    });
  },
);
