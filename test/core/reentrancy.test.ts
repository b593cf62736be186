/**
 * What a game's own code may call from within a call: from handlers, visitors, codecs
 * and transports. Nothing loops for ever, and a frame that is being built stays whole.
 */
import { describe, expect, test } from "vitest";
import { type Codec, lines, memory, Poller, type Transport } from "../../src/index.ts";
import { lineRig, Rig, take } from "../rig.ts";

/** Lines whose encoder and decoder call a program's own code first. */
function calling(inEncode: () => void, inDecode: () => void): Codec<string> {
  const inner = lines();
  return {
    encode(message) {
      inEncode();
      return inner.encode(message);
    },
    decoder() {
      const decoder = inner.decoder();
      return {
        decode(bytes, sink) {
          inDecode();
          decoder.decode(bytes, sink);
        },
      };
    },
  };
}

describe("flush()", () => {
  test("within itself, by a codec behind a link, does nothing, and the next one sends the rest", () => {
    const calls: (() => void)[] = [];
    const rig = new Rig({
      codec: calling(
        () => {},
        () => calls.pop()?.(),
      ),
    });
    const [one, two] = [rig.pair(), rig.pair()];
    // The link is behind, so that each flush of it is followed by another.
    rig.wire.hold();
    one.near.trySend("held");
    rig.client.flush();
    one.near.trySend("waits");
    two.near.trySend("goes");
    calls.push(() => {
      one.near.trySend("sent within");
      rig.client.flush();
      rig.client.flush();
    });
    rig.wire.release();
    rig.client.flush();
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect(calls).toEqual([]);
    expect([take(one.far), take(two.far)]).toEqual([["held", "waits", "sent within"], ["goes"]]);
  });

  test("in which a codec behind the link sends and closes loses nothing that was sent", () => {
    const calls: (() => void)[] = [];
    const rig = new Rig({
      codec: calling(
        () => {},
        () => calls.pop()?.(),
      ),
    });
    const { near, far } = rig.pair();
    near.trySend("one");
    calls.push(() => {
      near.trySend("last words");
      near.close();
    });
    rig.client.flush();
    const received: string[] = [];
    for (let frame = 0; frame < 4; frame++) {
      rig.pollBoth();
      received.push(...take(far));
    }
    expect(received).toEqual(["one", "last words"]);
    expect(near.closeReason?.kind).toBe("local");
  });

  test("in an encoder does no harm, and nothing is sent twice", () => {
    const calls: (() => void)[] = [];
    const rig = new Rig({
      codec: calling(
        () => calls.pop()?.(),
        () => {},
      ),
    });
    const { near, far } = rig.pair();
    near.trySend("one");
    calls.push(() => rig.client.flush());
    near.trySend("two");
    rig.pollBoth();
    expect(take(far)).toEqual(["one", "two"]);
  });

  test("that a transport's error breaks off goes on with the others at the next one", () => {
    const wire = memory();
    const server = new Poller();
    const listener = server.listen(wire, lines());
    const client = new Poller();
    let isBroken = false;
    const breaking: Transport = {
      connect() {
        const link = wire.connect();
        const { write } = link;
        link.write = (bytes) => {
          if (isBroken) throw new Error("a bug in a transport");
          return write.call(link, bytes);
        };
        return link;
      },
    };
    const connections = [breaking, wire, wire].map((transport) => client.connect(transport, lines()));
    client.poll(0);
    server.poll(0);
    const far = connections.map(() => listener.tryAccept());
    isBroken = true;
    for (const connection of connections) connection.trySend("hello");
    expect(() => client.flush()).toThrow("a bug in a transport");
    client.flush();
    server.poll(1);
    expect(far.map((connection) => connection?.tryRecv())).toEqual([undefined, "hello", "hello"]);
  });
});

describe("poll()", () => {
  test("in a codec behind a link's write is a mistake, and only that connection ends", () => {
    const calls: (() => void)[] = [];
    const rig = new Rig({
      codec: calling(
        () => {},
        () => calls.pop()?.(),
      ),
    });
    const { near, far } = rig.pair();
    near.trySend("hello");
    calls.push(() => rig.client.poll(rig.time));
    rig.client.flush();
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect(far.closeReason?.kind).toBe("protocol");
    expect(far.closeReason?.cause).toEqual(new Error("poll: called from within poll(), flush() or drain()"));
  });

  test("in a visitor of drain() is a mistake, and the frame stands still", () => {
    const rig = lineRig();
    const [one, two] = [rig.pair(), rig.pair()];
    for (const { near } of [one, two]) for (const text of ["a", "b"]) near.trySend(text);
    rig.client.flush();
    const { tick } = rig.pollServer();
    for (const budget of [undefined, { messages: 9 }]) {
      expect(() => rig.listener.drain(() => rig.server.poll(rig.time), budget)).toThrow(
        "poll: called from within poll(), flush() or drain()",
      );
    }
    const seen: string[] = [];
    rig.listener.drain((from, text) => seen.push(`${from.id}${text}`));
    expect(seen.sort()).toHaveLength(2); // each of the two calls took one
    expect(rig.pollServer().tick).toBe(tick + 1);
  });
});

describe("a broadcast", () => {
  test("that the codec refuses reaches nobody, not even in half", () => {
    let sends = 0;
    const codec = calling(
      () => {
        if (++sends === 2) throw new TypeError("this cannot be carried");
      },
      () => {},
    );
    const rig = new Rig({ codec });
    const pairs = [rig.pair(), rig.pair(), rig.pair()];
    expect(rig.listener.broadcast("one")).toBe(3);
    expect(() => rig.listener.broadcast("two")).toThrow("this cannot be carried");
    expect(rig.listener.broadcast("three")).toBe(3);
    rig.server.flush();
    rig.pollClient();
    expect(pairs.map(({ near }) => take(near))).toEqual(Array(3).fill(["one", "three"]));
    expect(rig.listener.stats.sentMessages).toBe(6);
  });

  test("that could never fit reaches nobody, and counts for nobody", () => {
    const rig = lineRig({ listen: { sendLimitBytes: 10 } });
    const pairs = [rig.pair(), rig.pair()];
    expect(() => rig.listener.broadcast("longer than that")).toThrow(RangeError);
    rig.server.flush();
    rig.pollClient();
    expect(pairs.map(({ near }) => take(near))).toEqual([[], []]);
    expect(rig.listener.stats).toMatchObject({ sentMessages: 0, refusedMessages: 0 });
  });
});
