import { describe, expect, test, vi } from "vitest";
import type { CloseReason, Link, LinkEvents, Transport } from "../../../src/index.ts";
import { type CloseKind, lines, memory, Poller } from "../../../src/index.ts";
import { lineRig, take } from "../../rig.ts";

describe("close()", () => {
  test("sends what was queued, then the end; both sides see their own reason", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("first");
    near.trySend("last");
    near.close();
    expect(near.state).toBe("closing");
    expect(near.closeReason?.kind).toBe("local");
    rig.client.flush();
    rig.pollClient();
    expect(near.state).toBe("closed");
    expect(near.closeReason?.kind).toBe("local");
    rig.pollServer();
    expect(far.state).toBe("open");
    expect(take(far)).toEqual(["first", "last"]);
    rig.pollServer();
    rig.pollServer();
    expect(far.state).toBe("closed");
    expect(far.closeReason?.kind).toBe("remote");
  });

  test("drops what was not taken, and what still comes", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    far.trySend("unread");
    rig.server.flush();
    rig.pollClient();
    near.close();
    expect(near.tryRecv()).toBeUndefined();
    far.trySend("too late");
    rig.server.flush();
    rig.pollBoth();
    expect(near.tryRecv()).toBeUndefined();
    expect(near.state).toBe("closed");
  });

  test("while connecting ends the attempt at once, unless something is to be sent first", () => {
    const rig = lineRig();
    const silent = rig.connect();
    silent.close();
    expect(silent.state).toBe("closed");
    const talker = rig.connect();
    talker.trySend("just this");
    talker.close();
    expect(talker.state).toBe("closing");
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    rig.listener.tryAccept(); // the silent one
    expect(rig.listener.tryAccept()?.tryRecv()).toBe("just this");
    expect(talker.closeReason?.kind).toBe("local");
  });

  test("is harmless when called again, or when it is over", () => {
    const rig = lineRig();
    const { near } = rig.pair();
    near.close();
    near.close();
    rig.pollClient();
    near.close();
    near.abort();
    expect(near.closeReason?.kind).toBe("local");
    expect(rig.client.stats.closed).toBe(1);
  });
});

describe("end()", () => {
  test("while connecting: what was sent leaves once it is open, and no deadline runs from then on", () => {
    const rig = lineRig();
    const near = rig.connect({ timeoutMs: 500 });
    near.trySend("question");
    near.end();
    rig.pollBoth();
    expect(near.remoteAddress).toEqual(rig.listener.address);
    rig.pollBoth();
    const far = rig.listener.tryAccept();
    expect(far?.tryRecv()).toBe("question");
    for (let frame = 0; frame < 10; frame++) rig.pollClient(1_000);
    expect(near.state).toBe("closing");
  });

  test("while connecting: an attempt that takes too long is told as one", () => {
    const poller = new Poller();
    const near = poller.connect(scripted().transport, lines(), { timeoutMs: 500 });
    poller.poll(0);
    near.end();
    poller.poll(501);
    expect(near.closeReason).toMatchObject({ kind: "timeout", message: expect.stringContaining("open") });
  });
});

describe("abort()", () => {
  test("is over at once, and the peer sees a reset after what it had", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("arrived");
    rig.client.flush();
    near.trySend("dropped");
    near.abort();
    expect(near.state).toBe("closed");
    expect(near.closeReason?.kind).toBe("local");
    expect(near.pendingBytes).toBe(0);
    expect(rig.pollClient().closed).toBe(1);
    rig.pollServer();
    expect(far.state).toBe("closing");
    expect(far.trySend("x")).toBe(false);
    expect(take(far)).toEqual(["arrived"]);
    expect(rig.pollServer().closed).toBe(1);
    expect(far.closeReason?.kind).toBe("reset");
  });
});

describe("the end of the peer", () => {
  test("is seen only after the last message was taken", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    for (const text of ["a", "b"]) near.trySend(text);
    near.close();
    rig.client.flush();
    for (let frame = 0; frame < 5; frame++) {
      rig.pollServer();
      expect(far.state).toBe("open");
    }
    expect(far.tryRecv()).toBe("a");
    rig.pollServer();
    expect(far.state).toBe("open");
    expect(far.tryRecv()).toBe("b");
    expect(far.state).toBe("open");
    rig.pollServer();
    expect(far.state).toBe("closing");
    rig.pollServer();
    expect(far.state).toBe("closed");
  });

  test("lets an answer to the last message leave", () => {
    // A link of our own: it has received the peer's end, and still writes.
    const wire = scripted();
    const poller = new Poller();
    const connection = poller.connect(wire.transport, lines());
    wire.tell((events) => events.opened());
    wire.tell((events) => events.received(new TextEncoder().encode("question\n")));
    wire.tell((events) => events.ended());
    poller.poll(0);
    expect(connection.tryRecv()).toBe("question");
    expect(connection.trySend("answer")).toBe(true);
    poller.flush();
    expect(wire.log).toEqual(["write answer\n"]);
    poller.poll(1);
    poller.flush();
    expect(wire.log).toEqual(["write answer\n", "end"]);
  });
});

describe("deadlines", () => {
  test("end an attempt to connect that takes too long, in polled time", () => {
    const wire = scripted();
    const poller = new Poller();
    const connection = poller.connect(wire.transport, lines(), { timeoutMs: 100 });
    poller.poll(0);
    poller.poll(99);
    expect(connection.state).toBe("connecting");
    expect(poller.poll(100).closed).toBe(1);
    expect(connection.closeReason).toMatchObject({
      kind: "timeout",
      message: "the connection did not open within 100 ms",
    });
    expect(wire.log).toEqual(["abort"]);
  });

  test("do not end an attempt that opened in time", () => {
    const wire = scripted();
    const poller = new Poller();
    const connection = poller.connect(wire.transport, lines(), { timeoutMs: 100 });
    poller.poll(0);
    wire.tell((events) => events.opened());
    poller.poll(500);
    expect(connection.state).toBe("open");
    poller.poll(1_500);
    expect(connection.state).toBe("open");
  });

  test("end a close whose bytes the peer does not take, with timeout", () => {
    const rig = lineRig();
    const { near } = rig.pair({ closeTimeoutMs: 50 });
    rig.wire.hold();
    near.trySend("never read");
    near.close();
    rig.client.flush();
    rig.pollClient();
    rig.pollClient(49);
    expect([near.state, near.closeReason?.kind]).toEqual(["closing", "local"]);
    rig.pollClient(1);
    expect(near.closeReason).toMatchObject({
      kind: "timeout",
      code: "closeTimeoutMs",
      message: "the peer did not take the last 11 bytes within 50 ms",
    });
  });

  test("end a close that only lacks the peer's own end, with timeout: nobody knows what it received", () => {
    const wire = scripted();
    const poller = new Poller();
    const connection = poller.connect(wire.transport, lines(), { closeTimeoutMs: 50 });
    wire.tell((events) => events.opened());
    poller.poll(0);
    connection.close();
    poller.flush();
    poller.poll(0);
    poller.poll(49);
    expect(connection.state).toBe("closing");
    poller.poll(50);
    expect(connection.closeReason).toMatchObject({
      kind: "timeout",
      code: "closeTimeoutMs",
      message: "the peer did not end its stream within 50 ms",
    });
    expect(wire.log).toEqual(["end", "abort"]);
  });

  test("are moved by a frame that was itself late: a stalled game times nobody out", () => {
    const wire = scripted();
    const poller = new Poller({ timeoutMs: 3_000 });
    const connection = poller.connect(wire.transport, lines());
    poller.poll(0);
    poller.poll(60_000); // a minute in the debugger counts as one second
    expect(connection.state).toBe("connecting");
    poller.poll(61_000);
    expect(connection.state).toBe("connecting");
    poller.poll(62_000);
    expect(connection.closeReason?.kind).toBe("timeout");
  });
});

describe("an AbortSignal", () => {
  test("ends the attempt, seen at the next poll", () => {
    const wire = scripted();
    const poller = new Poller();
    const controller = new AbortController();
    const connection = poller.connect(wire.transport, lines(), { signal: controller.signal });
    poller.poll(0);
    controller.abort(new Error("player left the menu"));
    expect(connection.state).toBe("connecting");
    poller.poll(1);
    expect(connection.closeReason).toMatchObject({
      kind: "aborted",
      cause: new Error("player left the menu"),
    });
    expect(wire.log).toEqual(["abort"]);
  });

  test("that is aborted already ends it at the first poll", () => {
    const rig = lineRig();
    const near = rig.connect({ signal: AbortSignal.abort() });
    // In memory the connection was there before the signal could be asked.
    rig.pollClient();
    expect(["open", "closed"]).toContain(near.state);
    const wire = scripted();
    const connection = rig.client.connect(wire.transport, lines(), { signal: AbortSignal.abort() });
    rig.pollClient();
    expect(connection.closeReason?.kind).toBe("aborted");
  });

  test("that is none is refused at the call, and nothing is begun", () => {
    const wire = scripted();
    const poller = new Poller();
    const connect = () => poller.connect(wire.transport, lines(), { signal: {} as never });
    expect(connect).toThrow(new TypeError("signal: expected an AbortSignal, got an object"));
    wire.tell(() => expect.unreachable());
    expect(poller.poll(0).closed).toBe(0);
  });

  test("has no effect once the connection is open", () => {
    const controller = new AbortController();
    const { near } = lineRig().pair({ signal: controller.signal });
    controller.abort();
    expect(near.state).toBe("open");
  });
});

describe("every way to end", () => {
  const endings: Record<CloseKind, (events: LinkEvents) => void> = {
    local: (events) => events.closed(reason("local")),
    remote: (events) => events.ended(),
    reset: (events) => events.closed(reason("reset")),
    refused: (events) => events.closed(reason("refused")),
    unreachable: (events) => events.closed(reason("unreachable")),
    "unknown-host": (events) => events.closed(reason("unknown-host")),
    "address-in-use": (events) => events.closed(reason("address-in-use")),
    handshake: (events) => events.closed(reason("handshake")),
    denied: (events) => events.closed(reason("denied")),
    timeout: (events) => events.closed(reason("timeout")),
    aborted: (events) => events.closed(reason("aborted")),
    overflow: (events) => events.closed(reason("overflow")),
    protocol: (events) => events.received(Uint8Array.of(0xff, 0x0a)),
    failed: (events) => events.closed(reason("failed")),
  };

  test.each(Object.entries(endings))(
    "%s: the state moves forward to closed, once, with that reason",
    (kind, end) => {
      for (const opensFirst of [true, false]) {
        const wire = scripted();
        const poller = new Poller();
        const closed: string[] = [];
        poller.on("close", (event) => closed.push(event.reason.kind));
        const connection = poller.connect(wire.transport, lines());
        const states: string[] = [connection.state];
        wire.tell((events) => events.opened());
        if (opensFirst) poller.poll(0);
        wire.tell(end);
        for (let frame = 1; frame < 4; frame++) {
          states.push(connection.state);
          poller.poll(frame);
          poller.flush();
        }
        wire.tell((events) => events.closed(reason("local")));
        poller.poll(5);
        states.push(connection.state);
        const order = ["connecting", "open", "closing", "closed"];
        expect(states.map((state) => order.indexOf(state))).toEqual(
          states.map((state) => order.indexOf(state)).sort((a, b) => a - b),
        );
        expect(connection.closeReason?.kind).toBe(kind);
        expect(connection.closeReason?.message).toBeTypeOf("string");
        expect(closed).toEqual([kind]);
        expect(connection.trySend("x")).toBe(false);
      }
    },
  );

  test("what breaks before our last bytes were even flushed is said too", () => {
    const rig = lineRig();
    const { near } = rig.pair();
    near.trySend("goodbye");
    near.close();
    rig.wire.cut();
    rig.pollClient();
    expect(near.closeReason?.kind).toBe("reset");
  });

  test("an end that came before the close deadline passed is no timeout, though both are seen in one frame", () => {
    const wire = scripted("slow");
    const poller = new Poller({ closeTimeoutMs: 100 });
    const connection = poller.connect(wire.transport, lines());
    wire.tell((events) => events.opened());
    poller.poll(0);
    connection.trySend("bye");
    connection.close();
    poller.flush();
    wire.tell((events) => events.drained(4));
    poller.poll(0);
    wire.tell((events) => events.closed(reason("local")));
    poller.poll(101);
    expect(connection.closeReason?.kind).toBe("local");
    expect(wire.log).toEqual(["write bye\n", "end"]);
  });

  test("bytes that left before the close deadline passed, and an end that was heard, are a clean close", () => {
    const wire = scripted("slow");
    const poller = new Poller({ closeTimeoutMs: 100 });
    const connection = poller.connect(wire.transport, lines());
    wire.tell((events) => events.opened());
    poller.poll(0);
    connection.trySend("bye");
    connection.close();
    poller.flush();
    poller.poll(0);
    wire.tell((events) => events.drained(4));
    wire.tell((events) => events.ended());
    poller.poll(101);
    expect(connection.closeReason?.kind).toBe("local");
  });

  test("what breaks while our last bytes are under way is said, not hidden behind our own close", () => {
    const rig = lineRig();
    const { near } = rig.pair();
    rig.wire.hold();
    near.trySend("goodbye");
    near.close();
    rig.client.flush();
    rig.wire.cut();
    rig.pollClient();
    expect(near.closeReason?.kind).toBe("reset");
  });
});

describe("poller.close()", () => {
  test("closes everything it owns, and refuses to begin anything new", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    const waiting = rig.connect();
    rig.pollBoth();
    near.trySend("x");
    rig.server.close();
    expect([rig.listener.state, far.state]).toEqual(["closed", "closing"]);
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect([far.state, near.state, waiting.state]).toEqual(["closed", "closed", "closed"]);
    expect(() => rig.server.listen(memory(), lines())).toThrow("poller: it is closed");
    expect(() => rig.server.connect(memory(), lines())).toThrow("poller: it is closed");
  });

  test("with `using` drops everything when the block ends", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    {
      using poller = rig.server;
      expect(poller).toBe(rig.server);
    }
    expect(far.state).toBe("closed");
    rig.pollClient();
    expect(near.closeReason?.kind).toBe("reset");
  });

  test("with `await using` ends within the deadline, also on a clock that stands still", async () => {
    const wire = scripted();
    const poller = new Poller({ clock: () => 1_000_000, closeTimeoutMs: 20 });
    const connection = poller.connect(wire.transport, lines());
    wire.tell((events) => events.opened());
    poller.poll();
    await poller[Symbol.asyncDispose]();
    expect(connection.closeReason?.code).toBe("closeTimeoutMs");
    expect(wire.log).toEqual(["end", "abort"]);
  });

  test.each([-1e9, 5, 1e9])(
    "with `await using` goes on from the time of the last frame, whatever clock that was on: %d",
    async (lastMs) => {
      const wire = scripted();
      const poller = new Poller({ closeTimeoutMs: 20 });
      poller.connect(wire.transport, lines());
      wire.tell((events) => events.opened());
      poller.poll(lastMs);
      const polls = vi.spyOn(poller, "poll");
      await poller[Symbol.asyncDispose]();
      const times = polls.mock.calls.map(([nowMs]) => nowMs ?? Number.NaN);
      expect(times.length).toBeGreaterThan(1);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      for (const nowMs of times) {
        expect(nowMs).toBeGreaterThan(lastMs);
        expect(nowMs).toBeLessThan(lastMs + 600_000);
      }
    },
  );

  test("with `await using` sends what is queued, and everything is closed afterwards", async () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    far.trySend("goodbye");
    await rig.server[Symbol.asyncDispose]();
    expect(far.state).toBe("closed");
    expect(far.closeReason?.kind).toBe("local");
    rig.pollClient();
    expect(take(near)).toEqual(["goodbye"]);
  });
});

/** A transport with one link, whose network is the test. A slow one keeps what is written until told. */
function scripted(pace: "quick" | "slow" = "quick") {
  const log: string[] = [];
  let events: LinkEvents | undefined;
  const link: Link = {
    localAddress: undefined,
    remoteAddress: undefined,
    allowHalfOpen: false,
    attach: (given) => {
      events = given;
    },
    write: (bytes) => log.push(`write ${new TextDecoder().decode(bytes)}`) > 0 && pace === "quick",
    pause: () => log.push("pause"),
    resume: () => log.push("resume"),
    end: () => log.push("end"),
    endSending: () => log.push("end sending"),
    abort: () => log.push("abort"),
  };
  const transport: Transport = { connect: () => link };
  const tell = (what: (events: LinkEvents) => void): void => {
    if (events !== undefined) what(events);
  };
  return { transport, log, tell };
}

function reason(kind: CloseKind): CloseReason {
  return { kind, message: `it ended: ${kind}` };
}
