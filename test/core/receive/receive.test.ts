import { describe, expect, test } from "vitest";
import {
  bytes,
  type Codec,
  DecodeError,
  json,
  type ListenOptions,
  lengthPrefixed,
  lines,
} from "../../../src/index.ts";
import { lineRig, Rig, take } from "../../rig.ts";

describe("the receive limit", () => {
  test("stops the reading in the data callback, resumes at half, and loses nothing", () => {
    const rig = new Rig({ codec: lines(), wire: { pieceBytes: 10 }, listen: { receiveLimitBytes: 740 } });
    const { near, far } = rig.pair();
    const sent = Array.from({ length: 40 }, (_, index) => `line ${String(index).padStart(4, "0")}`);
    for (const text of sent) near.trySend(text);
    rig.client.flush();
    rig.pollServer(100);
    // 10 lines of 10 bytes and 64 bytes of weight each reach the limit.
    expect(far.stats).toMatchObject({ receivedMessages: 10, inboxPeakBytes: 740, pauses: 1 });
    rig.pollClient();
    expect(near.pendingBytes).toBe(300);

    const got: string[] = [];
    for (let count = 0; count < 4; count++) got.push(far.tryRecv() as string);
    rig.pollBoth(100);
    expect(near.pendingBytes).toBe(300); // above half: still paused
    expect(far.stats.pausedMs).toBe(100);
    got.push(far.tryRecv() as string);
    rig.pollBoth();
    expect(near.pendingBytes).toBe(250);
    for (let frame = 0; frame < 10; frame++) {
      got.push(...take(far));
      rig.pollBoth();
    }
    expect(got).toEqual(sent);
    expect(far.stats.inboxPeakBytes).toBe(740);
  });

  test("counts the memory that a message takes, where it is more than its bytes", () => {
    const receiveLimitBytes = 10_000;
    const rig = new Rig<unknown>({ codec: json(), wire: { pieceBytes: 1 }, listen: { receiveLimitBytes } });
    const { near, far } = rig.pair();
    for (let count = 0; count < 100; count++) near.trySend([{}, {}, {}, {}]);
    rig.client.flush();
    rig.pollServer();
    const { receivedMessages, receivedBytes } = far.stats;
    expect(far.stats.pauses).toBe(1);
    expect(receivedBytes, "the bytes are those of the stream").toBe(
      receivedMessages * "[{},{},{},{}]\n".length,
    );
    expect(receivedMessages, "four objects take 224 bytes and more").toBeLessThan(receiveLimitBytes / 224);
    expect(take(far)).toHaveLength(receivedMessages);
  });

  test("charges a flood of empty lines for more than their bytes", () => {
    const rig = new Rig({ codec: lines(), wire: { pieceBytes: 1 }, listen: { receiveLimitBytes: 6_500 } });
    const { near, far } = rig.pair();
    for (let count = 0; count < 1_000; count++) near.trySend("");
    rig.client.flush();
    rig.pollServer();
    expect(far.stats.receivedMessages).toBe(100);
  });

  test("holds one connection back and no other", () => {
    const rig = new Rig({ codec: lines(), wire: { pieceBytes: 100 }, listen: { receiveLimitBytes: 1_000 } });
    const flood = rig.pair();
    const calm = rig.pair();
    for (let count = 0; count < 1_000; count++) flood.near.trySend("flood");
    calm.near.trySend("calm");
    rig.client.flush();
    rig.pollServer();
    expect(take(calm.far)).toEqual(["calm"]);
    expect(flood.far.stats.inboxPeakBytes).toBeLessThan(1_000 + 17 * 70);
  });

  test("lets a connection that was closed while paused see its peer's end", () => {
    const rig = new Rig({ codec: lines(), wire: { pieceBytes: 10 }, listen: { receiveLimitBytes: 100 } });
    const { near, far } = rig.pair();
    for (let count = 0; count < 100; count++) near.trySend("a message");
    near.close();
    rig.client.flush();
    rig.pollServer();
    far.close();
    rig.server.flush();
    rig.pollBoth();
    expect(far.state).toBe("closed");
    expect(near.state).toBe("closed");
  });
});

describe("tryRecv", () => {
  test("says undefined for nothing, in every state", () => {
    const rig = lineRig();
    const near = rig.connect();
    expect(near.tryRecv()).toBeUndefined();
    rig.pollClient();
    expect(near.tryRecv()).toBeUndefined();
    near.close();
    expect(near.tryRecv()).toBeUndefined();
    near.abort();
    expect(near.tryRecv()).toBeUndefined();
  });

  test("may be left and gone on with, by iterator too", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    for (const text of ["a", "b", "c"]) near.trySend(text);
    rig.client.flush();
    rig.pollServer();
    for (const text of far) {
      expect(text).toBe("a");
      break;
    }
    expect(far.tryRecv()).toBe("b");
    expect(take(far)).toEqual(["c"]);
  });

  test("puts a message together from pieces that came in different frames", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    rig.wire.hold();
    near.trySend("hello world");
    rig.client.flush();
    rig.wire.release(5);
    expect(rig.pollServer().received).toBe(0);
    rig.wire.release(6);
    expect(rig.pollServer().received).toBe(0);
    rig.wire.release(1);
    expect(rig.pollServer().received).toBe(1);
    expect(take(far)).toEqual(["hello world"]);
  });
});

describe("bad input", () => {
  test("closes with protocol after what was good was taken, and touches nobody else", () => {
    const rig = lineRig();
    const other = rig.pair();
    const raw = rig.client.connect(rig.wire, bytes());
    rig.pollBoth();
    const bad = rig.listener.tryAccept();
    bad?.trySend("sent before");
    raw.trySend(Uint8Array.from([0x6f, 0x6b, 0x0a, 0xff, 0x0a, 0x6e, 0x6f, 0x0a]));
    other.near.trySend("I am fine");
    rig.client.flush();
    rig.pollServer();
    expect(bad?.closeReason).toMatchObject({ kind: "protocol", message: "line 2 is not valid UTF-8" });
    expect([bad?.state, bad?.trySend("too late")]).toEqual(["closing", false]);
    expect([...rig.listener.connections].map(({ id }) => id)).toEqual([other.far.id]);
    expect(bad && take(bad)).toEqual(["ok"]);
    expect(take(other.far)).toEqual(["I am fine"]);
    rig.server.flush();
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect([bad?.state, raw.tryRecv()]).toEqual(["closed", new TextEncoder().encode("sent before\n")]);
    expect(other.far.state).toBe("open");
  });

  test("a stream that ends inside a message closes with protocol, and says what was lost", () => {
    const rig = lineRig();
    const raw = rig.client.connect(rig.wire, bytes());
    rig.pollBoth();
    const far = rig.listener.tryAccept();
    raw.trySend(new TextEncoder().encode("whole\nhal"));
    raw.close();
    rig.client.flush();
    rig.pollServer();
    expect(far && take(far)).toEqual(["whole"]);
    rig.pollServer();
    rig.pollServer();
    expect(far?.closeReason).toMatchObject({
      kind: "protocol",
      message: "the stream ended inside line 2, after 3 bytes without a line break",
    });
  });

  const picky: Codec<string> = {
    encode: lines().encode,
    decoder: () => ({
      decode() {
        throw new DecodeError("no such word: \u001b[31mx", { code: "maxWords" });
      },
    }),
  };
  test.each<[string, Codec<never>, Uint8Array]>([
    ["maxLineBytes", lines({ maxLineBytes: 4 }) as Codec<never>, new TextEncoder().encode("12345\n")],
    ["maxLineBytes", json({ maxLineBytes: 4 }) as Codec<never>, new TextEncoder().encode("12345\n")],
    ["maxDepth", json({ maxDepth: 1 }) as Codec<never>, new TextEncoder().encode("[[]]\n")],
    ["maxMessageBytes", lengthPrefixed({ maxMessageBytes: 4 }) as Codec<never>, Uint8Array.of(0, 0, 0, 5)],
    ["maxWords", picky as Codec<never>, Uint8Array.of(1)],
  ])("over a limit of the codec closes with its name as the code: %s", (code, codec, stream) => {
    const rig = new Rig({ codec });
    const raw = rig.client.connect(rig.wire, bytes());
    rig.pollBoth();
    const far = rig.listener.tryAccept();
    raw.trySend(stream);
    rig.client.flush();
    for (let frame = 0; frame < 4; frame++) rig.pollBoth();
    expect(far?.closeReason).toMatchObject({ kind: "protocol", code });
    expect(far?.closeReason?.message, "and nothing in it that a terminal obeys").toMatch(/^[^\p{C}]+$/u);
  });

  test("within the limits that cannot be sent again does not exist: a relay goes on", () => {
    const rig = new Rig<unknown>({ codec: json() });
    const raw = [0, 1, 2].map(() => rig.client.connect(rig.wire, bytes()));
    rig.pollBoth();
    while (rig.listener.tryAccept() !== undefined);
    const deep = `{"to":"all","payload":${"[".repeat(32_000)}${"]".repeat(32_000)}}\n`;
    const wide = `[${"1e20,".repeat(13_000)}0]\n`;
    for (const [index, text] of [deep, wide, '{"to":"all"}\n'].entries()) {
      raw[index]?.trySend(new TextEncoder().encode(text));
    }
    rig.client.flush();
    for (let frame = 0; frame < 4; frame++) {
      rig.server.poll(++rig.time);
      rig.listener.drain((from, message) => void rig.listener.broadcast({ from: from.id, message }));
      rig.server.flush();
      rig.pollClient();
    }
    expect(rig.listener.connections.size).toBe(1);
    expect(new TextDecoder().decode(raw[2]?.tryRecv())).toMatch(
      /^\{"from":\d+,"message":\{"to":"all"\}\}\n$/,
    );
  });

  test("a codec that throws what it should not is the end of that connection alone", () => {
    const brittle: Codec<string> = {
      encode: lines().encode,
      decoder: () => ({
        decode() {
          throw new TypeError("cannot read properties of undefined");
        },
      }),
    };
    const rig = new Rig({ codec: brittle });
    const { near, far } = rig.pair();
    near.trySend("x");
    rig.client.flush();
    rig.pollServer();
    expect(far.state).toBe("closing");
    rig.pollBoth();
    rig.pollBoth();
    expect(far.closeReason).toMatchObject({ kind: "protocol", cause: expect.any(TypeError) });
  });
});

describe("a codec with a message that is undefined", () => {
  const gaps: Codec<number | undefined> = {
    encode: (number) => Uint8Array.of(number ?? 0),
    decoder: () => ({
      decode(octets, sink) {
        for (const octet of octets) sink.put(octet === 0 ? undefined : octet, 1);
      },
    }),
  };

  test("says no more than nothing by it, and the end behind it is seen", () => {
    const { near, far, rig } = rigOf();
    for (const number of [1, undefined]) near.trySend(number);
    near.close();
    rig.client.flush();
    rig.pollServer();
    expect([far.tryRecv(), far.tryRecv(), far.tryRecv()]).toEqual([1, undefined, undefined]);
    rig.pollServer();
    expect(far.recvEnded).toBe(true);
  });

  test("is read on when enough of them were taken", () => {
    const { near, far, rig } = rigOf({ receiveLimitBytes: 130 });
    for (const number of [undefined, undefined, 3]) near.trySend(number);
    rig.client.flush();
    rig.pollServer();
    expect([far.tryRecv(), far.tryRecv()]).toEqual([undefined, undefined]);
    rig.pollServer();
    expect(far.tryRecv()).toBe(3);
  });

  test("has them handed out by drain, and the messages behind them", () => {
    const { near, rig } = rigOf();
    const numbers = [1, undefined, 2, undefined];
    for (const budget of [{}, { messages: 9 }]) {
      for (const number of numbers) near.trySend(number);
      rig.client.flush();
      rig.pollServer();
      const received: unknown[] = [];
      expect(rig.listener.drain((_, number) => received.push(number), budget)).toBe(0);
      expect(received).toEqual(numbers);
    }
  });

  function rigOf(listen: ListenOptions = {}) {
    const rig = new Rig({ codec: gaps, wire: { pieceBytes: 1 }, listen });
    return { rig, ...rig.pair() };
  }
});
