/**
 * Lines for terminals: the other ending, and what becomes of bytes that are not UTF-8.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { json } from "../../src/codec/json.ts";
import { lines } from "../../src/codec/lines.ts";
import { octets, Receiver, streamOf } from "./deliver.ts";
import { check, streamsOf, testCodecProperties } from "./properties.ts";

describe("the ending of a sent line", () => {
  const terminal = lines({ eol: "\r\n" });

  test("is what `eol` says", () => {
    expect(terminal.encode("é")).toEqual(streamOf("é\r\n"));
    expect(terminal.encode("")).toEqual(streamOf("\r\n"));
    expect(lines({ eol: "\n" }).encode("a")).toEqual(streamOf("a\n"));
  });

  test("does not count against the limit, and has room however long the line is", () => {
    const codec = lines({ eol: "\r\n", maxSentLineBytes: 4 });
    expect(codec.encode("abcd")).toEqual(streamOf("abcd\r\n"));
    expect(() => codec.encode("abcde")).toThrow("message: a line of 5 bytes is over the limit of 4");
    for (let length = 330; length <= 350; length++) {
      const text = "€".repeat(length);
      expect(lines({ eol: "\r\n" }).encode(text)).toEqual(streamOf(`${text}\r\n`));
    }
  });

  test("is not sent where the carrier keeps messages apart", () => {
    expect(terminal.encodeWhole?.("hello")).toEqual(streamOf("hello"));
  });

  test("says nothing of what is received: both endings are", () => {
    const receiver = new Receiver(terminal);
    receiver.take(streamOf("a\nb\r\nc\r\r\n"));
    expect(receiver.messages).toEqual(["a", "b", "c"]);
  });

  test("is text of its own in an error, which stays one line", () => {
    expect(() => lines({ eol: "\r" } as never)).toThrow(
      new TypeError('eol: expected "\\n" or "\\r\\n", got "\\r"'),
    );
  });
});

describe("bytes that are not UTF-8", () => {
  const latin = streamOf(octets(0x67, 0x72, 0xfc, 0xdf, 0x65)); // "grüße" in Latin-1
  const kind = lines({ invalid: "replace" });

  test("close the connection, unless they are replaced", () => {
    const strict = new Receiver(lines());
    strict.take(octets(...latin, 0x0a));
    expect(strict.error).toBe("line 1 is not valid UTF-8");
    const receiver = new Receiver(kind);
    receiver.take(octets(...latin, 0x0a, ...streamOf("größe\n")));
    receiver.end();
    expect(receiver).toMatchObject({ messages: ["gr\ufffd\ufffde", "größe"], error: undefined });
  });

  test("are replaced in whole messages too", () => {
    const messages: string[] = [];
    kind.decodeWhole?.(latin, { put: (text) => void messages.push(text) });
    expect(messages).toEqual(["gr\ufffd\ufffde"]);
  });

  test("make the line as long as it is when it is sent again, and the limit holds for that", () => {
    const nine = lines({ invalid: "replace", maxLineBytes: 9, maxSentLineBytes: 9 });
    const receiver = new Receiver(nine);
    receiver.take(octets(0xff, 0xff, 0xff, 0x0a));
    const [text = ""] = receiver.messages;
    expect(new Uint8Array(nine.encode(text))).toEqual(streamOf("\ufffd\ufffd\ufffd\n"));
    const decode = () => nine.decoder().decode(octets(0xff, 0xff, 0xff, 0x61, 0x0a), { put: () => {} });
    expect(decode).toThrow(
      expect.objectContaining({
        message: "line 1 with U+FFFD for what is not UTF-8 would be over the limit of 9 bytes",
        code: "maxLineBytes",
      }),
    );
  });

  test("count as text of two bytes a letter, which is the memory that it takes", () => {
    const costs: unknown[] = [];
    const sink = { put: (_: string, ...cost: unknown[]) => void costs.push(cost) };
    kind.decoder().decode(octets(0xff, 0xfe, 0x0a), sink);
    kind.decoder().decode(octets(0x61, 0x62, 0x0a), sink);
    kind.decoder().decode(streamOf("ab\né\n"), sink);
    expect(costs).toEqual([[3, 4], [3], [3, 3], [3, 2]]);
  });

  test("are refused in JSON, whose values they would change", () => {
    expect(() => json({ invalid: "replace" } as never)).toThrow("invalid: there is no such option");
  });

  test("never make a line that cannot be sent again", () => {
    const noise = streamsOf("a", "é", octets(0xff), octets(0xc3), octets(0xf0, 0x9f), "\r", "\n", "\r\n");
    check(
      fc.property(noise, fc.integer({ min: 1, max: 12 }), (stream, most) => {
        const codec = lines({ invalid: "replace", maxLineBytes: most });
        const receiver = new Receiver(codec);
        receiver.take(stream);
        for (const text of receiver.messages) {
          const again = new Receiver(codec);
          again.take(codec.encode(text));
          expect(again.messages).toEqual([text]);
        }
      }),
    );
  });
});

describe("for any lines of a terminal, any bytes and any cuts", () => {
  testCodecProperties({
    codec: lines({ maxLineBytes: 8, eol: "\r\n", invalid: "replace" }),
    messages: fc
      .string({ unit: "binary", maxLength: 8 })
      .map((text) => text.replaceAll("\n", "").replace(/\r+$/, ""))
      .filter((text) => streamOf(text).length <= 8),
    noise: streamsOf("a", "abcdefgh", "é", octets(0xff), octets(0xc3), "\n", "\r", "\r\n"),
    heldLimitBytes: 8 + "\r".length,
  });
});
