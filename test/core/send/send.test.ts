import { describe, expect, test } from "vitest";
import { bytes, type Codec, lines, memory, Poller } from "../../../src/index.ts";
import { lineRig, Rig, take } from "../../rig.ts";

describe("trySend", () => {
  test("sends nothing before flush(), and then all of it in order", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    expect(near.trySend("a")).toBe(true);
    expect(near.trySend("b")).toBe(true);
    expect(near.pendingBytes).toBe(4);
    rig.pollServer();
    expect(take(far)).toEqual([]);
    rig.client.flush();
    expect(near.pendingBytes).toBe(0);
    rig.pollServer();
    expect(take(far)).toEqual(["a", "b"]);
  });

  test("writes once per flush, however many messages", () => {
    const rig = new Rig({ codec: bytes() });
    const { near, far } = rig.pair();
    for (const value of [1, 2, 3]) near.trySend(Uint8Array.of(value));
    rig.client.flush();
    rig.pollServer();
    expect(take(far)).toEqual([Uint8Array.of(1, 2, 3)]);
  });

  test.each(["end", "close", "abort"] as const)("sends nothing when its own encoding calls %s", (ending) => {
    const plain = lines();
    let during = (): void => {};
    const endingCodec: Codec<string> = {
      ...plain,
      encode(text) {
        during();
        return plain.encode(text);
      },
    };
    const rig = new Rig({ codec: endingCodec });
    const { near, far } = rig.pair();
    during = () => near[ending]();
    expect(near.trySend("late")).toBe(false);
    expect(near.trySendLatest("key", "later")).toBe(false);
    expect([near.pendingBytes, near.stats.sentMessages]).toEqual([0, 0]);
    rig.pollBoth();
    expect(take(far)).toEqual([]);
  });

  test("is flushed by the next poll when the game forgot", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("forgotten");
    rig.pollBoth();
    expect(take(far)).toEqual(["forgotten"]);
  });

  test("waits while connecting, and is not lost", () => {
    const rig = lineRig();
    const near = rig.connect();
    expect(near.state).toBe("connecting");
    expect(near.trySend("early")).toBe(true);
    rig.client.flush();
    expect(near.pendingBytes).toBe(6);
    rig.pollClient();
    rig.client.flush();
    rig.pollServer();
    expect(rig.listener.tryAccept()?.tryRecv()).toBe("early");
  });

  test("says false once the connection is over, whatever the message", () => {
    const rig = lineRig();
    const { near } = rig.pair();
    near.close();
    expect(near.trySend("x")).toBe(false);
    near.abort();
    expect(near.trySend("x")).toBe(false);
  });

  test("throws for what the codec cannot carry, and the connection lives on", () => {
    const rig = lineRig();
    const { near } = rig.pair();
    expect(() => near.trySend(5 as never)).toThrow("message: expected a string, got number");
    expect(() => near.trySend("two\nlines")).toThrow(RangeError);
    expect(near.trySend("good")).toBe(true);
    expect(near.stats.sentMessages).toBe(1);
  });

  test("throws for a message that could never fit, instead of saying false for ever", () => {
    const rig = lineRig();
    const { near } = rig.pair({ sendLimitBytes: 10 });
    expect(() => near.trySend("x".repeat(10))).toThrow(
      "message: 11 bytes can never fit under sendLimitBytes, 10",
    );
    expect(near.trySend("x".repeat(9))).toBe(true);
  });
});

describe("the send limit", () => {
  test("refuses the message that does not fit, whole, and takes one that does", () => {
    const rig = lineRig();
    const { near, far } = rig.pair({ sendLimitBytes: 20 });
    expect(near.trySend("123456789")).toBe(true);
    expect(near.trySend("1234567890")).toBe(false);
    expect(near.trySend("123456789")).toBe(true);
    expect(near.pendingBytes).toBe(20);
    expect(near.trySend("")).toBe(false);
    expect(near.stats).toMatchObject({ sentMessages: 2, refusedMessages: 2, outboxPeakBytes: 20 });
    rig.client.flush();
    rig.pollServer();
    expect(take(far)).toEqual(["123456789", "123456789"]);
  });

  test("counts what the link has not sent, and says when there is room again", () => {
    const rig = lineRig();
    const { near, far } = rig.pair({ sendLimitBytes: 20 });
    const drains: number[] = [];
    rig.client.on("drain", ({ connection }) => drains.push(connection.id));
    rig.wire.hold();
    near.trySend("123456789");
    rig.client.flush();
    expect(near.pendingBytes).toBe(10);
    near.trySend("abcdefghi");
    expect(near.trySend("more")).toBe(false);
    rig.pollClient();
    expect([near.pendingBytes, drains]).toEqual([20, []]);
    rig.wire.release(9);
    expect(near.pendingBytes).toBe(20); // what the network did shows at the next poll
    rig.pollClient();
    expect([near.pendingBytes, drains]).toEqual([11, []]);
    rig.wire.release();
    rig.pollClient();
    expect([near.pendingBytes, drains]).toEqual([10, [near.id]]);
    rig.pollClient(); // the link is no longer behind, so the flush gives it the rest
    expect(near.pendingBytes).toBe(0);
    rig.pollServer();
    expect(take(far)).toEqual(["123456789", "abcdefghi"]);
    rig.pollClient();
    expect(drains).toEqual([near.id]);
  });

  test("tells of room also when the flush alone made it", () => {
    const rig = lineRig();
    const { near } = rig.pair({ sendLimitBytes: 10 });
    const drains: number[] = [];
    rig.client.on("drain", ({ connection }) => drains.push(connection.id));
    near.trySend("123456789");
    near.trySend("x");
    rig.client.flush();
    expect(rig.client.hasActivity).toBe(true);
    rig.pollClient();
    expect(drains).toEqual([near.id]);
  });

  test("reports no activity while there is no room: a side that waits for activity is not woken by its own sending", () => {
    const rig = lineRig();
    const { near } = rig.pair({ sendLimitBytes: 12 });
    rig.wire.hold();
    near.trySend("12345");
    rig.client.flush();
    near.trySend("wait"); // while the link is behind, so each frame tries again
    expect([near.pendingBytes, near.trySend("no room")]).toEqual([11, false]);
    for (let frame = 0; frame < 3; frame++) {
      rig.pollClient();
      rig.client.flush();
      expect(rig.client.hasActivity).toBe(false);
    }
  });

  test("holds back a sender whose peer does not read, and loses nothing of what was taken", () => {
    const rig = lineRig({ listen: { receiveLimitBytes: 500 } });
    const { near, far } = rig.pair({ sendLimitBytes: 100 });
    const sent: string[] = [];
    for (let frame = 0; frame < 50; frame++) {
      const text = `message ${frame}`;
      if (near.trySend(text)) sent.push(text);
      rig.client.flush();
      rig.pollBoth();
    }
    expect(near.pendingBytes).toBeGreaterThan(80);
    expect(near.stats.refusedMessages).toBeGreaterThan(20);
    const got: string[] = [];
    for (let frame = 0; frame < 50; frame++) {
      rig.pollBoth();
      got.push(...take(far));
    }
    expect(got).toEqual(sent);
    expect(near.pendingBytes).toBe(0);
  });
});

describe("broadcast", () => {
  test("reaches every accepted connection but the one left out, encoded once", () => {
    let encoded = 0;
    const plain = lines();
    const counting: Codec<string> = {
      decoder: plain.decoder,
      encode(text) {
        encoded++;
        return plain.encode(text);
      },
    };
    const rig = new Rig({ codec: counting });
    const pairs = [rig.pair(), rig.pair(), rig.pair()];
    expect(rig.listener.broadcast("update", { except: pairs[1]?.far })).toBe(2);
    expect(encoded).toBe(1);
    rig.server.flush();
    rig.pollClient();
    expect(pairs.map(({ near }) => take(near))).toEqual([["update"], [], ["update"]]);
  });

  test("passes over who is closing or full, and counts the refusal", () => {
    const rig = lineRig({ listen: { sendLimitBytes: 8 } });
    const pairs = [rig.pair(), rig.pair(), rig.pair()];
    pairs[0]?.far.close();
    pairs[1]?.far.trySend("1234567");
    expect(rig.listener.broadcast("update")).toBe(1);
    expect(pairs[1]?.far.stats.refusedMessages).toBe(1);
    expect(rig.listener.stats.refusedMessages).toBe(1);
  });

  test("checks the message even when nobody is there", () => {
    const poller = new Poller();
    const listener = poller.listen(memory(), lines());
    expect(() => listener.broadcast("a\nb")).toThrow(RangeError);
    expect(listener.broadcast("a")).toBe(0);
  });
});
