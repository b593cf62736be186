import { describe, expect, test } from "vitest";
import { type AnyConnection, lines, memory, Poller } from "../../src/index.ts";
import { lineRig, take } from "../rig.ts";

describe("a frame", () => {
  test("shows nothing that arrived after poll()", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("one");
    rig.client.flush();
    expect(take(far)).toEqual([]);
    rig.pollServer();
    near.trySend("two");
    rig.client.flush();
    expect(take(far)).toEqual(["one"]);
    expect(take(far)).toEqual([]);
    rig.pollServer();
    expect(take(far)).toEqual(["two"]);
  });

  test("stands still while the peer sends, drains and leaves", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("last words");
    rig.client.flush();
    const frame = rig.pollServer();
    const seen = () => ({
      frame: { ...frame },
      state: far.state,
      reason: far.closeReason,
      stats: { ...far.stats },
      total: { ...rig.server.stats },
      pending: far.pendingBytes,
      connections: rig.listener.connections.size,
      ready: rig.server.ready.length,
    });
    const before = seen();
    near.trySend("too late for this frame");
    near.close();
    rig.client.flush();
    rig.connect();
    rig.wire.cut();
    expect(seen()).toEqual(before);
    expect(frame.received).toBe(1);
    expect(take(far)).toEqual(["last words"]);
  });

  test("says in numbers what became visible", () => {
    const rig = lineRig();
    const near = rig.connect();
    near.trySend("four");
    expect({ ...rig.pollClient() }).toMatchObject({ tick: 1, opened: 1, received: 0 });
    rig.client.flush();
    const frame = rig.pollServer(16);
    expect({ ...frame }).toEqual({
      tick: 2,
      nowMs: 16,
      deltaMs: 16,
      accepted: 1,
      opened: 0,
      closed: 0,
      received: 1,
      receivedBytes: 5,
      remaining: 0,
    });
    expect({ ...rig.pollServer(4) }).toMatchObject({ tick: 3, deltaMs: 4, accepted: 0, received: 0 });
  });

  test("is one object, used again", () => {
    const rig = lineRig();
    expect(rig.pollServer()).toBe(rig.pollServer());
  });

  test("keeps what was not taken for the next frame, in order", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    for (const text of ["a", "b", "c"]) near.trySend(text);
    rig.client.flush();
    rig.pollServer();
    expect(far.tryRecv()).toBe("a");
    near.trySend("d");
    rig.client.flush();
    const frame = rig.pollServer();
    expect(frame.received).toBe(1);
    expect(take(far)).toEqual(["b", "c", "d"]);
  });

  test("gives an empty line as a message, which is falsy and not nothing", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("");
    rig.client.flush();
    rig.pollServer();
    expect(far.tryRecv()).toBe("");
    expect(far.tryRecv()).toBeUndefined();
  });

  test("counts time that does not go back", () => {
    const poller = new Poller();
    expect(poller.poll(100).deltaMs).toBe(0);
    expect(poller.poll(90).deltaMs).toBe(0);
    expect(() => poller.poll(Number.NaN)).toThrow(RangeError);
  });

  test("takes the time from the poller's clock when poll() is given none", () => {
    let now = 5;
    const poller = new Poller({ clock: () => now });
    poller.poll();
    now = 12;
    expect(poller.poll()).toMatchObject({ nowMs: 12, deltaMs: 7 });
  });
});

// Comparing connections themselves would take their messages, as any loop over them does.
const idsOf = (connections: readonly AnyConnection[]) => connections.map(({ id }) => id);

describe("poller.ready", () => {
  test("holds what has something new, and nobody else", () => {
    const rig = lineRig();
    const pairs = Array.from({ length: 5 }, () => rig.pair());
    rig.pollServer();
    expect(rig.server.ready).toEqual([]);
    pairs[1]?.near.trySend("x");
    pairs[3]?.near.close();
    rig.client.flush();
    rig.pollServer();
    expect(idsOf(rig.server.ready)).toEqual([2, 4]);
  });

  test("still holds a connection whose messages were left", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("x");
    rig.client.flush();
    rig.pollServer();
    rig.pollServer();
    expect(idsOf(rig.server.ready)).toEqual([far.id]);
    take(far);
    rig.pollServer();
    expect(rig.server.ready).toEqual([]);
  });

  test("shows the first messages of a connection in the frame that accepts it", () => {
    const rig = lineRig();
    rig.connect().trySend("hello");
    rig.client.poll(0);
    rig.client.flush();
    rig.pollServer();
    expect(rig.server.ready).toEqual([]);
    const accepted = rig.listener.tryAccept();
    expect(idsOf(rig.server.ready)).toEqual([accepted?.id]);
    expect(accepted?.tryRecv()).toBe("hello");
  });
});

describe("hasActivity", () => {
  test("is true exactly when something waits: not taken yet, or for the next poll to show", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    rig.pollBoth();
    expect(rig.server.hasActivity).toBe(false);
    near.trySend("x");
    expect(rig.server.hasActivity).toBe(false);
    rig.client.flush();
    expect(rig.server.hasActivity).toBe(true);
    rig.pollServer();
    expect(rig.server.hasActivity).toBe(true);
    expect(far.tryRecv()).toBe("x");
    expect(rig.server.hasActivity).toBe(false);
    far.trySend("an answer does not wake its sender");
    rig.server.flush();
    expect(rig.server.hasActivity).toBe(false);
  });
});

describe("a poller that is over", () => {
  test.each(["close()", "dispose", "an awaited dispose"])("begins nothing new: %s", async (how) => {
    const poller = new Poller();
    if (how === "close()") poller.close();
    else if (how === "dispose") poller[Symbol.dispose]();
    else await poller[Symbol.asyncDispose]();
    const wire = memory();
    for (const begin of [
      () => poller.connect(wire, lines()),
      () => poller.listen(wire, lines()),
      () => poller.bind(wire, lines()),
      () => poller.lookup({ ask: () => expect.fail("nobody is to be asked") }),
    ]) {
      expect(begin).toThrow("poller: it is closed");
    }
  });

  test.each(["close()", "dispose"])("has ended all that it made, of every kind: %s", (how) => {
    const wire = memory();
    const poller = new Poller();
    const listener = poller.listen(wire, lines());
    const socket = poller.bind(wire, lines());
    const lookup = poller.lookup({ ask: () => {} });
    const near = poller.connect(wire, lines());
    poller.poll(0);
    const far = listener.tryAccept();
    socket.trySendTo("last words", { host: "memory", port: 1 });
    if (how === "close()") poller.close();
    else poller[Symbol.dispose]();
    for (let frame = 1; frame <= 5; frame++) poller.poll(frame);
    const kinds = [listener, socket, near, far].map((one) => [one?.state, one?.closeReason?.kind]);
    expect(kinds.slice(0, 2)).toEqual(Array(2).fill(["closed", "local"]));
    expect(kinds.slice(2).map(([state]) => state)).toEqual(["closed", "closed"]);
    expect([lookup.state, lookup.failure?.kind]).toEqual(["failed", "local"]);
    expect([poller.stats.closed, poller.ready, poller.hasActivity]).toEqual([2, [], false]);
    expect(poller.dueInMs()).toBe(Infinity);
  });
});
