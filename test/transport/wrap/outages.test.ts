/** Outages, measures and goodbyes through the wrappers: on a bad network, in a recording, and in its replay. */
import { describe, expect, test } from "vitest";
import {
  type Connection,
  conditioned,
  lines,
  memory,
  type PeerClock,
  Poller,
  Recording,
  recorded,
  replayed,
  session,
  type Transport,
} from "../../../src/index.ts";
import { websocket, websocketServer } from "../../../src/websocket.ts";
import { addressOf, SessionAcceptor, SessionLink } from "../../core/session-transport.ts";

/** A transport with links of both kinds, which the test moves. */
function scripted() {
  const acceptor = new SessionAcceptor();
  const dialled = new SessionLink();
  const transport: Transport = { connect: () => dialled, listen: () => acceptor };
  return { transport, acceptor, dialled };
}

/** A game that looks at all there is to see, frame by frame. */
class Looker {
  readonly seen: unknown[] = [];
  readonly #poller = new Poller();
  readonly #connections: Connection<string>[] = [];

  constructor(transport: Transport) {
    const note = (name: string) => (event: { connection: { id: number } }) =>
      this.seen.push(`${name} of ${event.connection.id}`);
    for (const name of ["open", "accept", "suspend", "resume", "close"] as const)
      this.#poller.on(name, note(name));
    const listener = this.#poller.listen(transport, lines());
    this.#poller.on("accept", () => this.#connections.push(listener.tryAccept() as Connection<string>));
    this.#connections.push(this.#poller.connect(transport, lines()));
    this.listener = listener;
  }

  readonly listener: ReturnType<Poller["listen"]>;

  get connections(): readonly Connection<string>[] {
    return this.#connections;
  }

  frame(nowMs: number): void {
    this.#poller.poll(nowMs);
    for (const one of this.#connections) {
      const { id, state, linked, downMs, rttMs, jitterMs, frameRttMs, clock, closeReason } = one;
      const measures = { rttMs, jitterMs, frameRttMs, clock: clock && { ...clock } };
      this.seen.push({ id, state, linked, downMs, ...measures, at: one.remoteAddress?.host, closeReason });
    }
    this.#poller.flush();
  }
}

/** What the test does to the links before each frame. */
const SCRIPT: readonly ((ends: ReturnType<typeof scripted>, accepted: SessionLink | undefined) => void)[] = [
  ({ acceptor, dialled }) => {
    dialled.open("10.0.0.9");
    acceptor.come("10.0.0.1");
  },
  ({ dialled }) => {
    dialled.coming = { rttMs: 20, jitterMs: 2.5, frameRttMs: 41 };
  },
  ({ dialled }, accepted) => {
    dialled.lose();
    accepted?.lose();
    accepted?.regain("10.0.0.2");
  },
  ({ dialled }) => {
    dialled.coming = { clock: { offsetMs: -3.25, errorMs: 10, serverNowMs: 1 } };
  },
  () => {},
  ({ dialled }) => dialled.regain("10.0.0.8"),
  (_, accepted) => accepted?.lose(),
  (_, accepted) => accepted?.close({ kind: "reset", code: "resume-expired", message: "the window is over" }),
  ({ dialled }) => dialled.close({ kind: "remote", message: "over", goodbye: { code: 7, text: "bye" } }),
];

/** Plays the script, and returns what was seen. */
function play(wrap: (transport: Transport) => Transport): unknown[] {
  const ends = scripted();
  const looker = new Looker(wrap(ends.transport));
  for (const [frame, step] of SCRIPT.entries()) {
    step(ends, ends.acceptor.links[0]);
    looker.frame(frame * 50);
  }
  return looker.seen;
}

describe("outages and measures", () => {
  test("are seen as they are", () => {
    const seen = play((transport) => transport);
    expect(seen).toContain("suspend of 2");
    expect(seen).toContainEqual(expect.objectContaining({ id: 1, linked: false, downMs: 100 }));
    expect(seen).toContainEqual(expect.objectContaining({ id: 2, at: "10.0.0.2", linked: true }));
    expect(seen).toContainEqual(
      expect.objectContaining({
        id: 1,
        closeReason: expect.objectContaining({ goodbye: { code: 7, text: "bye" } }),
      }),
    );
  });

  test("are the same on a network without conditions, and in a recording", () => {
    const plain = play((transport) => transport);
    expect(play((transport) => conditioned(transport))).toEqual(plain);
    expect(play((transport) => recorded(transport, new Recording()))).toEqual(plain);
  });

  test("are the same in the replay, frame by frame", () => {
    const recording = new Recording();
    const seen = play((transport) => recorded(transport, recording));
    recording.close();
    const replay = replayed(Recording.fromBytes(recording.toBytes()));
    const looker = new Looker(replay.transport);
    for (const nowMs of replay.times) looker.frame(nowMs);
    expect([replay.state, replay.divergence]).toEqual(["ended", undefined]);
    expect(looker.seen).toEqual(seen);
  });
});

test("a session that is cut, comes back and says goodbye is recorded, and replays with all that it has shown", () => {
  const recording = new Recording();
  const wire = memory();
  const slow = conditioned(wire, { latencyMs: 20 });
  const clock = { ms: 0 };
  const times = { clock: () => clock.ms };
  const server = new Poller();
  const listener = server.listen(session(wire, times), lines());
  const play = (transport: Transport, frame: (run: (nowMs: number) => void) => void): unknown[] => {
    const client = new Poller();
    const seen: unknown[] = [];
    for (const name of ["open", "suspend", "resume", "close"] as const)
      client.on(name, () => seen.push(name));
    const connection = client.connect(transport, lines());
    frame((nowMs) => {
      client.poll(nowMs);
      const { linked, downMs, rttMs, jitterMs, frameRttMs, state, closeReason } = connection;
      const measures = { rttMs, jitterMs, frameRttMs, clock: connection.clock && clockOf(connection.clock) };
      seen.push([linked, downMs, measures, state, closeReason, ...connection]);
      connection.trySend(`it is ${nowMs}`);
      client.flush();
    });
    return seen;
  };
  const accepted: Connection<string>[] = [];
  const seen = play(recorded(session(slow, times), recording), (run) => {
    for (let nowMs = 0; nowMs < 6_000; nowMs += 20) {
      clock.ms = nowMs;
      server.poll(nowMs);
      for (let one = listener.tryAccept(); one !== undefined; one = listener.tryAccept()) accepted.push(one);
      listener.drain((one, line) => one.trySend(`you said ${line}`));
      if (nowMs === 2_000) slow.cut();
      if (nowMs === 5_000) accepted[0]?.close({ code: 65_535, text: "the match is over" });
      server.flush();
      run(nowMs);
    }
  });
  recording.close();
  expect(seen.filter((one) => typeof one === "string")).toEqual(["open", "suspend", "resume", "close"]);
  expect(seen.at(-1)).toContainEqual(
    expect.objectContaining({ kind: "remote", goodbye: { code: 65_535, text: "the match is over" } }),
  );
  const measured = seen.filter(
    (one) => Array.isArray(one) && one[2].clock !== undefined && one[2].frameRttMs > 0,
  );
  expect(measured.length).toBeGreaterThan(100);

  const replay = replayed(Recording.fromBytes(recording.toBytes()));
  const again = play(replay.transport, (run) => {
    for (const nowMs of replay.times) run(nowMs);
  });
  expect([replay.state, replay.divergence]).toEqual(["ended", undefined]);
  expect(again).toEqual(seen);
});

function clockOf({ offsetMs, errorMs, serverNowMs }: PeerClock): PeerClock {
  return { offsetMs, errorMs, serverNowMs };
}

test("on a slow network an outage is told after the open event, which comes later, and the round trips are longer", () => {
  const ends = scripted();
  const poller = new Poller();
  const told: string[] = [];
  for (const name of ["open", "suspend", "resume"] as const) poller.on(name, () => told.push(name));
  const connection = poller.connect(conditioned(ends.transport, { latencyMs: 30 }), lines());
  poller.poll(0);
  ends.dialled.open("10.0.0.9");
  ends.dialled.lose();
  poller.poll(10);
  expect(told).toEqual([]);
  poller.poll(200);
  expect(told).toEqual(["open", "suspend"]);
  ends.dialled.regain("10.0.0.8");
  ends.dialled.coming = { rttMs: 5, frameRttMs: 20 };
  poller.poll(210);
  expect(told).toEqual(["open", "suspend", "resume"]);
  expect(connection.remoteAddress).toEqual(addressOf("10.0.0.8"));
  expect([connection.rttMs, connection.frameRttMs]).toEqual([65, 80]);
});

describe("goodbyes", () => {
  test.each([
    ["conditioned", (transport: Transport) => conditioned(transport)],
    ["recorded", (transport: Transport) => recorded(transport, new Recording())],
  ])("pass %s in both directions, with the codes that the carrier has", async (_, wrap) => {
    const poller = new Poller();
    const listener = poller.listen(wrap(websocketServer({ port: 0, host: "127.0.0.1" })), lines());
    const until = async (isThere: () => boolean): Promise<void> => {
      for (let turn = 0; !isThere(); turn++) {
        expect(turn).toBeLessThan(100_000);
        poller.poll(turn / 100);
        poller.flush();
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await until(() => listener.state === "listening");
    const open = () => poller.connect(wrap(websocket(`ws://127.0.0.1:${listener.address?.port}`)), lines());
    const clients = [open(), open()];
    const accepted: Connection<string>[] = [];
    await until(() => {
      const one = listener.tryAccept();
      if (one !== undefined) accepted.push(one);
      return accepted.length === 2 && clients.every(({ state }) => state === "open");
    });
    expect(() => clients[0]?.close({ code: 7 })).toThrow(RangeError);
    expect(() => accepted[0]?.close({ code: 7 })).toThrow(RangeError);
    expect(() => listener.close({ code: 7 })).toThrow(RangeError);
    clients[0]?.close({ code: 4001, text: "I go" });
    await until(() => accepted.some(({ state }) => state === "closed"));
    listener.close({ code: 4002, text: "all go" });
    await until(() => [...accepted, ...clients].every(({ state }) => state === "closed"));
    const said = [...accepted, ...clients].map(({ closeReason }) => closeReason?.goodbye?.code);
    expect(said.sort()).toEqual([4001, 4001, 4002, 4002]);
    poller[Symbol.dispose]();
  });

  test("are part of a recording: a replay gives the same answers, and another goodbye is a difference", () => {
    const record = (): Recording => {
      const recording = new Recording();
      const ends = scripted();
      ends.dialled.refused.push(9);
      const looker = new Looker(recorded(ends.transport, recording));
      ends.dialled.open("10.0.0.9");
      ends.acceptor.come("10.0.0.1");
      looker.frame(0);
      expect(() => looker.connections[0]?.close({ code: 9 })).toThrow(RangeError);
      expect(() => looker.listener.close({ code: 7 })).toThrow(RangeError);
      looker.connections[0]?.close({ code: 8, text: "bye" });
      looker.listener.close({ code: 6 });
      looker.frame(10);
      recording.close();
      return Recording.fromBytes(recording.toBytes());
    };
    const replay = (text: string) => {
      const made = replayed(record());
      const looker = new Looker(made.transport);
      for (const nowMs of made.times) {
        looker.frame(nowMs);
        if (nowMs > 0) continue;
        expect(() => looker.connections[0]?.close({ code: 9 })).toThrow(RangeError);
        expect(() => looker.listener.close({ code: 7 })).toThrow(RangeError);
        looker.connections[0]?.close({ code: 8, text });
        looker.listener.close({ code: 6 });
      }
      return made;
    };
    expect(replay("bye").state).toBe("ended");
    expect(replay("good night").divergence?.message).toMatch(
      /a connection was closed with the goodbye .*good night.* instead of .*bye/,
    );
  });
});
