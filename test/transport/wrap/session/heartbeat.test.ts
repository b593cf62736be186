/** When the pings of sessions that share a poller are due. */
import { expect, test } from "vitest";
import { Heartbeat } from "../../../../src/transport/wrap/session/heartbeat.ts";
import type { Terms } from "../../../../src/transport/wrap/session/session-options.ts";

const INTERVAL_MS = 1_000;
const FRAME_MS = 10;
const terms = { pingIntervalMs: INTERVAL_MS, deadPeerMs: 5_000, clock: () => 0 } as unknown as Terms;

/** Sessions whose first lines begin in one frame. */
function heartbeats(count: number): Heartbeat[] {
  return Array.from({ length: count }, (_, order) => {
    const heartbeat = new Heartbeat(terms, undefined);
    heartbeat.spread(order);
    heartbeat.begin(0);
    return heartbeat;
  });
}

/** How many pings each frame sends, up to and without `toMs`. */
function pings(of: readonly Heartbeat[], fromMs: number, toMs: number): number[] {
  const counts: number[] = [];
  for (let nowMs = fromMs; nowMs < toMs; nowMs += FRAME_MS) {
    const due = of.filter(({ pingDueMs }) => nowMs >= pingDueMs);
    for (const heartbeat of due) heartbeat.ping(nowMs, nowMs);
    counts.push(due.length);
  }
  return counts;
}

test("a thousand sessions that begin together do not go on to ping together", () => {
  const all = heartbeats(1_000);
  expect(pings(all, 0, FRAME_MS)).toEqual([1_000]);
  const counts = pings(all, FRAME_MS, 11 * INTERVAL_MS);
  expect(Math.max(...counts)).toBeLessThanOrEqual(15); // 10 each, laid out evenly
});

test("each of them sends one ping in each interval", () => {
  const all = heartbeats(100);
  pings(all, 0, INTERVAL_MS);
  for (const heartbeat of all) {
    const counts = pings([heartbeat], INTERVAL_MS, 11 * INTERVAL_MS);
    expect(counts.reduce((sum, count) => sum + count)).toBe(10);
  }
});

test("a pause, after which all send at once, does not leave them in step", () => {
  const all = heartbeats(1_000);
  pings(all, 0, 2 * INTERVAL_MS);
  expect(pings(all, 5_300, 5_310)).toEqual([1_000]);
  expect(Math.max(...pings(all, 5_310, 8_000))).toBeLessThanOrEqual(15);
});

test("a session that pings never has no next ping", () => {
  const heartbeat = new Heartbeat({ ...terms, pingIntervalMs: Infinity }, undefined);
  heartbeat.spread(3);
  heartbeat.begin(0);
  heartbeat.ping(100, 100);
  expect(heartbeat.pingDueMs).toBe(Infinity);
});
