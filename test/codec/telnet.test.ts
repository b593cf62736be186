/**
 * Telnet: what is taken out of the stream, what is answered, and that neither a cut nor
 * a flood changes it.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytes } from "../../src/codec/bytes.ts";
import { type Codec, REPLY } from "../../src/codec/codec.ts";
import { json } from "../../src/codec/json.ts";
import { lines } from "../../src/codec/lines.ts";
import { mixed } from "../../src/codec/mixed.ts";
import { telnet } from "../../src/codec/telnet.ts";
import { memory, Poller } from "../../src/index.ts";
import { cut, join, octets, Receiver, streamOf, testDecodeTable } from "./deliver.ts";
import { check, cuts, streamsOf } from "./properties.ts";

const [SE, NOP, SB, WILL, WONT, DO, DONT, IAC] = [240, 241, 250, 251, 252, 253, 254, 255] as const;
const [ECHO, NAWS] = [1, 31] as const;
const terminal = telnet();

/** What comes out of the stream, and what is answered, when it is cut so. */
function played(stream: Uint8Array, lengths: readonly number[], codec = terminal) {
  const decoder = codec.decoder();
  const replies: number[] = [];
  const texts: string[] = [];
  decoder[REPLY]?.((answer) => void replies.push(...answer));
  let error: string | undefined;
  try {
    for (const piece of cut(stream, lengths)) {
      decoder.decode(piece, { put: (text) => void texts.push(text) });
    }
  } catch (thrown) {
    error = (thrown as Error).message;
  }
  return { texts, replies, error, pendingBytes: decoder.pendingBytes };
}

describe("commands are taken out of the stream", () => {
  const hi = streamOf("hi\r\n");
  test.each<[string, Uint8Array, readonly string[]]>([
    ["none", hi, ["hi"]],
    ["negotiation", join([octets(IAC, DO, ECHO), hi, octets(IAC, WONT, NAWS), hi]), ["hi", "hi"]],
    ["one in the middle of a line", join([streamOf("h"), octets(IAC, NOP), streamOf("i\n")]), ["hi"]],
    ["a subnegotiation", join([octets(IAC, SB, NAWS, 0, 80, 0, IAC, IAC, 24, IAC, SE), hi]), ["hi"]],
    ["a byte 255 that is data", join([octets(IAC, IAC), hi]), ["\ufffdhi"]],
    ["a carriage return with NUL, which ends a line", streamOf("a\r\0b\r\n"), ["a", "b"]],
    ["NUL elsewhere", streamOf("a\0b\r\n\0"), ["ab"]],
    ["a return within a line, which stays", streamOf("a\rb\n"), ["a\rb"]],
  ])("%s", (_, stream, texts) => {
    for (const lengths of [[stream.length], [1], [2], [3, 1]]) {
      expect(played(stream, lengths)).toMatchObject({ texts, error: undefined, pendingBytes: 0 });
    }
  });

  testDecodeTable<string>(
    [
      {
        title: "lines are as they are without telnet",
        codec: terminal,
        stream: "a\r\n\nb\n",
        messages: ["a", "", "b"],
      },
      {
        title: "a stream that ends inside a command is refused at its end",
        codec: terminal,
        stream: join([streamOf("a\n"), octets(IAC, WILL)]),
        messages: ["a"],
        endError: "the stream ended inside a telnet command",
      },
      {
        title: "a stream that ends inside a line is refused by the codec inside",
        codec: terminal,
        stream: "a\nb",
        messages: ["a"],
        endError: "the stream ended inside line 2, after 1 bytes without a line break",
      },
    ],
    { stream: "x\r\n", message: "x" },
  );
});

describe("every option is refused", () => {
  test("what is offered by DON'T, what is asked for by WON'T", () => {
    const stream = octets(IAC, WILL, NAWS, IAC, DO, ECHO);
    for (const lengths of [[6], [1], [4]]) {
      expect(played(stream, lengths).replies).toEqual([IAC, DONT, NAWS, IAC, WONT, ECHO]);
    }
  });

  test("and refusals are not answered, so that two of them never begin a loop", () => {
    expect(played(octets(IAC, WONT, ECHO, IAC, DONT, ECHO), [6]).replies).toEqual([]);
    const answers = played(octets(IAC, WILL, ECHO, IAC, DO, ECHO), [6]).replies;
    expect(played(Uint8Array.from(answers), [1]).replies).toEqual([]);
  });

  test("as often as the limit says, which is the code of what comes after", () => {
    const codec = telnet(lines(), { maxOffers: 2 });
    const offer = octets(IAC, WILL, 5);
    expect(played(join([offer, offer]), [6], codec)).toMatchObject({ error: undefined });
    const error = "the peer offered or asked for more than 2 telnet options";
    expect(played(join([offer, offer, offer]), [1], codec)).toMatchObject({ error });
    expect(() => codec.decoder().decode(join([offer, offer, offer]), { put: () => {} })).toThrow(
      expect.objectContaining({ code: "maxOffers" }),
    );
  });

  test("without an answer where there is no way back", () => {
    const receiver = new Receiver(terminal);
    receiver.take(join([octets(IAC, DO, ECHO), streamOf("hi\n")]));
    expect(receiver).toMatchObject({ messages: ["hi"], error: undefined });
  });
});

test("a subnegotiation has a limit, and is not kept", () => {
  const codec = telnet(lines(), { maxSubnegotiationBytes: 3 });
  const of = (...content: number[]) => octets(IAC, SB, ...content);
  expect(played(join([of(1, 2, 3), octets(IAC, SE)]), [1], codec)).toMatchObject({
    error: undefined,
    pendingBytes: 0,
  });
  expect(played(of(1, 2, 3), [5], codec)).toMatchObject({ error: undefined, pendingBytes: 5 });
  const error = "a telnet subnegotiation is longer than the limit of 3 bytes";
  for (const lengths of [[6], [1]]) expect(played(of(1, 2, 3, 4), lengths, codec)).toMatchObject({ error });
  expect(() => codec.decoder().decode(of(1, 2, 3, 4), { put: () => {} })).toThrow(
    expect.objectContaining({ code: "maxSubnegotiationBytes" }),
  );
});

test("a subnegotiation that is filled with escaped bytes has the same limit", () => {
  const codec = telnet(lines(), { maxSubnegotiationBytes: 8 });
  for (const filling of [
    [IAC, IAC],
    [IAC, NOP],
    [1, IAC, IAC],
  ]) {
    const stream = join([octets(IAC, SB), ...Array(10).fill(Uint8Array.from(filling))]);
    const error = "a telnet subnegotiation is longer than the limit of 8 bytes";
    for (const lengths of [[stream.length], [1], [5]]) {
      expect(played(stream, lengths, codec)).toMatchObject({ error });
    }
  }
});

describe("what stands before a command that is over a limit is received", () => {
  const codec = telnet(lines(), { maxOffers: 1, maxSubnegotiationBytes: 4 });
  const offer = octets(IAC, WILL, NAWS);
  const good = streamOf("hi\r\n");
  test.each<[string, Uint8Array, readonly number[]]>([
    ["an offer too many", join([good, offer, offer, good]), [IAC, DONT, NAWS]],
    ["a subnegotiation", join([good, octets(IAC, SB, 1, 2, 3, 4, 5, IAC, SE), good]), []],
  ])("%s", (_, stream, replies) => {
    for (const lengths of [[stream.length], [1], [7]]) {
      const { error, ...seen } = played(stream, lengths, codec);
      expect(error).toMatch(/limit|more than/);
      expect(seen).toMatchObject({ texts: ["hi"], replies });
    }
  });

  test("but not what the codec inside refuses before it", () => {
    const { error } = played(join([octets(0xc3, 0x0a), offer, offer]), [100], telnet(lines()));
    expect(error).toBe("line 1 is not valid UTF-8");
  });
});

describe("what a carrier keeps apart", () => {
  const whole = (codec: Codec<unknown>, bytes: Uint8Array) => {
    const messages: unknown[] = [];
    codec.decodeWhole?.(bytes, { put: (message) => void messages.push(message) });
    return messages;
  };

  test("is a line without an ending, and its commands are taken out", () => {
    expect(terminal.encodeWhole?.("a\rb")).toEqual(streamOf("a\r\0b"));
    expect(whole(terminal, join([octets(IAC, NOP), streamOf("hi"), octets(IAC, WILL, NAWS)]))).toEqual([
      "hi",
    ]);
    expect(() => whole(terminal, octets(IAC))).toThrow("the stream ended inside a telnet command");
  });

  test("begins anew, whatever the one before ended with", () => {
    const receiver = new Receiver(mixed({ raw: telnet(bytes()) }));
    receiver.take(octets(0, 1, 13, 0, 2, 0, 65));
    expect(receiver.messages).toEqual([
      { kind: "raw", body: octets(13) },
      { kind: "raw", body: octets(65) },
    ]);
  });
});

describe("what is sent", () => {
  test("is the line with a terminal's ending", () => {
    expect(terminal.encode("größe")).toEqual(streamOf("größe\r\n"));
  });

  test("has what telnet would take for something else escaped", () => {
    const raw = telnet(bytes());
    expect(raw.encode(octets(1, 255, 2))).toEqual(octets(1, 255, 255, 2));
    expect(raw.encode(octets(13, 10, 13, 65, 13))).toEqual(octets(13, 10, 13, 0, 65, 13, 0));
    expect(terminal.encode("a\rb")).toEqual(streamOf("a\r\0b\r\n"));
  });

  test("comes back as it was, around JSON too", () => {
    const codec = telnet(json<unknown>());
    const receiver = new Receiver(codec);
    receiver.take(codec.encode({ say: "a\rb\u0000" }));
    expect(receiver.messages).toEqual([{ say: "a\rb\u0000" }]);
  });
});

describe("on a connection", () => {
  test("the peer has its answer before the game has accepted it, and the line after", () => {
    const wire = memory();
    const net = new Poller();
    const server = net.listen(wire, telnet());
    const player = net.connect(wire, bytes());
    player.trySend(join([octets(IAC, DO, ECHO), streamOf("look\r\n")]));
    for (let round = 0; round < 3; round++) net.poll(round);
    expect([...player]).toEqual([octets(IAC, WONT, ECHO)]);
    const accepted = server.tryAccept();
    expect(accepted?.tryRecv()).toBe("look");
    accepted?.trySend("a room");
    player.trySend(octets(IAC, WILL, NAWS));
    for (let round = 3; round < 6; round++) net.poll(round);
    expect(join([...player])).toEqual(join([streamOf("a room\r\n"), octets(IAC, DONT, NAWS)]));
    net[Symbol.dispose]();
  });

  test("an answer is queued by the next poll, and no number moves before it", () => {
    const wire = memory();
    const [net, far] = [new Poller(), new Poller()];
    const server = net.listen(wire, telnet());
    const player = far.connect(wire, bytes());
    for (let round = 0; round < 3; round++) for (const poller of [net, far]) poller.poll(round);
    const accepted = server.tryAccept();
    player.trySend(octets(IAC, DO, ECHO));
    far.flush(); // decoded at once
    expect(accepted).toMatchObject({ pendingBytes: 0, stats: { sentMessages: 0, outboxPeakBytes: 0 } });
    expect([net.stats.sentMessages, server.stats.sentMessages]).toEqual([0, 0]);
    net.poll(3);
    expect(accepted).toMatchObject({ pendingBytes: 3, stats: { sentMessages: 1, outboxPeakBytes: 3 } });
    expect([net.stats.sentMessages, server.stats.sentMessages]).toEqual([1, 1]);
    net.flush();
    far.poll(3);
    expect([...player]).toEqual([octets(IAC, WONT, ECHO)]);
    for (const poller of [net, far]) poller[Symbol.dispose]();
  });

  test("answers that wait for a poll are bounded by the send limit, and the rest is counted by it", () => {
    const wire = memory();
    const [net, far] = [new Poller(), new Poller()];
    const server = net.listen(wire, telnet(), { sendLimitBytes: 8 });
    const player = far.connect(wire, bytes());
    for (let round = 0; round < 3; round++) for (const poller of [net, far]) poller.poll(round);
    for (let offer = 0; offer < 4; offer++) {
      player.trySend(octets(IAC, DO, offer));
      far.flush();
    }
    expect(net.stats).toMatchObject({ sentMessages: 0, refusedMessages: 0 });
    net.poll(3);
    expect(server.stats).toMatchObject({ sentMessages: 2, sentBytes: 6, refusedMessages: 2 });
    net.poll(4);
    expect(server.stats).toMatchObject({ sentMessages: 2, sentBytes: 6, refusedMessages: 2 });
    for (const poller of [net, far]) poller[Symbol.dispose]();
  });

  test("what has no room is lost, and nothing else", () => {
    const wire = memory();
    const net = new Poller();
    const server = net.listen(wire, telnet(), { sendLimitBytes: 8 });
    const player = net.connect(wire, bytes());
    player.trySend(join([octets(IAC, DO, 1, IAC, DO, 2, IAC, DO, 3), streamOf("look\n")])); // 9 bytes of answers
    for (let round = 0; round < 3; round++) net.poll(round);
    const accepted = server.tryAccept();
    expect(accepted?.tryRecv()).toBe("look");
    expect(accepted).toMatchObject({ state: "open", stats: { refusedMessages: 1, sentMessages: 0 } });
    expect([...player]).toEqual([]);
    net[Symbol.dispose]();
  });

  test("with a limit for messages, too, and none once this side has ended", () => {
    const wire = memory();
    const net = new Poller();
    const server = net.listen(wire, telnet(), { maxMessageBytes: 100 });
    const player = net.connect(wire, bytes());
    player.trySend(octets(IAC, DO, ECHO));
    for (let round = 0; round < 3; round++) net.poll(round);
    expect([...player]).toEqual([octets(IAC, WONT, ECHO)]);
    server.tryAccept()?.end();
    for (let round = 3; round < 5; round++) net.poll(round);
    player.trySend(octets(IAC, DO, ECHO));
    for (let round = 5; round < 8; round++) net.poll(round);
    expect([...player]).toEqual([]);
    net[Symbol.dispose]();
  });
});

test("for any bytes and any cuts, the same lines, the same answers and the same refusal come out", () => {
  const noise = streamsOf(
    "hi",
    "\r\n",
    "\r",
    "\0",
    octets(IAC, DO, ECHO),
    octets(IAC, WILL),
    octets(IAC, SB, NAWS),
    octets(IAC, SE),
    octets(IAC),
    octets(IAC, IAC),
    octets(NOP),
  );
  const codec = telnet(lines({ invalid: "replace" }), { maxOffers: 5, maxSubnegotiationBytes: 8 });
  check(
    fc.property(noise, cuts, (stream, lengths) => {
      if (stream.length === 0) return;
      const whole = played(stream, [1], codec);
      const inPieces = played(stream, lengths, codec);
      expect(inPieces.error).toBe(whole.error);
      expect(inPieces.texts).toEqual(whole.texts);
      if (whole.error === undefined) expect(inPieces).toEqual(whole);
    }),
  );
});

test.each([null, 7, {}, "lines"])("is refused around what is no codec: %o", (wrong) => {
  expect(() => telnet(wrong as never)).toThrow(/^codec: expected a codec, got /);
});
