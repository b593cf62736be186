/** Streams on a bad network: in which frame what arrives, and that nothing is lost or overtaken. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytes, type Conditions, conditioned, lines, memory, Poller, tcp } from "../../../src/index.ts";
import { arrivals, FRAME_MS, SlowRig } from "./slow-rig.ts";

describe("without options", () => {
  test("shows what the bare transport shows, in the same frame", () => {
    const rig = new SlowRig({});
    const { near, far } = rig.pair();
    near.trySend("jump");
    rig.flush();
    rig.frame(0);
    expect([...far]).toEqual(["jump"]);
    far.trySend("land");
    rig.flush();
    rig.frame(0);
    expect([...near]).toEqual(["land"]);
    expect(near.pendingBytes).toBe(0);
  });

  test("has the calls that the transport has, and no others", () => {
    const wire = memory();
    const names = (transport: object) =>
      ["listen", "connect", "bind", "framing"].filter((name) => name in transport);
    expect(names(conditioned(wire))).toEqual(["listen", "connect", "bind"]);
    expect(names(conditioned(tcp({ port: 1 })))).toEqual(["listen", "connect"]);
    expect(names(conditioned({ framing: "message", connect: () => wire.connect() }))).toEqual([
      "connect",
      "framing",
    ]);
  });
});

describe("latency", () => {
  test("is one way, each way, and a connect takes a round trip", () => {
    const rig = new SlowRig({ latencyMs: 40 });
    const near = rig.connect();
    expect(rig.until(() => near.state === "open")).toBe(1 + 8); // the first poll gives the time
    const far = rig.listener.tryAccept();
    near.trySend("ping");
    expect(rig.until(() => far?.tryRecv() === "ping")).toBe(4);
    far?.trySend("pong");
    expect(rig.until(() => near.tryRecv() === "pong")).toBe(1 + 4); // the server's frame is behind the client's
  });

  test("may differ from one direction to the other", () => {
    const rig = new SlowRig({ latencyMs: { send: 70, receive: 20 } });
    const { near, far } = rig.pair();
    near.trySend("ping");
    expect(rig.until(() => far.tryRecv() === "ping")).toBe(7);
    far.trySend("pong");
    expect(rig.until(() => near.tryRecv() === "pong")).toBe(1 + 2);
  });

  test("adds up where both ends are slow", () => {
    const wire = memory();
    const [server, client] = [new Poller(), new Poller()];
    const listener = server.listen(conditioned(wire, { latencyMs: 30 }), lines());
    const near = client.connect(conditioned(wire, { latencyMs: 20 }), lines());
    let time = 0;
    const until = (isSo: () => boolean) => {
      const startMs = time;
      while (!isSo()) {
        for (const poller of [client, server]) poller.flush();
        time += 10;
        client.poll(time);
        server.poll(time);
      }
      return time - startMs;
    };
    until(() => near.state === "open");
    const far = listener.tryAccept();
    near.trySend("hello");
    expect(until(() => far?.tryRecv() === "hello")).toBe(50);
  });

  test("does not make a write wait: what is sent is gone, as with a system", () => {
    const rig = new SlowRig({ latencyMs: 500 });
    const { near, far } = rig.pair();
    for (const text of ["a", "b"]) {
      near.trySendLatest("position", text);
      rig.flush();
      expect(near.pendingBytes).toBe(0);
      rig.frame();
    }
    const got: string[] = [];
    rig.until(() => got.push(...far) > 0 && got.length === 2);
    expect(got).toEqual(["a", "b"]); // nothing was replaced on its way
  });
});

describe("order", () => {
  test("is kept by jitter, by losses and by a latency that becomes shorter, and nothing is lost", () => {
    const conditions: Conditions = { latencyMs: 60, jitterMs: 100, lossChance: 0.1 };
    const rig = new SlowRig(conditions);
    const { near, far } = rig.pair();
    const got: string[] = [];
    for (let index = 0; index < 1_000; index++) {
      if (index === 300) rig.slow.set({ latencyMs: 500 });
      if (index === 400) rig.slow.set({ latencyMs: 0 });
      if (index === 600) rig.slow.set(conditions);
      near.trySend(`${index}`);
      rig.flush();
      rig.frame();
      got.push(...far);
    }
    rig.until(() => got.push(...far) === 1_000);
    expect(got).toEqual(Array.from({ length: 1_000 }, (_, index) => `${index}`));
  });
});

describe("a lost packet", () => {
  test("holds up all that is behind it for 200 ms at least, and then everything is there", () => {
    const rig = new SlowRig({ latencyMs: 10, lossChance: 0.02 });
    const { near, far } = rig.pair();
    const arrived = arrivals(rig, near, far, 2_000);
    const late = new Map<number, number>();
    for (const [frame, message] of arrived) {
      const lateMs = (frame - Number(message)) * FRAME_MS;
      late.set(lateMs, (late.get(lateMs) ?? 0) + 1);
    }
    expect(Math.max(...late.keys())).toBe(210 - FRAME_MS); // its own frame is the first
    expect(late.get(0) ?? 0).toBeGreaterThan(1_000);
    expect(late.get(200) ?? 0).toBeGreaterThan(5);
  });

  test("takes two latencies where that is longer, and a run of losses is one wait", () => {
    const slowest = (lossBurst: number) => {
      const rig = new SlowRig({ latencyMs: 150, lossChance: 0.04, lossBurst });
      const { near, far } = rig.pair();
      const arrived = arrivals(rig, near, far, 1_000);
      return arrived.map(([frame, message]) => (frame - Number(message)) * FRAME_MS);
    };
    expect(Math.max(...slowest(1))).toBe(150 + 300 - FRAME_MS);
    const isLate = (lateMs: number) => lateMs > 150;
    expect(slowest(8).filter(isLate).length).toBeLessThan(slowest(1).filter(isLate).length / 2);
  });
});

describe("a bandwidth", () => {
  test("lets so many bytes through in a second, and is waited for by who sends more", () => {
    const rig = new SlowRig({ bytesPerSecond: 100_000, queueBytes: 10_000 });
    const { near, far } = rig.pair();
    const line = "x".repeat(999);
    for (let count = 0; count < 50; count++) near.trySend(line);
    rig.flush();
    expect(near.pendingBytes).toBe(50_000);
    rig.frame();
    expect(near.pendingBytes).toBeGreaterThan(38_000); // ten thousand have found room
    let got = 0;
    const frames = rig.until(() => (got += [...far].length) === 50);
    expect(frames * FRAME_MS).toBeGreaterThanOrEqual(480);
    expect(frames * FRAME_MS).toBeLessThanOrEqual(520);
    expect(near.pendingBytes).toBe(0);
  });

  test("is used whole, though the queue is shorter than what passes in a frame", () => {
    const rig = new SlowRig({ bytesPerSecond: 1_000_000, queueBytes: 2_000 });
    const { near, far } = rig.pair();
    for (let count = 0; count < 500; count++) near.trySend("x".repeat(999));
    let got = 0;
    const frames = rig.until(() => (got += [...far].length) === 500);
    expect(frames * FRAME_MS).toBeLessThanOrEqual(520);
  });

  test("holds back a peer that sends more, in bounded memory", () => {
    const conditions = { bytesPerSecond: 100_000, queueBytes: 10_000 };
    const rig = new SlowRig(conditions, { wire: { pieceBytes: 1_000 } });
    const { near, far } = rig.pair();
    for (let count = 0; count < 100; count++) far.trySend("x".repeat(9_999));
    rig.flush();
    expect(far.pendingBytes).toBeGreaterThan(900_000);
    let got = 0;
    rig.until(() => (got += [...near].length) === 100);
    rig.frame();
    expect(far.pendingBytes).toBe(0);
  });
});

describe("more than four megabytes on their way", () => {
  test("are too much for a line without an end: the sender waits", () => {
    const wire = memory();
    const slow = conditioned(wire, { latencyMs: 1_000 });
    const [server, client] = [new Poller(), new Poller({ sendLimitBytes: 20_000_000 })];
    const listener = server.listen(wire, bytes(), { receiveLimitBytes: 100_000_000 });
    const near = client.connect(slow, bytes());
    let time = 0;
    const frame = () => {
      for (const poller of [client, server]) poller.flush();
      time += 100;
      for (const poller of [client, server]) poller.poll(time);
    };
    while (near.state !== "open") frame();
    const far = listener.tryAccept();
    near.trySend(new Uint8Array(10_000_000));
    frame();
    frame();
    expect(near.pendingBytes).toBe(10_000_000 - 4_194_304);
    for (let count = 0; count < 40; count++) frame();
    expect([near.pendingBytes, far?.stats.receivedBytes]).toEqual([0, 10_000_000]);
  });
});

describe("stalls", () => {
  test("come at random, take their time, and lose nothing", () => {
    const rig = new SlowRig({ stall: { everyMs: 1_000, forMs: 300 } });
    const { near, far } = rig.pair();
    const arrived = arrivals(rig, near, far, 6_000);
    const silent = arrived.map(([frame], index) => frame - (arrived[index - 1]?.[0] ?? frame));
    const stalls = silent.filter((frames) => frames > 1);
    expect(arrived.map(([, message]) => Number(message))).toEqual(arrived.map((_, index) => index));
    // A minute with a stall each 1.3 s, some shorter than a frame, of 300 ms on the average.
    expect(stalls.length).toBeGreaterThan(25);
    expect(stalls.length).toBeLessThan(65);
    const meanMs = (stalls.reduce((sum, frames) => sum + frames, 0) / stalls.length) * FRAME_MS;
    expect(meanMs).toBeGreaterThan(150);
    expect(meanMs).toBeLessThan(600);
  });

  test("of an hour without a poll cost no hour of work", () => {
    const rig = new SlowRig({ stall: { everyMs: 0.001, forMs: 0.001 } });
    const { near, far } = rig.pair();
    rig.frame(3_600_000_000);
    near.trySend("still here");
    rig.until(() => far.tryRecv() === "still here");
  });
});

describe("the same seed", () => {
  const conditions: Conditions = {
    network: "mobile",
    lossChance: 0.05,
    bytesPerSecond: { receive: 200_000 },
    stall: { everyMs: 500, forMs: 100 },
  };

  /** What each of the players' messages did, in which frame. */
  const run = (seed: number | undefined, players: number, pieceBytes = Infinity) => {
    const seeded = seed === undefined ? conditions : { ...conditions, seed };
    const rig = new SlowRig(seeded, { wire: { pieceBytes } });
    const pairs = Array.from({ length: players }, () => rig.pair());
    const said: string[][] = pairs.map(() => []);
    const startMs = rig.time;
    for (let frame = 0; frame < 400; frame++) {
      pairs.forEach(({ near, far }, player) => {
        near.trySend(`${player} ${frame} ${"x".repeat((frame * 7) % 300)}`);
        far.trySend(`answer ${frame}`);
        for (const message of far) said[player]?.push(`${rig.time - startMs} ${message}`);
        for (const message of near) said[player]?.push(`${rig.time - startMs} ${message}`);
      });
      rig.flush();
      rig.frame();
    }
    return said;
  };

  test("does the same again, and another does something else", () => {
    expect(run(7, 2)).toEqual(run(7, 2));
    expect(run(7, 1)).not.toEqual(run(8, 1));
    expect(run(undefined, 1)).toEqual(run(1, 1));
  });

  test("does the same when the network cuts the streams into other pieces", () => {
    const whole = run(7, 2);
    for (const pieceBytes of [1, 7, 1_000]) expect(run(7, 2, pieceBytes)).toEqual(whole);
  });

  test("does the same to those who are there when one more is", () => {
    const withOthers = (others: number) => {
      const rig = new SlowRig({ ...conditions });
      const { near, far } = rig.pair();
      const talkers = Array.from({ length: others }, () => rig.connect());
      const arrived: string[] = [];
      for (let frame = 0; frame < 300; frame++) {
        for (const talker of talkers) talker.trySend("x".repeat(frame));
        for (const one of rig.listener.connections) if (one !== far) one.trySend("y".repeat(frame));
        near.trySend(`${frame}`);
        far.trySend(`answer ${frame}`);
        rig.flush();
        rig.frame();
        for (const message of [...far, ...near]) arrived.push(`${frame} ${message}`);
        rig.listener.drain(() => {});
      }
      return arrived;
    };
    const alone = withOthers(0);
    expect(alone.length).toBeGreaterThan(400);
    expect(withOthers(3)).toEqual(alone);
  });
});

describe("the pieces of a stream", () => {
  /** Sends `text` in the pieces that end at `cuts`, all in one frame, and returns the frames in which its bytes arrive. */
  const frames = (cuts: readonly number[], conditions: Conditions, direction: "send" | "receive") => {
    const wire = memory();
    const slow = conditioned(wire, conditions);
    const [server, client] = [new Poller(), new Poller()];
    const listener = server.listen(wire, bytes());
    const near = client.connect(slow, bytes());
    let time = 0;
    const frame = () => {
      time += 10;
      client.poll(time);
      server.poll(time);
    };
    while (near.state !== "open") frame();
    const far = listener.tryAccept();
    const [from, to, poller] = direction === "send" ? [near, far, client] : [far, near, server];
    const arrived: number[] = [];
    for (let count = 0; count < 60; count++) {
      if (count === 0 || count === 3) {
        const all = new Uint8Array(20_000);
        const ends = [...cuts.filter((cut) => cut < all.length).sort((a, b) => a - b), all.length];
        let start = 0;
        for (const end of ends) {
          from?.trySend(all.subarray(start, end));
          poller.flush();
          start = end;
        }
      }
      frame();
      let got = 0;
      for (const message of to ?? []) got += message.length;
      arrived.push(got);
    }
    return arrived;
  };

  test.each(["send", "receive"] as const)("do not matter to when its bytes arrive (%s)", (direction) => {
    const conditions: Conditions = { latencyMs: 20, jitterMs: 30, lossChance: 0.2, bytesPerSecond: 300_000 };
    const whole = frames([], conditions, direction);
    expect(whole.reduce((sum, count) => sum + count, 0)).toBe(40_000);
    expect(whole.filter((count) => count > 0).length).toBeGreaterThan(3);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 12 }), (cuts) => {
        expect(frames(cuts, conditions, direction)).toEqual(whole);
      }),
      { numRuns: 25, seed: 1 },
    );
  });
});
