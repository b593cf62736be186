/** What a session counts from when: lines that open or break in the midst of a poll, as conditioned ones do. */
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
