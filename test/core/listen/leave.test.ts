/** Those who are over: each accepted connection is given once, with why, and nobody need ask. */
import { describe, expect, test } from "vitest";
import { LeaveQueue } from "../../../src/core/listen/leave-queue.ts";
import {
  type Listener,
  lines,
  memory,
  Poller,
  type PollerOptions,
  waitForActivity,
} from "../../../src/index.ts";
import { areHeld } from "../../garbage.ts";
import { lineRig } from "../../rig.ts";

/** The numbers of those who are over. */
function takeLeft(listener: Listener<string>): number[] {
  const ids: number[] = [];
  for (let gone = listener.tryLeave(); gone !== undefined; gone = listener.tryLeave()) ids.push(gone.id);
  return ids;
}

describe("tryLeave", () => {
  test("says undefined when nobody has left", () => {
    const rig = lineRig();
    expect(rig.listener.tryLeave()).toBeUndefined();
    const { far } = rig.pair();
    rig.pollServer(16);
    expect([far.state, rig.listener.tryLeave()]).toEqual(["open", undefined]);
  });

  test("gives who has closed in this frame, with its reason and its data, and once", () => {
    const wire = memory();
    const server = new Poller();
    const client = new Poller();
    const listener = server.listen(wire, lines(), { data: ({ id }) => `player ${id}` });
    const near = [client.connect(wire, lines()), client.connect(wire, lines())];
    client.poll(0);
    server.poll(0);
    while (listener.tryAccept() !== undefined);
    near[1]?.abort();
    expect(listener.tryLeave()).toBeUndefined(); // this frame stands still
    server.poll(16);
    const gone = listener.tryLeave();
    expect([gone?.data, gone?.state, gone?.closeReason?.kind]).toEqual(["player 2", "closed", "reset"]);
    expect(listener.tryLeave()).toBeUndefined();
    server.poll(32);
    expect(listener.tryLeave()).toBeUndefined();
  });

  test("gives nobody before its last message was taken", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("goodbye");
    near.close();
    rig.client.flush();
    for (let frame = 0; frame < 3; frame++) rig.pollBoth(16);
    expect(rig.listener.tryLeave()).toBeUndefined();
    expect(far.tryRecv()).toBe("goodbye");
    for (let frame = 0; frame < 3; frame++) rig.pollBoth(16);
    expect(rig.listener.tryLeave()).toBe(far);
  });

  test("gives who was closed by this side, or aborted by it, in the frame that ends it", () => {
    const rig = lineRig();
    const [first, second] = [rig.pair().far, rig.pair().far];
    first.abort();
    second.close();
    const left: number[] = [];
    for (let frame = 0; frame < 4; frame++) {
      rig.pollBoth(16);
      left.push(...takeLeft(rig.listener));
    }
    expect(left).toEqual([first.id, second.id]);
  });

  test("gives a game that asks for the first time who has left at this time, and nobody from before", () => {
    const rig = lineRig();
    const [first, second] = [rig.pair().far, rig.pair().far];
    first.abort();
    rig.pollBoth(16);
    second.abort();
    rig.pollBoth(16);
    rig.pollBoth(0);
    expect(takeLeft(rig.listener)).toEqual([second.id]);
    const late = lineRig();
    late.pair().far.abort();
    late.pollBoth(16);
    late.pollBoth(16);
    expect(takeLeft(late.listener)).toEqual([]);
  });

  test("gives nobody whom tryAccept has not given", () => {
    const rig = lineRig({ listen: { untakenTimeoutMs: 50 } });
    rig.connect().close();
    const near = rig.connect();
    rig.pollBoth();
    near.abort();
    for (let frame = 0; frame < 10; frame++) rig.pollServer(16);
    expect([rig.server.stats.closed, takeLeft(rig.listener)]).toEqual([2, []]);
    rig.connect();
    rig.pollBoth();
    rig.listener.close();
    rig.pollServer(16);
    expect(takeLeft(rig.listener)).toEqual([]);
  });

  test("gives who was over before it was accepted, after it was", () => {
    const rig = lineRig();
    rig.server.on("accept", ({ connection }) => connection.abort());
    rig.connect();
    rig.pollBoth();
    for (let frame = 0; frame < 3; frame++) rig.pollServer(16);
    expect(takeLeft(rig.listener)).toEqual([]);
    const accepted = rig.listener.tryAccept();
    rig.pollServer(16);
    expect(takeLeft(rig.listener)).toEqual([accepted?.id]);
  });

  test("goes on when the listener is closed", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    rig.listener.close();
    rig.pollServer();
    near.abort();
    rig.pollServer(16);
    expect(takeLeft(rig.listener)).toEqual([far.id]);
  });

  test("keeps who is not taken for later frames, up to untakenTimeoutMs", () => {
    const rig = lineRig({ listen: { untakenTimeoutMs: 100 } });
    expect(rig.listener.tryLeave()).toBeUndefined();
    const pairs = [rig.pair(), rig.pair(), rig.pair()];
    pairs[0]?.near.abort();
    rig.pollServer(10);
    pairs[1]?.near.abort();
    rig.pollServer(50);
    expect(rig.listener.tryLeave()?.id).toBe(1);
    rig.pollServer(50);
    expect(rig.listener.tryLeave()?.id).toBe(2);
    pairs[2]?.near.abort();
    rig.pollServer(10);
    for (let frame = 0; frame < 11; frame++) rig.pollServer(10);
    expect(rig.listener.tryLeave()).toBeUndefined();
  });

  test("keeps what a frame shows alone for a game that has never called it", () => {
    const rig = lineRig();
    const pairs = Array.from({ length: 5 }, () => rig.pair());
    for (const { near } of pairs.slice(0, 3)) {
      near.abort();
      rig.pollServer(16);
    }
    rig.pollServer(16);
    for (const { near } of pairs.slice(3)) {
      near.abort();
      rig.pollServer(); // at the same time: two polls of a test that steps until all is told
    }
    expect(takeLeft(rig.listener)).toEqual([4, 5]);
  });

  test("has who was not taken wake a program that waits, and only if it takes them at all", async () => {
    const rig = lineRig();
    const pairs = [rig.pair(), rig.pair(), rig.pair()];
    pairs[0]?.near.abort();
    rig.pollServer(16);
    expect(rig.server.hasActivity).toBe(false);
    expect(rig.listener.tryLeave()).toBeDefined();
    for (const { near } of pairs.slice(1)) near.abort();
    rig.pollServer(16);
    expect(rig.listener.tryLeave()).toBeDefined();
    expect([rig.server.hasActivity, await waitForActivity(rig.server)]).toEqual([true, true]);
    expect(rig.listener.tryLeave()).toBeDefined();
    expect(rig.server.hasActivity).toBe(false);
  });

  test("takes its time from the poller's options too", () => {
    const options: PollerOptions = { untakenTimeoutMs: 20 };
    const rig = lineRig({ server: options });
    rig.listener.tryLeave();
    rig.pair().near.abort();
    rig.pollServer(16);
    for (let frame = 0; frame < 3; frame++) rig.pollServer(16);
    expect(rig.listener.tryLeave()).toBeUndefined();
  });
});

describe("a leave queue", () => {
  test("keeps the order, and lets go of what was taken, over thousands", () => {
    const queue = new LeaveQueue<number>(1_000);
    let next = 0;
    let taken = 0;
    expect(queue.take(0)).toBeUndefined();
    for (let round = 0; round < 500; round++) {
      for (let count = 0; count <= round % 7; count++) queue.put(next++, round);
      for (let count = 0; count < round % 5; count++) {
        const member = queue.take(round);
        if (member !== undefined) expect(member).toBe(taken++);
      }
    }
    expect(queue.hasLeftovers(500)).toBe(true);
    while (queue.take(500) !== undefined) taken++;
    expect([taken, queue.hasLeftovers(500)]).toEqual([next, false]);
  });

  test("a queue lets go of who was taken, and of who waited in vain, once they are half of it", async () => {
    const queue = new LeaveQueue<object>(1_000);
    const put = (count: number, nowMs: number) =>
      Array.from({ length: count }, () => {
        const member = {};
        queue.put(member, nowMs);
        return new WeakRef(member);
      });
    const first = put(10, 0);
    for (let count = 0; count < 5; count++) queue.take(0);
    expect(await areHeld(first)).toEqual([...Array(5).fill(false), ...Array(5).fill(true)]);
    const late = put(1, 900);
    expect(queue.hasLeftovers(1_500)).toBe(true);
    expect(await areHeld([...first, ...late])).toEqual([...Array(10).fill(false), true]);
  });
});
