/**
 * One codec for each way: both do what they do alone, for streams, for carriers with
 * message borders, and for records that wait as bytes.
 */
import { describe, expect, test } from "vitest";
import { bytes } from "../../src/codec/bytes.ts";
import { UNREAD } from "../../src/codec/codec.ts";
import { duplex } from "../../src/codec/duplex.ts";
import { json } from "../../src/codec/json.ts";
import { lines } from "../../src/codec/lines.ts";
import { struct } from "../../src/codec/struct.ts";
import { memory, Poller } from "../../src/index.ts";
import { octets, Receiver, streamOf } from "./deliver.ts";

const move = struct({ x: "u8" });
const said = json<{ said: string }>();

describe("a codec for each way", () => {
  test("receives by the first and sends by the second", () => {
    const codec = duplex(move, said);
    const receiver = new Receiver(codec);
    receiver.take(octets(7));
    expect(receiver.messages).toEqual([{ x: 7 }]);
    expect(codec.encode({ said: "hi" })).toEqual(streamOf('{"said":"hi"}\n'));
  });

  test("meets its peer, which has them in the other order", () => {
    const wire = memory();
    const net = new Poller();
    const server = net.listen(wire, duplex(move, said));
    const player = net.connect(wire, duplex(said, move));
    player.trySend({ x: 3 });
    net.poll();
    net.poll();
    const accepted = server.tryAccept();
    expect(accepted?.tryRecv()).toEqual({ x: 3 });
    accepted?.trySend({ said: "hello" });
    net.poll();
    net.poll();
    expect(player.tryRecv()).toEqual({ said: "hello" });
    net[Symbol.dispose]();
  });

  test("keeps records as bytes until they are taken, as the first does alone", () => {
    expect(duplex(move, said).decoder()[UNREAD]?.()).toBeDefined();
  });

  test("has whole messages where one of the two has, and asks the other as a stream", () => {
    const whole = (codec: ReturnType<typeof duplex<unknown, never>>, piece: Uint8Array) => {
      const messages: unknown[] = [];
      codec.decodeWhole?.(piece, { put: (message) => void messages.push(message) });
      return messages;
    };
    expect(whole(duplex(lines(), bytes()), streamOf("hi"))).toEqual(["hi"]);
    expect(whole(duplex(move, lines()), octets(1, 2))).toEqual([{ x: 1 }, { x: 2 }]);
    expect(() => whole(duplex(struct({ n: "u16" }), lines()), octets(1))).toThrow("the stream ended inside");
    expect(duplex(move, lines()).encodeWhole?.("hi")).toEqual(streamOf("hi"));
    expect(duplex(lines(), move).encodeWhole?.({ x: 1 })).toEqual(octets(1));
    expect(duplex(move, bytes()).encodeWhole).toBeUndefined();
  });

  test("sends text where the second does", () => {
    expect([duplex(move, lines()), duplex(lines(), move)].map((codec) => codec.encodesText)).toEqual([
      true,
      false,
    ]);
    expect([lines(), json(), bytes(), move].map((codec) => codec.encodesText ?? false)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test.each([undefined, null, 7, {}, lines])("is refused where one is no codec, as %o is none", (wrong) => {
    expect(() => duplex(wrong as never, lines())).toThrow(/^receive: expected a codec, got /);
    expect(() => duplex(lines(), wrong as never)).toThrow(/^send: expected a codec, got /);
  });
});
