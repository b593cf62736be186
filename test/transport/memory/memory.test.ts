import { describe, expect, test } from "vitest";
import { bytes, memory } from "../../../src/index.ts";
import { lineRig, Rig, take } from "../../rig.ts";

describe("memory", () => {
  test("delivers what was flushed to the peer's next poll, with no turn of the event loop", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("ping");
    rig.client.flush();
    rig.pollServer();
    expect(far.tryRecv()).toBe("ping");
    far.trySend("pong");
    rig.server.flush();
    rig.pollClient();
    expect(near.tryRecv()).toBe("pong");
  });

  test("cuts the stream into pieces of the given length", () => {
    const rig = new Rig({ codec: bytes(), wire: { pieceBytes: 2 } });
    const { near, far } = rig.pair();
    near.trySend(Uint8Array.of(1, 2, 3, 4, 5));
    rig.client.flush();
    rig.pollServer();
    expect(take(far)).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3, 4), Uint8Array.of(5)]);
  });

  test("holds the stream and lets through byte by byte, and then all", () => {
    const rig = new Rig({ codec: bytes() });
    const { near, far } = rig.pair();
    rig.wire.hold();
    near.trySend(Uint8Array.of(1, 2, 3, 4));
    rig.client.flush();
    const got: number[][] = [];
    for (const count of [0, 1, 2]) {
      rig.wire.release(count);
      rig.pollServer();
      got.push(take(far).flatMap((piece) => [...piece]));
    }
    expect(got).toEqual([[], [1], [2, 3]]);
    near.trySend(Uint8Array.of(5));
    rig.client.flush(); // it waits here, as the wire still holds what was sent before
    rig.wire.release();
    rig.pollClient();
    rig.client.flush();
    rig.pollServer();
    expect(take(far).flatMap((piece) => [...piece])).toEqual([4, 5]);
    near.trySend(Uint8Array.of(6));
    rig.client.flush();
    rig.pollServer();
    expect(take(far)).toEqual([Uint8Array.of(6)]);
  });

  test("holds an end behind the bytes in front of it", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    rig.wire.hold();
    near.trySend("bye");
    near.close();
    rig.client.flush();
    rig.wire.release(4);
    rig.pollServer();
    expect(take(far)).toEqual(["bye"]);
    rig.pollBoth();
    expect([near.state, far.state]).toEqual(["closing", "open"]);
    rig.wire.release();
    rig.pollBoth();
    rig.pollBoth();
    expect([near.state, far.state]).toEqual(["closed", "closed"]);
  });

  test("pulled cable: both ends see a reset, and what was under way is lost", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    rig.wire.hold();
    near.trySend("lost");
    rig.client.flush();
    rig.wire.cut();
    rig.pollBoth();
    expect([near.closeReason?.kind, far.closeReason?.kind]).toEqual(["reset", "reset"]);
    expect(take(far)).toEqual([]);
  });

  test("carries on after a cut: new connections are not broken", () => {
    const rig = lineRig();
    rig.pair();
    rig.wire.cut();
    rig.pollBoth();
    const { near, far } = rig.pair();
    near.trySend("again");
    rig.client.flush();
    rig.pollServer();
    expect(far.tryRecv()).toBe("again");
  });

  test("names the option that is wrong", () => {
    expect(() => memory({ pieceBytes: 0 })).toThrow("pieceBytes: expected");
    expect(() => memory().release(-1)).toThrow("sizeBytes: expected");
  });
});
