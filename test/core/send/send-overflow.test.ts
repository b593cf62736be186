/** What happens at the send limit, by the policy that was chosen. */
import { describe, expect, test } from "vitest";
import { lines, Poller } from "../../../src/index.ts";
import { lineRig, take } from "../../rig.ts";
import { ScriptedLink } from "../scripted-link.ts";

describe("sendOverflow", () => {
  test("drop-oldest makes room by what the system was not given, and tells of it once a frame", () => {
    const rig = lineRig();
    const { near, far } = rig.pair({ sendLimitBytes: 10, sendOverflow: "drop-oldest" });
    const losses: unknown[] = [];
    rig.client.on("lose", ({ connection, received, sent }) => losses.push([connection.id, received, sent]));
    rig.wire.hold();
    near.trySend("old");
    rig.client.flush(); // 4 bytes are the link's now
    for (const text of ["a", "b", "c", "d", "e"]) expect(near.trySend(text)).toBe(true);
    expect(near.stats).toMatchObject({
      sentMessages: 6,
      lostSent: 2,
      refusedMessages: 0,
      outboxPeakBytes: 10,
    });
    expect(losses).toEqual([]);
    rig.pollClient();
    expect(losses).toEqual([[near.id, 0, 2]]);
    rig.wire.release();
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect(take(far)).toEqual(["old", "c", "d", "e"]);
    expect(losses).toHaveLength(1);
    expect(rig.client.stats.lostSent).toBe(2);
  });

  test("tells of the loss before the end", () => {
    const rig = lineRig();
    const { near, far } = rig.pair({ sendLimitBytes: 10, sendOverflow: "drop-oldest" });
    const told: string[] = [];
    for (const type of ["lose", "close"] as const) rig.client.on(type, () => told.push(type));
    for (const text of ["1234", "5678", "9"]) near.trySend(text);
    far.abort();
    rig.pollClient();
    expect(told).toEqual(["lose", "close"]);
  });

  test("drop-oldest refuses what would not fit even then, as the link's bytes cannot be taken back", () => {
    const rig = lineRig();
    const { near } = rig.pair({ sendLimitBytes: 10, sendOverflow: "drop-oldest" });
    rig.wire.hold();
    near.trySend("12345");
    rig.client.flush();
    near.trySend("a");
    expect(near.trySend("abcde")).toBe(false);
    expect(near.stats).toMatchObject({ lostSent: 0, refusedMessages: 1 });
  });

  test("drop-oldest works for what waits for the connection to open", () => {
    const rig = lineRig();
    const near = rig.connect({ sendLimitBytes: 6, sendOverflow: "drop-oldest" });
    for (const text of ["a", "b", "c", "d", "e"]) near.trySend(text);
    rig.pollClient();
    rig.pollClient();
    rig.pollServer();
    const far = rig.listener.tryAccept();
    expect(far && take(far)).toEqual(["c", "d", "e"]);
  });

  test("drop-oldest keeps replacing what has a key, dropped or not", () => {
    const rig = lineRig();
    const { near, far } = rig.pair({ sendLimitBytes: 8, sendOverflow: "drop-oldest" });
    rig.wire.hold();
    near.trySend("x");
    rig.client.flush();
    near.trySendLatest("position", "1");
    near.trySend("a");
    near.trySendLatest("position", "2"); // does not pass a
    near.trySend("b");
    near.trySend("c"); // drops a
    near.trySendLatest("position", "3"); // does not pass c
    rig.wire.release();
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect(take(far)).toEqual(["x", "b", "c", "3"]);
    expect(near.stats).toMatchObject({ replacedMessages: 2, lostSent: 1 });
  });

  test("broadcast drops for those who are slow, and for nobody else", () => {
    const rig = lineRig({ listen: { sendLimitBytes: 20, sendOverflow: "drop-oldest" } });
    const [slow, quick] = [rig.pair(), rig.pair()];
    for (const text of ["123456789", "abcd"]) slow.far.trySend(text);
    for (let count = 0; count < 8; count++) expect(rig.listener.broadcast(`${count}`)).toBe(2);
    rig.server.flush();
    rig.pollClient();
    expect(take(slow.near)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
    expect(take(quick.near)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
    expect([slow.far.stats.lostSent, quick.far.stats.lostSent]).toEqual([2, 0]);
    expect(rig.listener.stats.lostSent).toBe(2);
  });

  test("drop-oldest drops broadcasts too, where nothing but broadcasts waits", () => {
    const rig = lineRig({ listen: { sendLimitBytes: 10, sendOverflow: "drop-oldest" } });
    const { near, far } = rig.pair();
    for (let count = 0; count < 8; count++) expect(rig.listener.broadcast(`${count}`)).toBe(1);
    rig.server.flush();
    rig.pollClient();
    expect([take(near), far.stats.lostSent]).toEqual([["3", "4", "5", "6", "7"], 3]);
  });

  test.each(["pause", "drop-oldest", "drop-newest", "close"] as const)(
    "refuses where no policy was chosen, though %s was for what is received",
    (receiveOverflow) => {
      const rig = lineRig();
      const { near, far } = rig.pair({ sendLimitBytes: 10, receiveOverflow });
      expect(["1234", "5678", "9"].map((text) => near.trySend(text))).toEqual([true, true, false]);
      rig.client.flush();
      rig.pollServer();
      expect([take(far), near.stats.lostSent, near.stats.refusedMessages]).toEqual([["1234", "5678"], 0, 1]);
    },
  );

  test("a stalled peer is ended by the age of what is unsent, however much is dropped meanwhile", () => {
    const limits = { sendLimitBytes: 20, sendOverflow: "drop-oldest", unsentTimeoutMs: 1_000 } as const;
    const rig = lineRig();
    const { near } = rig.pair(limits);
    rig.wire.hold();
    for (let frame = 0; frame < 9; frame++) {
      near.trySend("position");
      rig.client.flush();
      rig.pollClient(100);
    }
    expect(near.state).toBe("open");
    rig.pollClient(100);
    expect(near.closeReason?.code).toBe("unsentTimeoutMs");
  });

  test("a peer that is slow is not: what was dropped is not what it is late for", () => {
    const line = new ScriptedLink();
    const poller = new Poller();
    const limits = { sendLimitBytes: 1_000, sendOverflow: "drop-oldest", unsentTimeoutMs: 1_200 } as const;
    const connection = poller.connect({ connect: () => line }, lines(), limits);
    line.events.opened();
    poller.poll(0);
    line.isStuck = true;
    for (let frame = 1; frame <= 300; frame++) {
      for (let count = 0; count < 30; count++) connection.trySend("a line of 20 bytes.");
      poller.flush();
      // It takes what it was given once in five frames, and much more is sent meanwhile.
      if (frame % 5 === 0) line.take(line.unsentBytes);
      poller.poll(frame * 100);
    }
    expect(connection.state).toBe("open");
    expect(connection.stats.lostSent).toBeGreaterThan(2_000);
  });

  test("close closes with overflow, and trySend says false", () => {
    const rig = lineRig();
    const { near, far } = rig.pair({ sendLimitBytes: 10, sendOverflow: "close" });
    far.trySend("answer");
    rig.server.flush();
    expect([near.trySend("12345678"), near.trySend("12"), near.state]).toEqual([true, false, "open"]);
    rig.pollClient();
    expect([near.state, near.tryRecv()]).toEqual(["closing", "answer"]);
    expect(near.closeReason).toMatchObject({ kind: "overflow", code: "sendLimitBytes" });
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect([near.state, far.state, far.tryRecv()]).toEqual(["closed", "open", "12345678"]);
  });
});
