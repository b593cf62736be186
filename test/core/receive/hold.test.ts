import { describe, expect, test } from "vitest";
import { lineRig, take } from "../../rig.ts";

describe("hold()", () => {
  test("holds messages back at once, and release() gives them in order", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    for (const text of ["one", "two"]) near.trySend(text);
    rig.client.flush();
    rig.pollServer();
    expect(far.tryRecv()).toBe("one");
    far.hold();
    expect([far.tryRecv(), far.tryRecvLatest(), take(far)]).toEqual([undefined, undefined, []]);
    near.trySend("three");
    rig.pollClient();
    rig.client.flush();
    expect(rig.pollServer().received).toBe(0);
    expect([far.tryRecv(), rig.server.ready.length]).toEqual([undefined, 0]);
    far.release();
    expect(take(far)).toEqual(["two"]); // what the frame had; the rest comes with the next
    rig.pollServer();
    expect(take(far)).toEqual(["three"]);
  });

  test("gives drain() no turn, and release() gives it one with the next frame", () => {
    const rig = lineRig();
    const pairs = [rig.pair(), rig.pair()];
    const received: string[] = [];
    const drain = () => rig.listener.drain((_, text) => void received.push(text));
    pairs.forEach(({ near }, index) => void near.trySend(`hello from ${index}`));
    rig.client.flush();
    rig.pollServer();
    pairs[0]?.far.hold();
    drain();
    rig.pollServer();
    drain();
    expect(received).toEqual(["hello from 1"]);
    pairs[0]?.far.release();
    rig.pollServer();
    drain();
    expect(received).toEqual(["hello from 1", "hello from 0"]);
  });

  test("keeps count of the time that the reading was stopped meanwhile", () => {
    const rig = lineRig({ listen: { receiveLimitBytes: 100 } });
    const { near, far } = rig.pair();
    far.hold();
    for (const text of ["one", "two"]) near.trySend(text);
    rig.client.flush();
    rig.pollServer();
    for (let frame = 0; frame < 3; frame++) rig.pollServer(50);
    far.release();
    rig.pollServer(50);
    expect(far.stats).toMatchObject({ pauses: 1, pausedMs: 200 });
  });

  test("may be called by the callback of drain, for the connection it was given", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    for (const text of ["enter", "move", "move"]) near.trySend(text);
    rig.client.flush();
    rig.pollServer();
    const received: string[] = [];
    const left = rig.listener.drain((player, text) => {
      received.push(text);
      player.hold();
    });
    expect([received, left]).toEqual([["enter"], 0]);
    far.release();
    rig.pollServer();
    expect(take(far)).toEqual(["move", "move"]);
  });

  test("costs idle frames nothing: nothing is marked dirty, and nobody who waits is woken", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("waits");
    rig.client.flush();
    far.hold();
    rig.pollServer();
    rig.pollServer();
    expect([rig.server.hasActivity, rig.server.ready.length]).toEqual([false, 0]);
    far.release();
    expect(rig.server.hasActivity).toBe(true);
  });

  test("leaves the sending as it is", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    far.hold();
    expect(far.trySend("please wait")).toBe(true);
    rig.server.flush();
    rig.pollClient();
    expect(near.tryRecv()).toBe("please wait");
  });

  test("leaves the receive limit in force, which holds the peer back", () => {
    const rig = lineRig({ wire: { pieceBytes: 10 }, listen: { receiveLimitBytes: 740 } });
    const { near, far } = rig.pair();
    far.hold();
    for (let count = 0; count < 40; count++) near.trySend(`line ${String(count).padStart(4, "0")}`);
    rig.client.flush();
    rig.pollBoth();
    expect([far.stats.pauses, near.pendingBytes]).toEqual([1, 300]);
    far.release();
    const got: string[] = [];
    for (let frame = 0; frame < 20; frame++) {
      got.push(...take(far));
      rig.pollBoth();
      rig.client.flush();
    }
    expect(got).toHaveLength(40);
  });

  test("an end waits behind the messages, and is seen when they were taken", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("last words");
    near.close();
    rig.client.flush();
    far.hold();
    for (let frame = 0; frame < 5; frame++) rig.pollBoth();
    expect([far.state, far.closeReason]).toEqual(["open", undefined]);
    far.release();
    rig.pollServer();
    expect(take(far)).toEqual(["last words"]);
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect(far.closeReason?.kind).toBe("remote");
  });

  test("an end with nothing before it is seen although it is held", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    far.hold();
    near.abort();
    rig.pollServer();
    expect(far.closeReason?.kind).toBe("reset");
  });

  test("twice is as once, and release() of what is not held does nothing", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    far.release();
    far.hold();
    far.hold();
    near.trySend("x");
    rig.client.flush();
    rig.pollServer();
    far.release();
    far.release();
    rig.pollServer();
    expect(take(far)).toEqual(["x"]);
  });

  test("may be closed like any other, and is then over", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("never received");
    rig.client.flush();
    far.hold();
    rig.pollServer();
    far.close();
    rig.server.flush();
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect([far.state, near.state]).toEqual(["closed", "closed"]);
  });
});
