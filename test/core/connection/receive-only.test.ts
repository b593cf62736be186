/**
 * Most connections bring messages and nothing else, and a frame then does the
 * least it can (`SHOW_ALL` in `scheduler.ts`). A rate that nobody reaches makes each frame
 * update all parts: the game must see the same.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytes, type Connection, type ListenOptions, lines, memory, Poller } from "../../../src/index.ts";
import { check } from "../../codec/properties.ts";
import { lineRig } from "../../rig.ts";
import { ScriptedLink } from "../scripted-link.ts";

const LIMITS: ListenOptions = {
  idleTimeoutMs: 100,
  firstMessageTimeoutMs: 150,
  partialMessageTimeoutMs: 50,
  pauseTimeoutMs: 120,
  receiveLimitBytes: 400,
};

const peer = fc.nat(1);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant("say"), peer, count: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom("say a part", "say the rest"), peer }) },
  { weight: 6, arbitrary: fc.record({ does: fc.constant("poll"), passMs: fc.constantFrom(0, 10, 40, 90) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("drain") }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("drain some"), count: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constantFrom("take one", "take the latest", "hold", "release"), peer }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constantFrom("end", "close", "abort", "peer ends", "peer aborts", "answer"),
      peer,
    }),
  },
);

/** The frames for which the connections wait to be accepted, the one that does it included; a message comes before each. */
const waits = fc.array(fc.constantFrom(0, 10, 40, 90), { maxLength: 3 });

describe("a frame in which connections received, and nothing else happened", () => {
  test("shows the same as a full update", () => {
    check(
      fc.property(fc.array(step, { minLength: 30, maxLength: 80 }), waits, (steps, waitsMs) => {
        const full = { ...LIMITS, messageRateHz: 1e9 };
        expect(story(steps, LIMITS, waitsMs)).toEqual(story(steps, full, waitsMs));
      }),
    );
  });

  test("costs no full update", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    let updates = 0;
    const { update } = far;
    far.update = () => {
      updates++;
      return update.call(far);
    };
    for (let frame = 0; frame < 10; frame++) {
      near.trySend(`${frame}`);
      rig.client.flush();
      rig.pollServer(10);
      expect([...far]).toEqual([`${frame}`]);
    }
    expect(updates).toBe(0); // the one before it was accepted has found that no more are needed
    near.close();
    rig.pollBoth();
    rig.pollBoth();
    expect(updates).toBeGreaterThan(0);
    expect(far.state).not.toBe("open");
  });

  test("needs an update where a paused peer is read again: its silence is measured from there", () => {
    const link = new ScriptedLink();
    const poller = new Poller();
    const limits = { idleTimeoutMs: 100, receiveLimitBytes: 100 };
    const connection = poller.connect({ connect: () => link }, lines(), limits);
    link.events.opened();
    poller.poll(0);
    for (const text of ["one", "two"]) link.say(text);
    for (const nowMs of [50, 150]) poller.poll(nowMs); // paused, so nothing is received
    expect([...connection]).toEqual(["one", "two"]);
    link.say("three");
    poller.poll(150);
    expect([...connection]).toEqual(["three"]);
    poller.poll(249);
    expect(connection.state).toBe("open");
    poller.poll(250);
    expect(connection.closeReason?.code).toBe("idleTimeoutMs");
  });

  test("needs an update where a message has begun behind whole ones: its time runs from there", () => {
    const link = new ScriptedLink();
    const poller = new Poller({ partialMessageTimeoutMs: 500 });
    const connection = poller.connect({ connect: () => link }, lines());
    link.events.opened();
    for (let nowMs = 0; nowMs < 300; nowMs += 100) {
      poller.poll(nowMs);
      link.say("whole");
    }
    link.events.received(new TextEncoder().encode("half"));
    poller.poll(300);
    expect(poller.dueInMs()).toBe(500);
    poller.poll(799);
    expect([...connection]).toEqual(["whole", "whole", "whole"]);
    poller.poll(800);
    poller.poll(800);
    expect(connection.closeReason?.code).toBe("partialMessageTimeoutMs");
  });

  test("counts nothing of a peer whose messages are dropped, even where it had begun one", () => {
    for (const begun of ["not a line of four bytes", "hal"]) {
      const link = new ScriptedLink();
      const poller = new Poller();
      const connection = poller.connect({ connect: () => link }, lines({ maxLineBytes: 4 }));
      link.events.opened();
      link.events.received(new TextEncoder().encode(begun));
      poller.poll(0);
      connection.close();
      poller.flush();
      poller.poll(0);
      link.say("more");
      expect([connection.state, poller.hasActivity]).toEqual(["closing", false]);
    }
  });
});

interface Step {
  readonly does: string;
  readonly peer?: number;
  readonly count?: number;
  readonly passMs?: number;
}

/** All that a game sees, step by step. */
function story(steps: readonly Step[], limits: ListenOptions, waitsMs: readonly number[]): unknown[] {
  const wire = memory();
  const server = new Poller();
  const client = new Poller();
  const listener = server.listen(wire, lines(), limits);
  server.poll(0);
  const near = [0, 1].map(() => client.connect(wire, bytes()));
  const held = new Map<Connection<string>, boolean>();
  let nowMs = 0;
  client.poll(nowMs);
  server.poll(nowMs);
  for (const waitMs of waitsMs) {
    for (const one of near) one.trySend(new TextEncoder().encode("early\n"));
    client.flush();
    nowMs += waitMs;
    server.poll(nowMs);
  }
  const far: Connection<string>[] = [];
  for (let peer: Connection<string> | undefined; (peer = listener.tryAccept()) !== undefined; )
    far.push(peer);

  const seen: unknown[] = [];
  server.on("close", ({ connection, reason }) =>
    seen.push(["close", connection.id, reason.kind, reason.code]),
  );
  const callback = (from: Connection<string>, line: string) => seen.push([from.id, line]);
  for (const { does, peer = 0, count = 0, passMs = 0 } of steps) {
    const [here, there] = [far[peer] as Connection<string>, near[peer] as Connection<Uint8Array>];
    const say = (text: string) => {
      there.trySend(new TextEncoder().encode(text));
      client.flush();
    };
    seen.push(does);
    if (does === "say") for (let index = 0; index <= count; index++) say(`line ${index}\n`);
    if (does === "say a part") say("begun");
    if (does === "say the rest") say(" and done\n");
    if (does === "poll") {
      nowMs += passMs;
      client.poll(nowMs);
      seen.push(
        { ...server.poll(nowMs) },
        server.ready.map(({ id }) => id),
      );
    }
    if (does === "drain") seen.push(listener.drain(callback));
    if (does === "drain some") seen.push(listener.drain(callback, { messages: count }));
    if (does === "take one") seen.push(here.tryRecv());
    if (does === "take the latest") seen.push(here.tryRecvLatest());
    if (does === "hold") here.hold();
    if (does === "release") here.release();
    if (does === "end") here.end();
    if (does === "close") here.close();
    if (does === "abort") here.abort();
    if (does === "peer ends") there.end();
    if (does === "peer aborts") there.abort();
    if (does === "answer") seen.push(here.trySend("yes"));
    if (does === "hold" || does === "release") held.set(here, does === "hold");
    // How long a held one was paused is counted when something has it looked at again.
    const statsOf = (one: Connection<string>) => ({ ...one.stats, ...(held.get(one) && { pausedMs: 0 }) });
    seen.push(far.map((one) => [one.state, one.recvEnded, statsOf(one)]));
    seen.push({ ...server.stats }, { ...listener.stats });
  }
  server[Symbol.dispose]();
  client[Symbol.dispose]();
  return seen;
}
