/** What of an open connection runs against time: each deadline, by stepping frames. */
import { describe, expect, test } from "vitest";
import {
  bytes,
  type Connection,
  type ListenOptions,
  lines,
  type MemoryOptions,
  Poller,
} from "../../../src/index.ts";
import { lineRig, Rig, take } from "../../rig.ts";
import { ScriptedLink } from "../scripted-link.ts";

describe("the first message", () => {
  test("has to come whole within its deadline, counted from the frame that shows the connection", () => {
    const rig = new RawPeerRig({ firstMessageTimeoutMs: 500 });
    rig.pollServer(400);
    const { near, far } = rig.rawPair();
    near.trySend("half", false);
    pass(rig, 499);
    expect(far.state).toBe("open");
    pass(rig, 1);
    expect(far.closeReason).toMatchObject({
      kind: "timeout",
      code: "firstMessageTimeoutMs",
      message: "the peer sent no whole message within 500 ms",
    });
    rig.pollClient();
    expect(near.connection.closeReason?.kind).toBe("reset");
  });

  test("that has come is enough, however silent the peer is then", () => {
    const rig = new RawPeerRig({ firstMessageTimeoutMs: 500 });
    const { near, far } = rig.rawPair();
    near.trySend("here");
    pass(rig, 100);
    pass(rig, 900);
    pass(rig, 900);
    expect([far.state, take(far)]).toEqual(["open", ["here"]]);
  });

  test("holds for connections that wait to be accepted too", () => {
    const rig = new RawPeerRig({ firstMessageTimeoutMs: 500 });
    rig.connect();
    rig.pollServer();
    pass(rig, 500);
    const accepted = rig.listener.tryAccept();
    pass(rig, 1);
    expect(accepted?.closeReason?.code).toBe("firstMessageTimeoutMs");
  });

  test("that lies unread when the deadline passes came in time", () => {
    const rig = new RawPeerRig({ firstMessageTimeoutMs: 500 });
    const { near, far } = rig.rawPair();
    pass(rig, 499);
    near.trySend("in time");
    pass(rig, 400);
    expect([far.state, take(far)]).toEqual(["open", ["in time"]]);
  });
});

describe("a message that has begun", () => {
  test("has to be finished within its deadline, however many bytes dribble in", () => {
    const rig = new RawPeerRig({ partialMessageTimeoutMs: 1_000 });
    const { near, far } = rig.rawPair();
    near.trySend("whole");
    near.trySend("a", false);
    for (let count = 0; count < 9; count++) {
      pass(rig, 100);
      near.trySend("b", false);
    }
    pass(rig, 100);
    expect(far.state).toBe("open");
    pass(rig, 100);
    expect(far.state).toBe("closing");
    expect(take(far)).toEqual(["whole"]); // what came before stays good
    pass(rig, 1);
    expect(far.closeReason).toMatchObject({ kind: "timeout", code: "partialMessageTimeoutMs" });
  });

  test("is another one once the first is whole", () => {
    const rig = new RawPeerRig({ partialMessageTimeoutMs: 1_000 });
    const { near, far } = rig.rawPair();
    for (let count = 0; count < 10; count++) {
      near.trySend("begun…", false);
      pass(rig, 600);
      near.trySend("…done");
      pass(rig, 1);
    }
    expect(far.state).toBe("open");
    expect(take(far)).toHaveLength(10);
  });

  test("behind the first one is counted from the frame that saw it, however long the poller has run", () => {
    const line = new ScriptedLink();
    const poller = new Poller({ partialMessageTimeoutMs: 500 });
    for (let second = 0; second <= 5; second++) poller.poll(second * 1_000);
    const connection = poller.connect({ connect: () => line }, lines());
    line.events.opened();
    line.events.received(new TextEncoder().encode("whole\nha"));
    poller.poll(5_100);
    line.events.received(new TextEncoder().encode("l"));
    poller.poll(5_599);
    expect([connection.state, take(connection)]).toEqual(["open", ["whole"]]);
    poller.poll(5_600);
    expect(connection.closeReason?.code).toBe("partialMessageTimeoutMs");
  });

  test("closes by default after ten seconds", () => {
    const rig = new RawPeerRig({});
    const { near, far } = rig.rawPair();
    near.trySend("slow loris", false);
    for (let frame = 0; frame < 10; frame++) pass(rig, 1_000);
    expect(far.state).toBe("open");
    pass(rig, 1_000);
    expect(far.closeReason?.code).toBe("partialMessageTimeoutMs");
  });

  test("is no matter of a codec that does not say what it holds", () => {
    const rig = lineRig();
    const near = rig.client.connect(rig.wire, bytes(), { partialMessageTimeoutMs: 1 });
    rig.pollBoth();
    rig.listener.tryAccept()?.trySend("a piece");
    rig.server.flush();
    for (let frame = 0; frame < 9; frame++) rig.pollBoth(500);
    expect(near.state).toBe("open");
  });
});

describe("the idle deadline", () => {
  test("closes who sends nothing at all, and any byte counts as life", () => {
    const rig = new RawPeerRig({ idleTimeoutMs: 1_000, partialMessageTimeoutMs: Infinity });
    const { near, far } = rig.rawPair();
    for (let count = 0; count < 20; count++) {
      pass(rig, 900);
      near.trySend("x", false);
    }
    pass(rig, 900);
    expect(far.state).toBe("open");
    pass(rig, 999);
    expect(far.state).toBe("open");
    pass(rig, 1);
    expect(far.closeReason).toMatchObject({ kind: "timeout", code: "idleTimeoutMs" });
    expect(far.closeReason?.message).toBe("nothing came from the peer within 1000 ms");
  });

  test("begins when the connection arrives, however long the server has run", () => {
    const rig = new RawPeerRig({ idleTimeoutMs: 500 });
    for (let frame = 0; frame < 20; frame++) rig.pollServer(100);
    const { far } = rig.rawPair();
    pass(rig, 499);
    expect(far.state).toBe("open");
    pass(rig, 1);
    expect(far.closeReason?.code).toBe("idleTimeoutMs");
  });

  test("runs on a side that connects too, and not before it is open", () => {
    const rig = lineRig();
    rig.wire.hold();
    const near = rig.connect({ idleTimeoutMs: 100 });
    rig.pollBoth(50);
    rig.pollBoth(99);
    expect(near.state).toBe("open");
    rig.pollBoth(1);
    rig.pollBoth(1);
    expect(near.closeReason?.code).toBe("idleTimeoutMs");
  });

  test("does not run against a peer that has finished and is only answered", () => {
    const rig = new RawPeerRig({ idleTimeoutMs: 100 }, { allowHalfOpen: true });
    const { near, far } = rig.rawPair();
    near.connection.end();
    rig.client.flush();
    for (let frame = 0; frame < 5; frame++) pass(rig, 90);
    expect([far.state, far.recvEnded]).toEqual(["open", true]);
  });

  test("gives way to the close deadline once this side closes", () => {
    const rig = new RawPeerRig({ idleTimeoutMs: 100, closeTimeoutMs: 300 });
    const { far } = rig.rawPair();
    rig.wire.hold();
    far.trySend("goodbye");
    far.close();
    rig.server.flush();
    pass(rig, 0);
    pass(rig, 150);
    pass(rig, 149);
    expect(far.state).toBe("closing");
    pass(rig, 1);
    expect(far.closeReason).toMatchObject({ kind: "timeout", code: "closeTimeoutMs" });
  });
});

describe("a late frame", () => {
  test("throws nobody out: a stall of any length counts for maxFrameMs, and what the peers sent is received first", () => {
    const limits = { idleTimeoutMs: 2_000, firstMessageTimeoutMs: 500, partialMessageTimeoutMs: 300 };
    const rig = new RawPeerRig(limits);
    const pairs = Array.from({ length: 5 }, () => rig.rawPair());
    for (const { near } of pairs) near.trySend("begun", false);
    rig.pollServer();
    // A debugger stops the server for an hour. It reads nothing, and the first poll comes before the reading.
    rig.time += 3_600_000;
    rig.server.poll(rig.time);
    expect(pairs.map(({ far }) => far.state)).toEqual(pairs.map(() => "open"));
    for (const { near } of pairs) near.trySend(", and done");
    rig.pollServer(16);
    expect(pairs.map(({ far }) => take(far))).toEqual(pairs.map(() => ["begun, and done"]));
    expect(pairs.map(({ far }) => far.state)).toEqual(pairs.map(() => "open"));
  });

  test("does not help who is really gone: the frames after it judge", () => {
    const rig = new RawPeerRig({ idleTimeoutMs: 500 });
    const { far } = rig.rawPair();
    rig.pollServer();
    rig.pollServer(60_000);
    expect(far.state).toBe("open");
    rig.pollServer(16);
    expect(far.closeReason?.code).toBe("idleTimeoutMs");
  });

  test("after late frame ends them too, where every frame is late", () => {
    const rig = new RawPeerRig({ idleTimeoutMs: 2_500 });
    const { far } = rig.rawPair();
    rig.pollServer();
    for (let frame = 0; frame < 2; frame++) rig.pollServer(60_000);
    expect(far.state).toBe("open");
    rig.pollServer(60_000);
    expect(far.closeReason?.code).toBe("idleTimeoutMs");
  });
});

describe("what is unsent", () => {
  test("for too long closes with overflow, however small it is", () => {
    const rig = lineRig({ listen: { unsentTimeoutMs: 1_000 } });
    const { far } = rig.pair();
    rig.wire.hold();
    far.trySend("nobody takes this");
    rig.server.flush();
    rig.pollServer(999);
    expect(far.state).toBe("open");
    rig.pollServer(1);
    expect(far.closeReason).toMatchObject({ kind: "overflow", code: "unsentTimeoutMs" });
  });

  test("is nothing where the link takes all at once, and runs against no deadline", () => {
    const rig = lineRig({ listen: { unsentTimeoutMs: 500 } });
    const { far } = rig.pair();
    for (let frame = 0; frame < 4; frame++) {
      far.trySend("taken at once");
      rig.server.flush();
      expect([far.pendingBytes, rig.server.dueInMs()]).toEqual([0, Infinity]);
      rig.pollServer(400);
    }
    expect(far.state).toBe("open");
  });

  test("is judged by its oldest byte: a peer that is slow but takes some is kept", () => {
    const rig = lineRig({ listen: { unsentTimeoutMs: 1_000 } });
    const { near, far } = rig.pair();
    rig.wire.hold();
    for (let frame = 0; frame < 100; frame++) {
      far.trySend("123456789");
      rig.server.flush();
      if (frame >= 8) rig.wire.release(10); // always 80 to 90 bytes and 800 to 900 ms behind
      rig.pollServer(100);
    }
    expect(far.state).toBe("open");
    for (let frame = 0; frame < 30; frame++) {
      far.trySend("123456789");
      rig.server.flush();
      rig.wire.release(6); // and now it falls behind
      rig.pollServer(100);
    }
    expect(far.closeReason?.code).toBe("unsentTimeoutMs");
    rig.pollClient();
    expect(near.state).toBe("closing");
  });

  test.each([
    ["replaced", {}],
    ["dropped", { sendOverflow: "drop-oldest", sendLimitBytes: 40 } as const],
  ])("is no older than what was %s last: a peer that takes some now and then is kept", (_, options) => {
    const line = new ScriptedLink();
    line.isStuck = true;
    const poller = new Poller({ unsentTimeoutMs: 1_000, ...options });
    const connection = poller.connect({ connect: () => line }, lines());
    line.events.opened();
    for (let frame = 0; frame < 100; frame++) {
      poller.poll(frame * 100);
      if ("sendOverflow" in options) connection.trySend("0123456789");
      else connection.trySendLatest("position", "0123456789");
      poller.flush();
      if (frame % 7 === 6) line.take(line.unsentBytes); // what it takes was sent in the last 700 ms
    }
    expect(connection.state).toBe("open");
    for (let frame = 100; frame < 125; frame++) {
      poller.poll(frame * 100);
      connection.trySendLatest("position", "0123456789");
      poller.flush();
    }
    expect(connection.closeReason?.code).toBe("unsentTimeoutMs");
  });

  test("while it connects is a matter of the connect deadline alone", () => {
    const rig = lineRig();
    rig.wire.hold();
    const near = rig.connect({ unsentTimeoutMs: 10, timeoutMs: 1_000 });
    near.trySend("early");
    rig.client.flush();
    expect(near.state).toBe("connecting");
    rig.pollClient(50);
    rig.pollClient(5);
    expect(near.state).toBe("open");
  });
});

describe("a link that is paused by the receive limit", () => {
  test("is ended after its deadline, and what had arrived can still be taken", () => {
    const rig = new RawPeerRig({ receiveLimitBytes: 200, pauseTimeoutMs: 2_000, idleTimeoutMs: 300 });
    const { near, far } = rig.rawPair();
    for (const text of ["one", "two", "three"]) near.trySend(text);
    pass(rig, 1);
    expect(far.stats.pauses).toBe(1);
    for (let frame = 0; frame < 19; frame++) pass(rig, 100);
    expect(far.state).toBe("open"); // nor idle: nothing can be received from it
    pass(rig, 100);
    expect(far.state).toBe("closing");
    expect(take(far)).toEqual(["one", "two", "three"]);
    pass(rig, 1);
    expect(far.closeReason).toMatchObject({ kind: "overflow", code: "pauseTimeoutMs" });
  });

  test("begins to count anew when it has read on in between", () => {
    const rig = new RawPeerRig({ receiveLimitBytes: 200, pauseTimeoutMs: 1_000 });
    const { near, far } = rig.rawPair();
    for (let round = 0; round < 10; round++) {
      for (const text of ["one", "two", "three"]) near.trySend(text);
      pass(rig, 1);
      pass(rig, 900);
      expect(take(far)).toHaveLength(3);
    }
    expect(far.stats.pauses).toBe(10);
    expect(far.state).toBe("open");
  });

  test("owes no end of its message while it is paused, and is given the whole time again after", () => {
    const limits = { receiveLimitBytes: 200, partialMessageTimeoutMs: 300, pauseTimeoutMs: Infinity };
    const rig = new RawPeerRig(limits);
    const { near, far } = rig.rawPair();
    for (const text of ["one", "two", "three"]) near.trySend(text);
    near.trySend("begun", false);
    for (let frame = 0; frame < 20; frame++) pass(rig, 100);
    expect([far.state, take(far).length]).toEqual(["open", 3]);
    pass(rig, 299);
    near.trySend(" and done");
    pass(rig, 1);
    expect(take(far)).toEqual(["begun and done"]);
  });

  test.each([
    ["idleTimeoutMs", "a\nb\n"],
    ["partialMessageTimeoutMs", "a\nb\nhalf"],
  ])("is given the whole of %s again when a connection that was held reads on", (name, text) => {
    const line = new ScriptedLink();
    const poller = new Poller({ receiveLimitBytes: 100, [name]: 500 });
    const connection = poller.connect({ connect: () => line }, lines());
    line.events.opened();
    poller.poll(0);
    line.events.received(new TextEncoder().encode(text));
    poller.poll(10);
    connection.hold();
    for (let ms = 20; ms <= 900; ms += 10) poller.poll(ms);
    connection.release();
    expect(take(connection)).toEqual(["a", "b"]);
    for (let ms = 910; ms < 1_400; ms += 10) poller.poll(ms);
    expect(connection.state).toBe("open");
    for (let ms = 1_400; ms < 2_500; ms += 10) poller.poll(ms);
    expect(connection.closeReason?.code).toBe(name);
  });

  test("is asked once a second whether its peer is there, and only while it is paused", () => {
    const line = new ScriptedLink();
    const poller = new Poller({ receiveLimitBytes: 100, maxFrameMs: 10_000 });
    const connection = poller.connect({ connect: () => line }, lines());
    line.events.opened();
    poller.poll(0);
    poller.poll(5_000);
    expect(line.probes).toBe(0);
    line.say("one");
    line.say("two");
    poller.poll(5_100);
    poller.poll(6_099);
    expect(line.probes).toBe(0);
    poller.poll(6_100);
    poller.poll(6_900);
    expect(line.probes).toBe(1);
    line.answer = { kind: "reset", message: "the peer reset the connection" };
    poller.poll(7_100);
    expect([line.probes, connection.state]).toEqual([2, "closing"]);
    expect(take(connection)).toEqual(["one", "two"]);
    poller.poll(7_200);
    expect(connection.closeReason?.kind).toBe("reset");
    poller.poll(9_000);
    expect(line.probes).toBe(2);
  });
});

describe("a link", () => {
  test("is asked for what it holds back when its peer seems silent, and for a life sign when it is paused alone", () => {
    const line = new ScriptedLink();
    let asked = 0;
    Object.assign(line, { reportPartial: () => void asked++ });
    const limits = { idleTimeoutMs: 900, firstMessageTimeoutMs: 5_000, partialMessageTimeoutMs: 400 };
    const poller = new Poller(limits);
    const connection = poller.connect({ connect: () => line }, lines());
    line.events.opened();
    poller.poll(0);
    for (let nowMs = 500; nowMs <= 3_000; nowMs += 500) {
      line.say("still here"); // so that each deadline that was set comes too early
      poller.poll(nowMs);
      poller.poll(nowMs + 400);
    }
    line.events.received(new TextEncoder().encode("half"));
    poller.poll(3_450);
    poller.poll(3_850);
    expect(connection.closeReason?.code).toBe("partialMessageTimeoutMs");
    expect([asked, line.probes]).toEqual([0, 0]);
  });

  test("that was paused and whose peer has ended is not asked again", () => {
    const line = new ScriptedLink();
    const poller = new Poller({ receiveLimitBytes: 100 });
    const connection = poller.connect({ connect: () => line }, lines());
    line.events.opened();
    poller.poll(0);
    for (const text of ["one", "two"]) line.say(text);
    line.events.ended();
    for (let nowMs = 0; nowMs < 5_000; nowMs += 500) poller.poll(nowMs);
    expect([line.probes, take(connection)]).toEqual([0, ["one", "two"]]);
  });
});

describe("a deadline on a connection that has none", () => {
  test("lets it live for a day of silence", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    for (let minute = 0; minute < 24 * 60; minute++) rig.pollBoth(60_000);
    expect([near.state, far.state]).toEqual(["open", "open"]);
  });
});

describe("maxMessageBytes", () => {
  test.each([
    ["in one piece", Infinity],
    ["byte by byte, before it is whole", 1],
  ])("refuses a longer message %s, and what came before stays good", (_, pieceBytes) => {
    const rig = lineRig({ wire: { pieceBytes }, listen: { maxMessageBytes: 8 } });
    const { near, far } = rig.pair();
    for (const text of ["1234567", "short", "12345678", "never"]) near.trySend(text);
    rig.client.flush();
    rig.pollServer();
    expect(take(far)).toEqual(["1234567", "short"]);
    rig.pollServer();
    rig.pollBoth();
    expect(far.closeReason).toMatchObject({ kind: "protocol", code: "maxMessageBytes" });
    expect(far.closeReason?.message).toMatch(/^a message of 9 bytes or more is over maxMessageBytes, 8$/);
  });
});

/** A rig whose clients are raw, so that a message can be begun and not finished. */
class RawPeerRig extends Rig {
  constructor(listen: ListenOptions, wire: MemoryOptions = {}) {
    super({ codec: lines(), wire, listen });
  }

  rawPair(): { near: Raw; far: Connection<string> } {
    const connection = this.client.connect(this.wire, bytes());
    this.pollBoth();
    const far = this.listener.tryAccept();
    if (far === undefined) throw new Error("no connection arrived");
    return { near: new Raw(this, connection), far };
  }
}

class Raw {
  readonly connection: Connection<Uint8Array>;
  readonly #rig: Rig;

  constructor(rig: Rig, connection: Connection<Uint8Array>) {
    this.#rig = rig;
    this.connection = connection;
  }

  trySend(text: string, isWhole = true): void {
    this.#rig.pollClient(); // what left is seen, and the next is not held back behind it
    this.connection.trySend(new TextEncoder().encode(isWhole ? `${text}\n` : text));
    this.#rig.client.flush();
  }
}

/** Lets `ms` pass on the server alone. */
function pass(rig: Pick<Rig, "pollServer">, ms: number): void {
  rig.pollServer(ms);
}
