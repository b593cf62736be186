/**
 * What a session counts from when: lines that open or break in the midst of a poll, as conditioned
 * ones do, and for how long a server knows why a session is over.
 */
import { expect, test } from "vitest";
import { SessionRig } from "./session-rig.ts";

test.each([{}, { jitterMs: 1 }, { bytesPerSecond: 100_000 }, { latencyMs: 30 }])(
  "a first line has its dialTimeoutMs from when it opens, also at a poller that has long had sessions: %o",
  (conditions) => {
    const rig = new SessionRig({
      conditions,
      client: { dialTimeoutMs: 500 },
      server: { handshakeTimeoutMs: 60_000 },
    });
    rig.pair();
    rig.pass(5_000);
    rig.wire.hold();
    const late = rig.connect();
    rig.pass(450);
    expect([late.state, late.closeReason]).toEqual(["connecting", undefined]);
    rig.pass(200);
    expect(late.closeReason).toMatchObject({ kind: "timeout", code: "dialTimeoutMs" });
  },
);

test("an outage that a poll finds has begun in that poll, however late it is", () => {
  const rig = new SessionRig({ conditions: { latencyMs: 20 }, client: { resumeWindowMs: 900 } });
  const { near } = rig.pair();
  rig.listener.close();
  rig.wire.cut(); // which is on its way for 20 ms, from the next poll on
  rig.client.poll((rig.time += 10));
  expect(near.linked).toBe(true);
  rig.client.poll((rig.time += 1_000));
  expect([near.state, near.linked, near.downMs]).toEqual(["open", false, 0]);
  rig.client.poll((rig.time += 10));
  expect([near.state, near.downMs]).toEqual(["open", 10]);
});

test("a player who was away for minutes hears that it is late, and not that the server is another one", () => {
  const rig = new SessionRig({ server: { resumeWindowMs: 2_000 } });
  const { near } = rig.pair();
  rig.wire.cut();
  for (let second = 0; second < 300; second++) rig.server.poll((rig.time += 1_000)); // while the player's machine sleeps
  rig.pass(500);
  expect(near.closeReason).toMatchObject({ kind: "reset", code: "resume-expired" });
  expect(near.closeReason?.message).toMatch(/the peer has given the session up/);
});

test("each of many sessions that gave way at once hears why", () => {
  const rig = new SessionRig({ server: { maxSuspended: 1 } });
  const pairs = Array.from({ length: 6 }, () => rig.pair());
  rig.slow.blackhole();
  rig.slow.cut();
  rig.pass(100);
  rig.slow.heal();
  rig.pass(10_000);
  expect(pairs.map(({ near }) => near.closeReason?.code).sort()).toEqual([
    ...Array.from({ length: 5 }, () => "resume-overflow"),
    undefined,
  ]);
});

test("a line on which something comes is not dead, however seldom its end is polled", () => {
  const rig = new SessionRig({
    client: { pingIntervalMs: 100, deadPeerMs: 500 },
    server: { pingIntervalMs: 100, deadPeerMs: 500 },
  });
  const { near, far } = rig.pair();
  for (let frame = 0; frame < 30; frame++) rig.frame(1_000);
  expect([near.linked, far.linked, rig.dialled.length]).toEqual([true, true, 1]);
  rig.slow.blackhole();
  for (let frame = 0; frame < 4; frame++) rig.frame(1_000);
  expect([near.linked, far.linked]).toEqual([false, false]);
});

test("a process that stood still reads what has come before it gives a line up", () => {
  const rig = new SessionRig({ client: { pingIntervalMs: 100, deadPeerMs: 500 } });
  const { near } = rig.pair();
  rig.wire.hold();
  rig.client.poll((rig.time += 3_600_000)); // the sockets are read after it
  rig.wire.release();
  rig.pass(2_000);
  expect([near.linked, rig.dialled.length]).toEqual([true, 1]);
});

test("the server keeps a player whose page is hardly ever polled: its socket answers", () => {
  const rig = new SessionRig();
  const { near, far } = rig.pair();
  for (let minute = 0; minute < 3; minute++) {
    for (let frame = 0; frame < 600; frame++) {
      rig.server.poll((rig.time += 100));
      rig.server.flush();
    }
    rig.client.poll(rig.time);
  }
  expect([near.linked, far.linked, rig.dialled.length]).toEqual([true, true, 1]);
});
