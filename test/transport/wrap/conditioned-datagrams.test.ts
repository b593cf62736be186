/** Datagrams on a bad network: late, lost, doubled, overtaken, and the same again with the same seed. */
import { describe, expect, test } from "vitest";
import {
  type ConditionedOptions,
  type ConditionedTransport,
  conditioned,
  type DatagramSocket,
  lines,
  memory,
  Poller,
} from "../../../src/index.ts";

/** A socket on a bad network, and others on a good one. */
class Rig {
  readonly poller = new Poller({ receiveLimitBytes: 100_000_000, sendLimitBytes: 100_000_000 });
  readonly wire = memory();
  readonly slow: ConditionedTransport;
  readonly near: DatagramSocket<string>;
  time = 0;

  constructor(conditions: ConditionedOptions) {
    this.slow = conditioned(this.wire, conditions);
    this.near = this.poller.bind(this.slow, lines());
    this.poller.poll(0);
  }

  bind(): DatagramSocket<string> {
    const socket = this.poller.bind(this.wire, lines());
    this.poller.poll(this.time);
    return socket;
  }

  frame(passMs = 10): void {
    this.poller.poll((this.time += passMs));
  }
}

/** Sends numbers to one peer for so many frames, and returns what arrived, and after how long. */
function arrivals(rig: Rig, frames: number, more = 50): [number, number][] {
  const far = rig.bind();
  const arrived: [number, number][] = [];
  const sentMs: number[] = [];
  for (let frame = 0; frame < frames + more; frame++) {
    if (frame < frames && far.address !== undefined) {
      sentMs.push(rig.time);
      rig.near.trySendTo(`${frame}`, far.address);
    }
    rig.frame();
    for (let got = far.tryRecv(); got !== undefined; got = far.tryRecv())
      arrived.push([Number(got), rig.time - (sentMs[Number(got)] ?? 0)]);
  }
  return arrived;
}

const numbers = (arrived: readonly [number, number][]) => arrived.map(([number]) => number);
const inOrder = (list: readonly number[]) => [...list].sort((a, b) => a - b);

describe("datagrams", () => {
  test("take the latency each way, and count as sent at once", () => {
    const rig = new Rig({ latencyMs: { send: 30, receive: 50 } });
    const far = rig.bind();
    if (far.address === undefined || rig.near.address === undefined) throw new Error("not bound");
    rig.near.trySendTo("ping", far.address);
    for (let frame = 0; frame < 3; frame++) {
      expect(far.tryRecv()).toBeUndefined();
      rig.frame();
      expect(rig.near.pendingBytes).toBe(0);
    }
    expect(far.tryRecv()).toBe("ping");
    far.trySendTo("pong", rig.near.address);
    for (let frame = 0; frame < 5; frame++) {
      rig.frame();
      expect(rig.near.tryRecv()).toBeUndefined();
    }
    rig.frame();
    expect(rig.near.tryRecvFrom()).toEqual({ message: "pong", from: far.address });
  });

  test("keep their order under jitter, and each is late by its own draw", () => {
    const arrived = arrivals(new Rig({ latencyMs: 20, jitterMs: 60 }), 2_000);
    expect(numbers(arrived)).toEqual(Array.from({ length: 2_000 }, (_, index) => index));
    const lateMs = new Set(arrived.map(([, late]) => late));
    expect([...lateMs].every((late) => late >= 20 && late <= 90)).toBe(true);
    expect(lateMs.size).toBeGreaterThan(3);
  });

  test("are lost as often as was asked for", () => {
    const arrived = arrivals(new Rig({ lossChance: 0.2 }), 5_000);
    expect(arrived.length).toBeGreaterThan(3_850);
    expect(arrived.length).toBeLessThan(4_150);
    expect(numbers(arrived)).toEqual(inOrder(numbers(arrived)));
  });

  test("come twice as often as was asked for, one behind the other", () => {
    const list = numbers(arrivals(new Rig({ duplicateChance: 0.1 }), 5_000));
    expect(list.length).toBeGreaterThan(5_400);
    expect(list.length).toBeLessThan(5_600);
    expect(list).toEqual(inOrder(list));
    expect(new Set(list).size).toBe(5_000);
  });

  test("are overtaken by a few others, and none is lost", () => {
    const list = numbers(arrivals(new Rig({ reorderChance: 0.1 }), 5_000));
    expect(inOrder(list)).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
    const behind = list.map((number, at) =>
      list.slice(Math.max(0, at - 6), at).filter((other) => other > number),
    );
    const overtaken = behind.filter((others) => others.length > 0);
    expect(overtaken.length).toBeGreaterThan(400);
    expect(overtaken.length).toBeLessThan(600);
    expect(Math.max(...overtaken.map((others) => others.length))).toBeLessThanOrEqual(6); // three, and who was held back with it
  });

  test("that nobody overtakes come after 100 ms", () => {
    expect(arrivals(new Rig({ reorderChance: 1 }), 1)).toEqual([[0, 100]]);
  });

  test("beyond the queue of a bandwidth are lost at its tail", () => {
    const rig = new Rig({ bytesPerSecond: 10_000, queueBytes: 1_000 });
    const far = rig.bind();
    if (far.address === undefined) throw new Error("not bound");
    const text = "x".repeat(99);
    for (let count = 0; count < 100; count++) rig.near.trySendTo(`${text}`, far.address);
    let got = 0;
    for (let frame = 0; frame < 50; frame++) {
      rig.frame();
      for (let one = far.tryRecv(); one !== undefined; one = far.tryRecv()) got++;
    }
    expect(got).toBeGreaterThanOrEqual(10);
    expect(got).toBeLessThanOrEqual(11);
  });

  test("in a blackhole are lost, also those on their way, and heal brings none back", () => {
    const rig = new Rig({ latencyMs: 20 });
    const far = rig.bind();
    if (far.address === undefined) throw new Error("not bound");
    rig.near.trySendTo("on its way", far.address);
    rig.frame();
    rig.slow.blackhole("send");
    for (let frame = 0; frame < 5; frame++) {
      rig.near.trySendTo("lost", far.address);
      rig.frame();
    }
    rig.slow.heal();
    rig.near.trySendTo("there", far.address);
    for (let frame = 0; frame < 5; frame++) rig.frame();
    expect([far.tryRecv(), far.tryRecv()]).toEqual(["there", undefined]);
  });

  test("on their way are lost when the network is cut, and the socket stays open", () => {
    const rig = new Rig({ latencyMs: 20 });
    const far = rig.bind();
    if (far.address === undefined) throw new Error("not bound");
    rig.near.trySendTo("lost", far.address);
    rig.frame();
    rig.slow.cut();
    for (let frame = 0; frame < 5; frame++) rig.frame();
    expect([far.tryRecv(), rig.near.state]).toEqual([undefined, "open"]);
  });

  test("that were sent before a close arrive", () => {
    const rig = new Rig({ latencyMs: 50 });
    const far = rig.bind();
    if (far.address === undefined) throw new Error("not bound");
    rig.near.trySendTo("last words", far.address);
    rig.near.close();
    for (let frame = 0; frame < 8; frame++) rig.frame();
    expect([far.tryRecv(), rig.near.state]).toEqual(["last words", "closed"]);
  });

  test("do the same again with the same seed, to each peer, also when there is one more", () => {
    const run = (seed: number, peers: number) => {
      const rig = new Rig({
        network: "poor",
        lossChance: 0.2,
        reorderChance: 0.1,
        duplicateChance: 0.1,
        seed,
      });
      const far = Array.from({ length: peers }, () => rig.bind());
      const got: string[] = [];
      for (let frame = 0; frame < 300; frame++) {
        for (const { address } of far) if (address !== undefined) rig.near.trySendTo(`${frame}`, address);
        rig.frame();
        for (let one = far[0]?.tryRecv(); one !== undefined; one = far[0]?.tryRecv())
          got.push(`${frame} ${one}`);
      }
      return got;
    };
    const alone = run(1, 1);
    expect(run(1, 1)).toEqual(alone);
    expect(run(1, 4)).toEqual(alone);
    expect(run(2, 1)).not.toEqual(alone);
  });

  test("of very many peers, and more than may be on their way, keep to their limits", () => {
    const rig = new Rig({ latencyMs: 1_000 });
    const far = rig.bind();
    if (far.address === undefined) throw new Error("not bound");
    for (let port = 10_000; port < 20_000; port++) rig.near.trySendTo("?", { host: "memory", port });
    rig.frame();
    const text = "x".repeat(9_999);
    for (let count = 0; count < 1_000; count++) rig.near.trySendTo(text, far.address);
    for (let frame = 0; frame < 120; frame++) rig.frame();
    expect(far.stats.receivedMessages).toBeGreaterThan(300);
    expect(far.stats.receivedMessages).toBeLessThan(450); // four megabytes, with the others
  });

  test("keep the numbers of those whose limits they are: what waits is counted once it is sent", () => {
    const rig = new Rig({});
    const far = rig.bind();
    if (far.address === undefined) throw new Error("not bound");
    for (const step of [{}, { latencyMs: 20 }, {}, { jitterMs: 20 }, {}]) {
      rig.slow.set(step);
      for (let count = 0; count < 10; count++) rig.near.trySendTo(`${count}`, far.address);
      for (let frame = 0; frame < 5; frame++) rig.frame();
      expect(rig.near.pendingBytes).toBe(0);
    }
    expect(far.stats.receivedMessages).toBe(50);
  });
});
