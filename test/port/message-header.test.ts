/** The headers between the messages for a link with borders of its own. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { MESSAGE_HEADER_BYTES, visitMessages, writeMessageHeader } from "../../src/port/message-header.ts";
import { SEED } from "../seed.ts";

test("messages of any size and kind come out as they were put behind each other", () => {
  const message = fc.record({ body: fc.uint8Array({ maxLength: 300 }), isText: fc.boolean() });
  fc.assert(
    fc.property(fc.array(message), (messages) => {
      const written = messages.flatMap(({ body, isText }) => {
        const header = new Uint8Array(MESSAGE_HEADER_BYTES);
        writeMessageHeader(header, body.length, isText);
        return [...header, ...body];
      });
      const read: typeof messages = [];
      visitMessages(Uint8Array.from(written), (body, isText) =>
        read.push({ body: new Uint8Array(body), isText }),
      );
      expect(read).toEqual(messages);
    }),
    { seed: SEED },
  );
});

test("a size of three or four bytes is kept, beside the mark of a text", () => {
  for (const sizeBytes of [0, 255, 256, 65_536, 20_000_000]) {
    for (const isText of [false, true]) {
      const bytes = new Uint8Array(MESSAGE_HEADER_BYTES + sizeBytes);
      writeMessageHeader(bytes, sizeBytes, isText);
      const read: unknown[] = [];
      visitMessages(bytes, (message, wasText) => read.push([message.length, wasText]));
      expect(read).toEqual([[sizeBytes, isText]]);
    }
  }
});
