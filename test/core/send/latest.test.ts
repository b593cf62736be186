import { describe, expect, test } from "vitest";
import { bytes } from "../../../src/index.ts";
import { lineRig, Rig, take } from "../../rig.ts";

describe("trySendLatest", () => {
  test("replaces what has not left in its place, and keeps the order of all others", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    expect(near.trySend("first")).toBe(true);
    expect(near.trySendLatest("a", "a is here")).toBe(true);
    expect(near.trySendLatest(7, "seven")).toBe(true);
    expect(near.trySendLatest("a", "a is over there")).toBe(true);
    expect(near.trySend("last")).toBe(true);
    rig.client.flush();
    rig.pollServer();
    expect(take(far)).toEqual(["first", "a is over there", "seven", "last"]);
  });

  test("never passes what trySend sent before it: the old one goes, and it stands at the end", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySendLatest("player", "at the gate");
    near.trySendLatest(7, "seven");
    near.trySend("the gate opens");
    near.trySendLatest("player", "behind the gate, and far beyond");
    near.trySendLatest(7, "VII");
    near.trySendLatest("player", "beyond");
    rig.client.flush();
    rig.pollServer();
    expect(take(far)).toEqual(["the gate opens", "beyond", "VII"]);
    expect(near.stats).toMatchObject({ sentMessages: 3, sentBytes: 26, replacedMessages: 3 });
  });

  test("sends every message to a peer that keeps up", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    const got: string[] = [];
    for (let frame = 0; frame < 5; frame++) {
      near.trySendLatest("a", `${frame}`);
      rig.pollBoth();
      got.push(...take(far));
    }
    rig.pollBoth();
    expect([...got, ...take(far)]).toEqual(["0", "1", "2", "3", "4"]);
    expect(near.stats.replacedMessages).toBe(0);
  });

  test("sends to a slow peer what is newest when it has room, and holds no more than one of each", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    rig.wire.hold();
    for (let frame = 0; frame < 100; frame++) {
      near.trySendLatest("a", `a ${String(frame).padStart(3, "0")}`);
      near.trySendLatest("b", `b ${String(frame).padStart(3, "0")}`);
      rig.pollClient();
    }
    expect(near.pendingBytes).toBe(2 * 12);
    rig.wire.release();
    rig.pollClient();
    rig.pollClient();
    rig.pollServer();
    expect(take(far)).toEqual(["a 000", "b 000", "a 099", "b 099"]);
    expect(near.stats).toMatchObject({ sentMessages: 4, sentBytes: 24, replacedMessages: 196 });
    expect(rig.client.stats).toMatchObject({ sentMessages: 4, sentBytes: 24, replacedMessages: 196 });
  });

  test("needs room for the difference alone, and leaves the old one where there is none", () => {
    const rig = lineRig();
    const { near, far } = rig.pair({ sendLimitBytes: 10 });
    expect(near.trySendLatest("a", "1234")).toBe(true);
    expect(near.trySend("5678")).toBe(true);
    expect(near.trySendLatest("a", "abcd")).toBe(true);
    expect(near.trySendLatest("a", "abcde")).toBe(false);
    expect(near.trySendLatest("b", "")).toBe(false);
    expect(near.trySendLatest("a", "a")).toBe(true);
    expect(near.trySendLatest("b", "b")).toBe(true);
    expect(() => near.trySendLatest("a", "0123456789")).toThrow(RangeError);
    expect(near.stats).toMatchObject({
      sentMessages: 3,
      sentBytes: 9,
      replacedMessages: 2,
      refusedMessages: 2,
    });
    rig.client.flush();
    rig.pollServer();
    expect(take(far)).toEqual(["5678", "a", "b"]);
  });

  test("waits for the connection to open, replaced meanwhile", () => {
    const rig = lineRig();
    const near = rig.connect();
    near.trySendLatest("a", "1");
    near.trySendLatest("a", "2");
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect(rig.listener.tryAccept()?.tryRecv()).toBe("2");
  });

  test("leaves before the end, also to a link that is behind", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    rig.wire.hold();
    near.trySendLatest("a", "1");
    rig.pollClient();
    near.trySendLatest("a", "2");
    rig.pollClient();
    near.close();
    expect(near.trySendLatest("a", "3")).toBe(false);
    rig.pollClient();
    rig.wire.release();
    rig.pollServer();
    expect(take(far)).toEqual(["1", "2"]);
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect([near.closeReason?.kind, far.closeReason?.kind]).toEqual(["local", "remote"]);
  });

  test("takes anything for a key, compared as in a Map, and nothing for none", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    const [one, other] = [{}, {}];
    near.trySendLatest(one, "one");
    near.trySendLatest(other, "other");
    near.trySendLatest("1", "text");
    near.trySendLatest(1, "number");
    near.trySendLatest(take, "a function");
    near.trySendLatest(one, "one again");
    rig.client.flush();
    rig.pollServer();
    expect(take(far)).toEqual(["one again", "other", "text", "number", "a function"]);
    for (const key of [undefined, null] as never[]) {
      expect(() => near.trySendLatest(key, "x")).toThrow(
        `key: expected a string, a number or an object, got ${key}`,
      );
      expect(() => rig.listener.broadcastLatest(key, "x")).toThrow(TypeError);
    }
  });
});

describe("broadcastLatest", () => {
  test("encodes once, and replaces for each connection what has not left to it", () => {
    const rig = lineRig();
    const [first, second] = [rig.pair(), rig.pair()];
    rig.listener.broadcastLatest("a", "old");
    second.far.trySend("for you alone");
    expect(rig.listener.broadcastLatest("a", "new", { except: first.far })).toBe(1);
    expect(rig.listener.stats).toMatchObject({ sentMessages: 3, replacedMessages: 1 });
    rig.server.flush();
    rig.pollClient();
    expect(take(first.near)).toEqual(["old"]);
    expect(take(second.near)).toEqual(["for you alone", "new"]);
  });
});

describe("tryRecvLatest", () => {
  test("gives the newest of this frame, counts those before it, and then says undefined", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    expect(far.tryRecvLatest()).toBeUndefined();
    for (const text of ["1", "2", "3"]) near.trySend(text);
    rig.client.flush();
    rig.pollServer();
    near.trySend("4");
    rig.client.flush();
    expect(far.tryRecvLatest()).toBe("3"); // 4 came after the poll: this frame stands still
    expect(far.tryRecvLatest()).toBeUndefined();
    rig.pollServer();
    expect(far.tryRecvLatest()).toBe("4");
    const counted = { receivedMessages: 4, skippedMessages: 2 };
    expect(far.stats).toMatchObject(counted);
    expect(rig.listener.stats).toMatchObject(counted);
    expect(rig.server.stats).toMatchObject(counted);
  });

  test("gives way to the reading that the receive limit stopped", () => {
    const rig = new Rig({ codec: bytes(), wire: { pieceBytes: 36 }, listen: { receiveLimitBytes: 1_000 } });
    const { near, far } = rig.pair();
    near.trySend(new Uint8Array(36 * 25));
    rig.client.flush();
    rig.pollServer();
    expect(far.stats).toMatchObject({ receivedMessages: 5, pauses: 1 });
    expect(far.tryRecvLatest()).toHaveLength(36);
    rig.pollServer();
    expect(far.stats.receivedMessages).toBe(8);
  });

  test("shows the end of the peer in the frame after its last message, as tryRecv does", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("1");
    near.trySend("2");
    near.close();
    rig.client.flush();
    rig.pollServer();
    expect([far.tryRecvLatest(), far.state]).toEqual(["2", "open"]);
    for (let frame = 0; frame < 2; frame++) rig.pollBoth();
    expect(far.state).toBe("closed");
  });
});
