/**
 * What a replay says of a game that does something else, and what it plays.
 */
import { describe, expect, test, vi } from "vitest";
import {
  conditioned,
  dns,
  formatAddress,
  lines,
  memory,
  type NameAnswer,
  type NameQuery,
  Poller,
  Recording,
  recorded,
  replayed,
  type Transport,
  tcp,
  udp,
  waitForActivity,
} from "../../../src/index.ts";
import { headerBytes } from "../../../src/transport/wrap/log-file.ts";
import { until } from "../link-pair.ts";
import { EchoServer, playMatch } from "./echo-match.ts";

/** A match of 40 frames, as it was read again. */
function recordMatch(options?: ConstructorParameters<typeof Recording>[0], frames = 40) {
  const recording = new Recording(options);
  const server = playMatch(frames, (network) => recorded(network, recording));
  recording.close();
  return { recording: Recording.fromBytes(recording.toBytes()), said: server.said };
}

/** Plays `recording` on a server that is made by `change`. */
function playAgain(recording: Recording, change: (server: EchoServer) => void = () => {}) {
  const replay = replayed(recording);
  const server = new EchoServer(replay.transport);
  change(server);
  for (const nowMs of replay.times) server.tick(nowMs);
  return { replay, server };
}

describe("a replay", () => {
  test("shows a game what it saw, as often as one likes, and ends", () => {
    const { recording, said } = recordMatch();
    for (let times = 0; times < 2; times++) {
      const { replay, server } = playAgain(recording);
      expect([replay.state, replay.divergence, replay.frame, replay.poller]).toEqual([
        "ended",
        undefined,
        40,
        0,
      ]);
      expect(server.said).toEqual(said);
    }
    expect(said.length).toBeGreaterThan(50);
  });

  test("plays an hour in no time, and a frame in an hour: only what `times` gives counts", () => {
    const { recording, said } = recordMatch();
    const replay = replayed(recording);
    const server = new EchoServer(replay.transport);
    const times = replay.times;
    for (let frame = 0; frame < 20; frame++) server.tick(times.next().value as number);
    expect([replay.frame, replay.state]).toEqual([20, "running"]);
    for (const nowMs of replay.times) server.tick(nowMs); // another loop goes on where the first one stopped
    expect([replay.state, server.said]).toEqual(["ended", said]);
  });

  test("says frame, connection, offset and both byte strings of the first difference, once, and plays on", () => {
    const { recording, said } = recordMatch();
    const { replay, server } = playAgain(recording, (changed) => {
      changed.answer = (text) => (text === "hello 1 in 20" ? "you sbid that" : `you said ${text}`);
    });
    const { divergence } = replay;
    expect(replay.state).toBe("diverged");
    expect(divergence).toMatchObject({ frame: 21, connection: 2 });
    const expected = new TextDecoder().decode(divergence?.expected);
    const actual = new TextDecoder().decode(divergence?.actual);
    expect([expected, actual]).toEqual(["you said hello 1 in 20\nframe 21\n", "you sbid that\nframe 21\n"]);
    const before = said
      .filter((text) => text.includes("hello 1 in") && Number.parseInt(text, 10) < 21)
      .map((text) => `you said ${text.replace(/^\d+: /, "")}\nframe ${Number.parseInt(text, 10)}\n`);
    expect(divergence?.offset).toBe(before.join("").length + "you s".length);
    expect(divergence?.message).toMatch(
      /^frame 21: connection 2 was sent "you sbid that.*…" where the recording has "you said hello.*…", at byte 536$/,
    );
    expect(server.said).toEqual(said); // what came goes on coming, in its frames
    expect(replay.frame).toBe(40);
  });

  test("names what the game did not do, and what it did instead", () => {
    const { recording } = recordMatch();
    const { replay } = playAgain(recording, (server) => {
      const flush = server.poller.flush.bind(server.poller);
      let flushes = 0;
      server.poller.flush = () => {
        if (++flushes !== 10) flush();
      };
    });
    // The frame's messages leave at the start of the next poll, before that begins.
    expect([replay.state, replay.divergence]).toEqual(["ended", undefined]);
    const closing = playAgain(recording, (server) => {
      server.answer = (text) => {
        if (text === "hello 0 in 12") for (const player of server.listener.connections) player.abort();
        return `you said ${text}`;
      };
    }).replay;
    expect(closing.divergence).toMatchObject({ frame: 13, connection: 1, actual: undefined });
    expect(closing.divergence?.message).toBe(
      "frame 13: the recording has write of 32 bytes on connection 1, and the game did abort on connection 1",
    );
  });

  test("names a frame that the game has not polled, or at another time", () => {
    const { recording } = recordMatch();
    const lazy = replayed(recording);
    const server = new EchoServer(lazy.transport);
    for (const nowMs of lazy.times) if (nowMs !== 160) server.tick(nowMs);
    expect(lazy.divergence?.message).toBe(
      "frame 10: the recording has a poll of poller 1, and the game did not do that",
    );
    const late = replayed(recording);
    const other = new EchoServer(late.transport);
    for (const nowMs of late.times) other.tick(nowMs === 160 ? 161 : nowMs);
    expect(late.divergence?.message).toBe(
      "frame 10: the game polled at 161 ms, which the recording did at 160 ms",
    );
  });

  test("ends every connection at once when the game goes its own way, so that nothing stays open", async () => {
    const { recording } = recordMatch();
    const { replay, server } = playAgain(recording, (changed) => {
      changed.answer = () => "something else";
    });
    expect(replay.state).toBe("diverged");
    expect(server.listener.connections.size).toBe(1);
    await server.poller[Symbol.asyncDispose]();
    expect(server.listener.connections.size).toBe(0);
  });

  test("names chance and the date in a frame, for who asks for that", () => {
    const { recording } = recordMatch();
    const replay = replayed(recording, { guard: true });
    const server = new EchoServer(replay.transport);
    server.answer = (text) => `you said ${text}${Math.random() > 2 ? "!" : ""}`;
    const { random } = Math;
    expect(() => {
      for (const nowMs of replay.times) server.tick(nowMs);
    }).toThrow("Math.random(): no recording has what it answers; use a generator that begins with");
    expect(Math.random).toBe(random);
    expect(typeof Date.now()).toBe("number");
  });

  test("refuses another codec with a sentence", () => {
    const { recording } = recordMatch();
    const replay = replayed(recording);
    new Poller().listen(replay.transport, lines({ eol: "\r\n" }));
    expect(replay.state).toBe("diverged");
    expect(replay.divergence?.message).toMatch(
      /^frame 0: the recording was made with the codec lines.*, and the game uses lines/,
    );
  });

  test("warns of a recording of another tickwire or another Node, and plays it", () => {
    const { recording, said } = recordMatch();
    const whole = recording.toBytes();
    const { header } = recording;
    const [, major] = /^node (\d+)\./.exec(header.platform) ?? [];
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const warningsFor = (changed: Partial<typeof header>): unknown[][] => {
      warned.mockClear();
      const body = whole.subarray(headerBytes(header).length);
      const other = Recording.fromBytes(Buffer.concat([headerBytes({ ...header, ...changed }), body]));
      const { replay, server } = playAgain(other);
      expect([replay.state, server.said]).toEqual(["ended", said]);
      return [...warned.mock.calls];
    };
    const here = `tickwire ${header.tickwire} on ${header.platform}`;
    const options = { type: "TickwireWarning", code: "TICKWIRE_RECORDING" };
    expect(warningsFor({})).toEqual([]);
    expect(warningsFor({ platform: `node ${major}.99.1` })).toEqual([]);
    expect(warningsFor({ tickwire: "0.0.9" })).toEqual([
      [`a recording of tickwire 0.0.9 on ${header.platform} is replayed by ${here}`, options],
    ]);
    expect(warningsFor({ platform: "node 18.1.0" })).toEqual([
      [`a recording of tickwire ${header.tickwire} on node 18.1.0 is replayed by ${here}`, options],
    ]);
    warned.mockRestore();
  });

  test("plays datagrams and lookups, with what failed", async () => {
    const play = async (
      transport: Transport,
      queries: readonly NameQuery[],
      wait: (isThere: () => boolean) => unknown,
    ) => {
      const poller = new Poller();
      const socket = poller.bind(transport, lines());
      const lookup = poller.lookup(queries[0] as NameQuery);
      const unknown = poller.lookup(queries[1] as NameQuery);
      const got: string[] = [];
      let join = "";
      let nowMs = 0;
      const tick = (): boolean => {
        poller.poll((nowMs += 10));
        if (socket.state === "open" && socket.address !== undefined && got.length < 3)
          socket.trySendTo(`hello ${got.length}`, socket.address);
        for (const one of iterate(socket)) got.push(one);
        if (got.length >= 3 && join === "") join = messageOf(() => socket.join("not an address"));
        poller.flush();
        return got.length >= 3 && lookup.state !== "pending";
      };
      await wait(tick);
      return { got, join, found: lookup.tryResult(), failed: unknown.failure };
    };
    const recording = new Recording();
    const first = await play(
      recorded(udp({ host: "127.0.0.1" }), recording),
      [recorded(dns({ host: "127.0.0.1" }), recording), recorded({ ask: fail }, recording)],
      until,
    );
    recording.close();
    const replay = replayed(Recording.fromBytes(recording.toBytes()));
    const again = await play(replay.transport, replay.queries, (tick) => {
      for (const _ of replay.times) tick();
    });
    expect(replay.divergence).toBeUndefined();
    expect(again).toEqual(first);
    expect(first.got.length).toBeGreaterThan(2);
    expect(first.join).toMatch(/E|invalid/);
    expect(first.found?.map(formatAddress)).toEqual(["127.0.0.1:0"]);
    expect(first.failed).toEqual({ kind: "unknown-host", message: "nobody", cause: new Error("none") });
    expect(again.failed?.cause).toBeInstanceOf(Error);
  });

  test("has the transports in the order of their recording, and throws without one", () => {
    const recording = new Recording();
    recorded(memory(), recording);
    const { framing } = recorded({ ...tcp({ port: 0 }), framing: "message" } as Transport, recording);
    const replay = replayed(recording);
    expect(framing).toBe("message");
    expect(replay.transports.map((one) => [Object.keys(one).sort(), one.framing])).toEqual([
      [["bind", "connect", "listen", "pump"], undefined],
      [["connect", "framing", "listen", "pump"], "message"],
    ]);
    expect(() => replayed(new Recording()).transport).toThrow(RangeError);
  });
});

function fail(answer: NameAnswer): void {
  const cause = new Error("none");
  setImmediate(() => answer.failed({ kind: "unknown-host", message: "nobody", cause }));
}

function* iterate(socket: { tryRecv(): string | undefined }): Generator<string> {
  for (let got = socket.tryRecv(); got !== undefined; got = socket.tryRecv()) yield got;
}

function messageOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("the pace of a replay", () => {
  test("is the game's: frames that wait for activity and frames without a wait show the same", async () => {
    const recording = new Recording();
    const wire = memory({ pieceBytes: 5 });
    const slow = conditioned(wire, { latencyMs: 7, jitterMs: 9 });
    const server = new EchoServer(recorded(slow, recording));
    const player = new Poller();
    const near = player.connect(wire, lines());
    for (let nowMs = 0; nowMs < 400; nowMs += 5) {
      server.tick(nowMs);
      player.poll(nowMs);
      near.trySend(`at ${nowMs}`);
      while (near.tryRecv() !== undefined);
      player.flush();
      await waitForActivity(server.poller, 0); // pumps between two frames
    }
    recording.close();
    expect(server.said.length).toBeGreaterThan(60);
    for (const waits of [false, true]) {
      const replay = replayed(Recording.fromBytes(recording.toBytes()));
      const again = new EchoServer(replay.transport);
      for (const nowMs of replay.times) {
        again.tick(nowMs);
        if (waits) await waitForActivity(again.poller, 1);
      }
      expect(replay.divergence?.message).toBeUndefined();
      expect([again.said, again.listener.stats]).toEqual([server.said, server.listener.stats]);
    }
  });
});
