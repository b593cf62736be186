/** What a game sees of a session: outages, round trips, the server's clock, goodbyes; and what all that costs on the wire. */
import { describe, expect, test } from "vitest";
import {
  type Connection,
  conditioned,
  lines,
  memory,
  Poller,
  Recording,
  recorded,
  replayed,
  type SessionOptions,
  session,
  type Transport,
} from "../../../../src/index.ts";
import { SessionRig, take } from "./session-rig.ts";

describe("an outage", () => {
  test("leaves the same connection open, and is told by events and by polling", () => {
    const rig = new SessionRig();
    const { near, far } = rig.pair();
    const told: string[] = [];
    const name = (connection: unknown) => (connection === near ? "near" : connection === far ? "far" : "?");
    for (const poller of [rig.client, rig.server]) {
      poller.on("suspend", ({ connection }) => told.push(`${name(connection)} suspend`));
      poller.on("resume", ({ connection }) => told.push(`${name(connection)} resume`));
      poller.on("close", ({ connection }) => told.push(`${name(connection)} close`));
    }
    expect([near.linked, near.downMs, far.linked, far.downMs]).toEqual([true, 0, true, 0]);
    rig.slow.blackhole();
    rig.slow.cut();
    expect([near.linked, far.linked]).toEqual([true, true]); // a frame stands still
    rig.frame();
    expect([near.state, far.state, near.linked, far.linked]).toEqual(["open", "open", false, false]);
    rig.pass(4_000);
    expect([near.downMs, far.downMs]).toEqual([4_010, 4_010]); // from the frame before
    rig.slow.heal();
    rig.until(() => near.linked && far.linked);
    expect([near.downMs, far.downMs]).toEqual([0, 0]);
    expect(told.sort()).toEqual(["far resume", "far suspend", "near resume", "near suspend"]);
  });

  test("shows the address of the new line", () => {
    const rig = new SessionRig();
    const { near, far } = rig.pair();
    const before = [near.localAddress?.port, far.remoteAddress?.port];
    rig.slow.cut();
    rig.pass(30);
    expect(before).toEqual([1, 1]);
    expect([near.localAddress?.port, far.remoteAddress?.port]).toEqual([2, 2]);
  });

  test("is told at the server also when the player came back before it had noticed", () => {
    const rig = new SessionRig();
    const { far } = rig.pair();
    const told: string[] = [];
    rig.server.on("suspend", () => told.push("suspend"));
    rig.server.on("resume", () => told.push(`resume, linked ${far.linked}`));
    rig.resumeAs({});
    rig.pass(20);
    expect(told.slice(0, 2)).toEqual(["suspend", "resume, linked true"]);
  });
});

describe("round trips", () => {
  test("are measured for the line and for frames of the game, and change at the start of a frame", () => {
    const rig = new SessionRig({ conditions: { latencyMs: 35 } });
    const { near, far } = rig.pair();
    rig.pass(3_000);
    // The conditioner moves bytes in frames, so a line is as fast as its polls: 35 ms each way are 40.
    expect(near.rttMs).toBeGreaterThanOrEqual(70);
    expect(near.rttMs).toBeLessThanOrEqual(90);
    expect(near.frameRttMs).toBeGreaterThanOrEqual(near.rttMs ?? 0);
    expect(near.frameRttMs).toBeLessThanOrEqual((near.rttMs ?? 0) + 30);
    expect(near.jitterMs).toBeLessThan(5);
    expect(far.rttMs).toBeGreaterThanOrEqual(70);
  });

  test("do not count the time in which this side read nothing", () => {
    const rig = new SessionRig({ clientPoller: { receiveLimitBytes: 1_000 } });
    const { near, far } = rig.pair();
    rig.pass(2_000);
    for (let count = 0; count < 30; count++) far.trySend("x".repeat(100));
    rig.pass(4_500);
    rig.until(() => take(near).length === 0 && far.pendingBytes === 0);
    rig.pass(3_000);
    expect(near.rttMs).toBeLessThan(50);
  });
});

describe("the server's clock", () => {
  test("is known to the player within half of a round trip, and not the other way round", () => {
    const rig = new SessionRig({ conditions: { latencyMs: 30, jitterMs: 20 } });
    rig.serverAheadMs = 12_345;
    const { near, far } = rig.pair();
    rig.pass(10_000);
    const { clock } = near;
    expect(far.clock).toBeUndefined();
    expect(clock?.errorMs).toBeLessThan(70);
    expect(Math.abs((clock?.offsetMs ?? 0) - 12_345)).toBeLessThanOrEqual(clock?.errorMs ?? 0);
    expect(clock?.serverNowMs).toBeCloseTo(rig.time + (clock?.offsetMs ?? 0));
  });
});

describe("a goodbye", () => {
  test.each(["near", "far"] as const)("of the %s end reaches the other one, whatever its code", (who) => {
    const rig = new SessionRig();
    const pair = rig.pair();
    const [one, other] = who === "near" ? [pair.near, pair.far] : [pair.far, pair.near];
    one.trySend("before it");
    one.close({ code: 7, text: "the tavern is closed" });
    rig.pass(50);
    expect(take(other)).toEqual(["before it"]);
    rig.pass(50);
    expect(other.closeReason).toMatchObject({
      kind: "remote",
      goodbye: { code: 7, text: "the tavern is closed" },
    });
    expect(one.closeReason).toMatchObject({ kind: "local", goodbye: { code: 7 } });
  });

  test("that was lost with the line is told when the player comes back", () => {
    const rig = new SessionRig();
    const { near, far } = rig.pair();
    rig.pass(1_500);
    rig.slow.blackhole("receive");
    far.close({ code: 40_000 });
    rig.pass(20);
    rig.slow.cut();
    rig.slow.heal();
    rig.pass(200);
    expect(near.closeReason).toMatchObject({ kind: "remote", goodbye: { code: 40_000 } });
  });
});

describe("the cost on the wire", () => {
  /** A session over a line whose bytes are counted, each way. */
  const counted = (options: SessionOptions = {}) => {
    const sent = { near: 0, far: 0, writes: 0 };
    const wire = memory();
    const counting: Transport = {
      connect: () => {
        const link = wire.connect();
        const write = link.write.bind(link);
        link.write = (bytes) => {
          sent.near += bytes.length;
          sent.writes++;
          return write(bytes);
        };
        const attach = link.attach.bind(link);
        link.attach = (events) => {
          const received = events.received.bind(events);
          events.received = (bytes) => {
            sent.far += bytes.length;
            received(bytes);
          };
          attach(events);
        };
        return link;
      },
    };
    const poller = new Poller();
    const listener = poller.listen(session(wire, options), lines());
    const near = poller.connect(session(counting, options), lines());
    let time = 0;
    let far: Connection<string> | undefined;
    const pass = (forMs: number) => {
      for (const endMs = time + forMs; time < endMs; time += 20) {
        poller.poll(time);
        far ??= listener.tryAccept();
        for (const _ of far ?? []);
        for (const _ of near);
        poller.flush();
      }
    };
    pass(1_000);
    return { sent, near, pass };
  };

  test("is at most 40 bytes a second each way while a session is idle", () => {
    const { sent, pass } = counted();
    const before = { ...sent };
    pass(60_000);
    expect((sent.near - before.near) / 60).toBeLessThanOrEqual(40);
    expect((sent.far - before.far) / 60).toBeLessThanOrEqual(40);
    expect(sent.far).toBeGreaterThan(before.far);
  });

  test("is at most 10 bytes a flush, of any size, beside the signs of life", () => {
    const { sent, near, pass } = counted({ pingIntervalMs: 1_000_000, deadPeerMs: 2_000_000 });
    for (const sizeBytes of [1, 100, 10_000, 60_000]) {
      const before = { ...sent };
      for (let flush = 0; flush < 20; flush++) {
        near.trySend("x".repeat(sizeBytes));
        pass(20);
      }
      const overhead = sent.near - before.near - 20 * (sizeBytes + 1);
      expect(sent.writes - before.writes).toBe(20);
      expect(overhead).toBeLessThanOrEqual(20 * 10);
      expect(overhead).toBeGreaterThan(0);
    }
  });
});

describe("under and over other wrappers", () => {
  test("a recorded session replays bit for bit, outages included", () => {
    const wire = memory();
    const slow = conditioned(wire, { latencyMs: 20 });
    const recording = new Recording();
    const heard: string[] = [];
    /** A player's evening: what it saw, frame by frame. */
    const play = (way: Transport, times: Iterable<number>, seen: string[], each: (nowMs: number) => void) => {
      const net = new Poller();
      net.on("suspend", () => seen.push("suspend"));
      net.on("resume", () => seen.push("resume"));
      const near = net.connect(way, lines());
      for (const nowMs of times) {
        net.poll(nowMs);
        seen.push(...near, `${near.state} ${near.linked} ${near.downMs} ${near.rttMs}`);
        near.trySend(`at ${nowMs}`);
        net.flush();
        each(nowMs);
      }
    };
    const server = new Poller();
    const listener = server.listen(session(wire), lines());
    const times = Array.from({ length: 300 }, (_, frame) => frame * 10);
    play(recorded(session(slow), recording), times, heard, (nowMs) => {
      if (nowMs === 1_000) slow.cut();
      server.poll(nowMs);
      while (listener.tryAccept() !== undefined);
      listener.drain((one, message) => one.trySend(message));
      server.flush();
    });
    recording.close();
    const replay = replayed(Recording.fromBytes(recording.toBytes()));
    const again: string[] = [];
    play(replay.transport, replay.times, again, () => {});
    expect(replay.divergence).toBeUndefined();
    expect(heard).toContain("suspend");
    expect(again).toEqual(heard);
  });

  test("a session over a recorded line replays, when its clock and its chance are given", () => {
    const wire = memory();
    const recording = new Recording();
    const options = () => {
      let stamp = 0;
      return { clock: () => ++stamp, random: (bytes: Uint8Array) => bytes.fill(7) };
    };
    const server = new Poller();
    const listener = server.listen(session(wire), lines());
    const play = (way: Transport, times: Iterable<number>, each: (nowMs: number) => void): string[] => {
      const net = new Poller();
      const near = net.connect(session(way, options()), lines());
      const seen: string[] = [];
      for (const nowMs of times) {
        net.poll(nowMs);
        seen.push(...near, `${near.state} ${near.linked} ${near.rttMs}`);
        near.trySend(`at ${nowMs}`);
        net.flush();
        each(nowMs);
      }
      return seen;
    };
    const times = Array.from({ length: 200 }, (_, frame) => frame * 10);
    const heard = play(recorded(wire, recording), times, (nowMs) => {
      if (nowMs === 1_000) wire.cut();
      server.poll(nowMs);
      while (listener.tryAccept() !== undefined);
      listener.drain((one, message) => one.trySend(message));
      server.flush();
    });
    recording.close();
    const replay = replayed(Recording.fromBytes(recording.toBytes()));
    expect(play(replay.transport, replay.times, () => {})).toEqual(heard);
    expect(replay.divergence).toBeUndefined();
  });
});
