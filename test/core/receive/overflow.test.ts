/** What happens at the receive limit and over the message rate, by the policy that was chosen. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Connection,
  type ConnectOptions,
  lines,
  memory,
  Poller,
  type ReceiveOverflow,
} from "../../../src/index.ts";
import { lineRig, take } from "../../rig.ts";
import { ScriptedLink } from "../scripted-link.ts";

/** Room for three messages of one letter. */
const THREE = 3 * (2 + 64);

describe("receiveOverflow", () => {
  test("drop-oldest keeps the newest, and drops in poll() alone", () => {
    const game = begin({ receiveOverflow: "drop-oldest", receiveLimitBytes: THREE });
    for (const text of ["a", "b", "c", "d", "e"]) game.line.say(text);
    expect(game.connection.stats.lostReceived).toBe(0);
    game.poll();
    expect(take(game.connection)).toEqual(["c", "d", "e"]);
    expect(game.connection.stats).toMatchObject({ lostReceived: 2, receivedMessages: 3 });
    expect(game.losses).toEqual([[2, 0]]);
  });

  test("drop-oldest drops what the game left lying before what is new, at the frame's border", () => {
    const game = begin({ receiveOverflow: "drop-oldest", receiveLimitBytes: THREE });
    for (const text of ["a", "b", "c"]) game.line.say(text);
    game.poll();
    game.line.say("d");
    expect(game.connection.tryRecv()).toBe("a"); // this frame stands still
    game.line.say("e");
    game.poll();
    expect(take(game.connection)).toEqual(["c", "d", "e"]);
    expect(game.poller.stats).toMatchObject({ lostReceived: 1, receivedMessages: 5 });
  });

  test("drop-newest keeps the oldest", () => {
    const game = begin({ receiveOverflow: "drop-newest", receiveLimitBytes: THREE });
    for (const text of ["a", "b", "c", "d", "e"]) game.line.say(text);
    game.poll();
    expect(take(game.connection)).toEqual(["a", "b", "c"]);
    game.line.say("f");
    game.poll();
    expect(take(game.connection)).toEqual(["f"]);
    expect(game.losses).toEqual([[2, 0]]);
  });

  test("keeps one message that is larger than the whole limit", () => {
    for (const receiveOverflow of ["drop-oldest", "drop-newest"] as const) {
      const game = begin({ receiveOverflow, receiveLimitBytes: 10 });
      game.line.say("a message over the limit");
      game.poll();
      expect(take(game.connection)).toEqual(["a message over the limit"]);
    }
  });

  test("close closes with overflow: what was visible can still be taken, and the rest is dropped", () => {
    const game = begin({ receiveOverflow: "close", receiveLimitBytes: THREE });
    game.line.say("seen");
    game.poll();
    for (const text of ["a", "b", "c", "d"]) game.line.say(text);
    expect(game.connection.state).toBe("open");
    game.poll();
    expect(game.connection.state).toBe("closing");
    expect(take(game.connection)).toEqual(["seen"]);
    expect(game.losses).toEqual([[2, 0]]);
    expect(game.connection.closeReason).toMatchObject({
      kind: "overflow",
      code: "receiveLimitBytes",
      message: "the peer sent too much: 198 bytes wait",
    });
  });

  test("close shows whom it closes once in each frame, however long the game leaves it", () => {
    const game = begin({ receiveOverflow: "close", receiveLimitBytes: THREE });
    game.line.say("seen");
    game.poll();
    for (const text of ["a", "b", "c"]) game.line.say(text);
    for (let frame = 0; frame < 3; frame++) {
      game.poll();
      expect(game.poller.ready.map(({ id }) => id)).toEqual([game.connection.id]);
    }
  });

  test("close spares who was at the limit for a moment only", () => {
    const game = begin({ receiveOverflow: "close", receiveLimitBytes: THREE });
    for (let round = 0; round < 10; round++) {
      for (const text of ["a", "b"]) game.line.say(text);
      game.poll();
      take(game.connection);
    }
    expect(game.connection.state).toBe("open");
  });

  test("reads no more than twice the limit between two polls, and goes on after", () => {
    const game = begin({ receiveOverflow: "drop-oldest", receiveLimitBytes: THREE });
    for (let count = 0; count < 100; count++) game.line.say(String(count % 10));
    expect(game.poll().received).toBe(3);
    expect(game.connection.stats.inboxPeakBytes).toBe(2 * THREE);
    for (let frame = 0; frame < 40; frame++) game.poll();
    expect(take(game.connection)).toEqual(["7", "8", "9"]);
    expect(game.connection.stats.lostReceived).toBe(97);
  });

  test("is told for connections that wait to be accepted too, once a frame, and counted by their listener", () => {
    const rig = lineRig({ listen: { receiveOverflow: "drop-oldest", receiveLimitBytes: THREE } });
    const losses: number[] = [];
    rig.server.on("lose", ({ received }) => losses.push(received));
    const near = rig.connect();
    for (const text of ["a", "b", "c", "d", "e"]) near.trySend(text);
    rig.pollClient();
    rig.client.flush();
    rig.pollServer();
    rig.pollServer();
    expect([losses, rig.listener.stats.lostReceived, rig.server.stats.lostReceived]).toEqual([[2], 2, 2]);
  });

  test.each(["drop-oldest", "drop-newest"] as const)(
    "%s keeps and drops what a plain list would, whatever comes and is taken in between",
    (receiveOverflow) => {
      const step = fc.oneof(
        fc.record({ what: fc.constant("say" as const), count: fc.nat(12), length: fc.nat(40) }),
        fc.record({ what: fc.constant("take" as const), count: fc.nat(8), length: fc.constant(0) }),
        fc.record({ what: fc.constant("poll" as const), count: fc.constant(0), length: fc.constant(0) }),
      );
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 900 }), (steps, limit) => {
          const game = begin({ receiveOverflow, receiveLimitBytes: limit });
          const model = new Model(receiveOverflow, limit);
          let said = 0;
          for (const { what, count, length } of steps) {
            if (what === "poll") {
              game.poll();
              model.poll();
            }
            for (let index = 0; index < count; index++) {
              if (what === "take") expect(game.connection.tryRecv()).toBe(model.take());
              else {
                const text = `${said++} ${"x".repeat(length)}`;
                game.line.say(text);
                model.say(text);
              }
            }
            expect(game.connection.stats.lostReceived).toBe(model.told);
          }
          const { receivedMessages, lostReceived } = game.connection.stats;
          expect(game.losses.reduce((sum, [received]) => sum + received, 0)).toBe(lostReceived);
          // Whoever was shown and then dropped is counted as both.
          expect(receivedMessages + lostReceived).toBeGreaterThanOrEqual(
            model.shown + model.told - model.both,
          );
          expect(receivedMessages).toBe(model.shown);
        }),
        { seed: 14_900, numRuns: 400 },
      );
    },
  );
});

describe("messageRateHz", () => {
  test("shows a second's worth at once, then what time allows, in order and without loss", () => {
    const game = begin({ messageRateHz: 4 });
    for (let count = 0; count < 12; count++) game.line.say(String(count));
    expect(game.poll(0).received).toBe(4);
    expect(game.poll(249).received).toBe(0);
    expect(game.poll(1).received).toBe(1);
    expect(game.poll(500).received).toBe(2);
    expect(game.poll(900).received).toBe(3);
    expect(game.poll(900).received).toBe(2);
    expect(take(game.connection)).toEqual(Array.from({ length: 12 }, (_, count) => String(count)));
  });

  test("wakes who waits for activity when the next message may be shown, and not before", () => {
    const game = begin({ messageRateHz: 4 });
    for (let count = 0; count < 6; count++) game.line.say(String(count));
    game.poll(0);
    expect(take(game.connection)).toHaveLength(4);
    expect(game.poller.hasActivity).toBe(false);
    expect(game.poller.dueInMs()).toBe(250);
    game.poll(100);
    expect(game.poller.dueInMs()).toBe(150);
    expect(game.poll(150).received).toBe(1);
  });

  test("wakes nobody when none waits, and counts the part of a second that has passed", () => {
    const game = begin({ messageRateHz: 4 });
    for (let count = 0; count < 4; count++) game.line.say(String(count));
    expect(game.poll(0).received).toBe(4);
    expect(game.poller.dueInMs()).toBe(Infinity);
    game.poll(100);
    game.line.say("waits until a quarter of a second has passed");
    game.poll(50);
    expect(game.poller.dueInMs()).toBeCloseTo(100, 6);
  });

  test("loses nothing where what waits is over the receive limit by a read", () => {
    const game = begin({ messageRateHz: 1, receiveLimitBytes: 100 });
    for (const text of ["a", "b", "c"]) game.line.say(text);
    const received: string[] = [];
    for (let frame = 0; frame < 4; frame++) {
      game.poll(frame === 0 ? 0 : 1_000);
      received.push(...take(game.connection));
    }
    expect([received, game.connection.stats.lostReceived]).toEqual([["a", "b", "c"], 0]);
  });

  test.each([
    [89, "open"],
    [90, "closing"],
  ])(
    "with close gives late frames their own time once: one message and %d after 5 s each leave it %s",
    (count, state) => {
      const game = begin({ messageRateHz: 10, receiveOverflow: "close" });
      game.poll(0);
      game.line.say("x");
      game.poll(5_000); // 1 s of it counts, so 4 s of messages are credited to the second's worth
      for (let index = 0; index < count; index++) game.line.say("x");
      game.poll(5_000);
      take(game.connection);
      game.poll(0);
      expect(game.connection.state === "open" ? "open" : "closing").toBe(state);
    },
  );

  test("holds a flood back by the receive limit", () => {
    const game = begin({ messageRateHz: 10, receiveLimitBytes: 100 * 66 });
    for (let count = 0; count < 5_000; count++) game.line.say(String(count % 10));
    for (let frame = 0; frame < 60; frame++) {
      game.poll(100);
      take(game.connection);
    }
    expect(game.connection.stats.receivedMessages).toBeLessThanOrEqual(10 + 60);
    expect(game.connection.stats.inboxPeakBytes).toBe(100 * 66);
  });

  test("is each connection's own, and leaves others their frame", () => {
    const rig = lineRig({
      server: { frameBudget: { messages: 5 } },
      listen: { messageRateHz: 2 },
    });
    const flood = rig.pair();
    const calm = rig.pair();
    for (let count = 0; count < 50; count++) flood.near.trySend("flood");
    calm.near.trySend("calm");
    rig.client.flush();
    expect(rig.pollServer(1).received).toBe(3);
    expect([take(flood.far).length, take(calm.far).length]).toEqual([2, 1]);
    expect(rig.pollServer(500).received).toBe(1);
  });

  test("with close ends who speaks too often", () => {
    const game = begin({ messageRateHz: 3, receiveOverflow: "close" });
    for (const text of ["a", "b", "c"]) game.line.say(text);
    game.poll(0);
    expect(game.connection.state).toBe("open");
    for (const text of ["d", "e"]) game.line.say(text);
    game.poll(400);
    expect([game.connection.state, take(game.connection)]).toEqual(["closing", ["a", "b", "c"]]);
    expect([game.connection.stats.lostReceived, game.line.isCut]).toEqual([2, false]);
    game.poll(900);
    game.poll(100);
    expect([game.connection.state, game.line.isCut]).toEqual(["closed", true]);
    expect(game.connection.closeReason).toMatchObject({ kind: "overflow", code: "messageRateHz" });
  });
});

describe("messageRateHz with close", () => {
  const limits = { messageRateHz: 10, receiveOverflow: "close" } as const;

  test("spares who spoke as it may, and was held", () => {
    const game = begin(limits);
    game.connection.hold();
    for (let count = 0; count < 30; count++) {
      game.line.say(String(count));
      game.poll(200);
    }
    game.connection.release();
    game.poll(200);
    expect([game.connection.state, take(game.connection).length]).toEqual(["open", 10]); // the rest in time
  });

  test("spares who had to wait for the frame's budget", () => {
    const rig = lineRig({ server: { frameBudget: { messages: 1 } }, listen: limits });
    const { near, far } = rig.pair();
    for (let frame = 0; frame < 40; frame++) {
      for (const text of ["one", "two"]) near.trySend(text);
      rig.client.flush();
      rig.pollServer(250);
      expect([far.state, take(far).length]).toEqual(["open", 1]);
    }
  });

  test("spares who went on speaking while a frame was late, and nobody who spoke faster", () => {
    const [calm, loud] = [begin(limits), begin(limits)];
    for (const game of [calm, loud]) game.poll(5_000);
    for (let count = 0; count < 50; count++) calm.line.say("calm");
    for (let count = 0; count < 51; count++) loud.line.say("loud");
    for (const game of [calm, loud]) game.poll(0);
    expect([calm.connection.state, loud.connection.state]).toEqual(["open", "closing"]);
  });
});

describe("options", () => {
  test.each([
    [
      { receiveOverflow: "lose" as never },
      "receiveOverflow: expected one of pause, drop-oldest, drop-newest, close",
    ],
    [{ sendOverflow: "pause" as never }, "sendOverflow: expected one of refuse, drop-oldest, close"],
    [{ messageRateHz: 0 }, "messageRateHz: expected a number above 0"],
    [{ maxMessageBytes: 0 }, "maxMessageBytes: expected a whole number from 1"],
    [{ idleTimeoutMs: -1 }, "idleTimeoutMs: expected milliseconds above 0"],
    [{ firstMessageTimeoutMs: Number.NaN }, "firstMessageTimeoutMs: expected milliseconds"],
    [{ partialMessageTimeoutMs: "1" as never }, "partialMessageTimeoutMs: expected a number, got string"],
    [{ unsentTimeoutMs: -1 }, "unsentTimeoutMs: expected"],
    [{ pauseTimeoutMs: -1 }, "pauseTimeoutMs: expected"],
  ])("%o is refused, by name", (options, message) => {
    expect(() => new Poller(options)).toThrow(message);
    expect(() => new Poller().connect(memory(), lines(), options)).toThrow(message);
  });
});

/** One connection whose peer is the test, and what was told of its losses. */
function begin(options: ConnectOptions) {
  const line = new ScriptedLink();
  const poller = new Poller();
  const losses: [received: number, sent: number][] = [];
  poller.on("lose", ({ received, sent }) => losses.push([received, sent]));
  const connection: Connection<string> = poller.connect({ connect: () => line }, lines(), options);
  let time = 0;
  const poll = (passMs = 1) => poller.poll((time += passMs));
  line.events.opened();
  poll(0);
  return { line, poller, connection, losses, poll };
}

/** The same with plain lists, one for the wire and one for what has come. */
class Model {
  /** Messages dropped, as far as a poll has told. */
  told = 0;
  /** Messages that became visible, and how many of them were dropped later. */
  shown = 0;
  both = 0;
  readonly #wire: string[] = [];
  readonly #box: string[] = [];
  #visible = 0;
  #isPaused = false;
  readonly #policy: ReceiveOverflow;
  readonly #limitBytes: number;

  constructor(policy: ReceiveOverflow, limitBytes: number) {
    this.#policy = policy;
    this.#limitBytes = limitBytes;
  }

  say(text: string): void {
    this.#wire.push(text);
    this.#read();
  }

  take(): string | undefined {
    if (this.#visible === 0) return undefined;
    this.#visible--;
    const text = this.#box.shift();
    this.#resumeReading();
    return text;
  }

  poll(): void {
    while (this.#weight > this.#limitBytes && this.#box.length > 1) {
      if (this.#policy === "drop-newest" && this.#box.length === this.#visible) break;
      if (this.#policy === "drop-newest") this.#box.pop();
      else {
        this.#box.shift();
        if (this.#visible > 0) this.both++;
        this.#visible = Math.max(0, this.#visible - 1);
      }
      this.told++;
    }
    this.shown += this.#box.length - this.#visible;
    this.#visible = this.#box.length;
    this.#resumeReading();
  }

  get #weight(): number {
    return this.#box.reduce((sum, text) => sum + text.length + 1 + 64, 0);
  }

  #resumeReading(): void {
    if (this.#weight <= this.#limitBytes) this.#isPaused = false;
    this.#read();
  }

  #read(): void {
    while (!this.#isPaused && this.#wire.length > 0) {
      this.#box.push(this.#wire.shift() as string);
      if (this.#weight >= 2 * this.#limitBytes) this.#isPaused = true;
    }
  }
}
