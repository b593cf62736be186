import { describe, expect, test } from "vitest";
import { type Codec, DecodeError } from "../../src/codec/codec.ts";
import { Receiver, streamOf } from "./deliver.ts";

describe("a DecodeError", () => {
  test("is an error with a name of its own and a sentence for a person", () => {
    const error = new DecodeError("message 3 is wrong");
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe("DecodeError: message 3 is wrong");
    expect(error.cause).toBeUndefined();
  });

  test("keeps what was behind it", () => {
    const cause = new Error("behind");
    expect(new DecodeError("wrong", { cause }).cause).toBe(cause);
  });

  test("names the limit that was exceeded, if it was one", () => {
    expect(new DecodeError("too long", { code: "maxWordBytes" }).code).toBe("maxWordBytes");
    expect(new DecodeError("wrong").code).toBeUndefined();
  });
});

describe("a codec of the user's own", () => {
  /** Numbers of one byte come in; words go out. `end` is left out: no message is ever half. */
  const ownCodec: Codec<number, "left" | "right"> = {
    decoder: () => ({
      decode(bytes, sink) {
        for (const byte of bytes) {
          if (byte > 9) throw new DecodeError(`${byte} is over 9`);
          sink.put(byte, 1);
        }
      },
    }),
    encode: (message) => streamOf(message),
  };

  test("may have messages of another kind each way, and no end", () => {
    const receiver = new Receiver(ownCodec);
    receiver.take(Uint8Array.of(1, 2, 10, 3));
    receiver.end();
    expect(receiver).toMatchObject({ messages: [1, 2], error: "10 is over 9" });
    expect(ownCodec.encode("left")).toEqual(streamOf("left"));
  });
});
