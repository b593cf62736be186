/**
 * A connection only moves forward: calls that come twice, too late or before it is
 * open, and events that the link queues between a call and the frame that shows them.
 */
import { describe, expect, test } from "vitest";
import { type CloseReason, type ConnectOptions, lines, Poller } from "../../../src/index.ts";
import { lineRig, take } from "../../rig.ts";
import { ScriptedLink } from "../scripted-link.ts";

const RESET: CloseReason = { kind: "reset", message: "the peer reset the connection" };
const REFUSED: CloseReason = { kind: "refused", message: "nobody listens there" };
const OVER: CloseReason = { kind: "local", message: "both have ended" };

/** A connection that is not open yet, with the events that its poller tells of it. */
function connecting(options: ConnectOptions = {}, link: ScriptedLink = new ScriptedLink()) {
  const poller = new Poller();
  const told: string[] = [];
  for (const type of ["open", "drain", "close"] as const) poller.on(type, () => void told.push(type));
  const near = poller.connect({ connect: () => link }, lines(), options);
  return { link, poller, near, told };
}

function opened(options: ConnectOptions = {}, link: ScriptedLink = new ScriptedLink()) {
  const parts = connecting(options, link);
  link.events.opened();
  parts.poller.poll(0);
  return parts;
}

describe("a connection that is not open yet", () => {
  test("and fails was never open: no event and no count says so", () => {
    const { link, poller, near, told } = connecting();
    link.events.closed(REFUSED);
    expect(poller.poll(0)).toMatchObject({ opened: 0, closed: 1 });
    expect([told, near.state, near.closeReason]).toEqual([["close"], "closed", REFUSED]);
  });

  test("and breaks behind its first messages was open for them", () => {
    const { link, poller, near, told } = connecting();
    link.events.opened();
    link.say("welcome");
    link.events.closed(RESET);
    expect(poller.poll(0)).toMatchObject({ opened: 1, closed: 0, received: 1 });
    expect([near.state, take(near), told]).toEqual(["closing", ["welcome"], ["open"]]);
  });

  test("writes nothing, and after close() sends what was queued, and its end, once it is open", () => {
    const { link, poller, near, told } = connecting({ closeTimeoutMs: 1_000 });
    near.trySend("just this");
    near.close();
    for (const nowMs of [0, 400]) {
      poller.poll(nowMs);
      poller.flush();
      expect([near.state, link.written, link.ends.length]).toEqual(["closing", "", 0]);
    }
    link.events.opened();
    poller.poll(500);
    poller.flush();
    expect(link.written).toBe("just this\n");
    expect(link.ends).toEqual([expect.objectContaining({ kind: "local" })]);
    link.events.closed(OVER);
    poller.poll(501);
    expect([near.closeReason?.kind, told]).toEqual(["local", ["close"]]);
  });

  test("and that end() has ended sends what was queued, and tells no open event, as it is closing", () => {
    const { link, poller, near, told } = connecting();
    near.trySend("question");
    near.end();
    poller.flush();
    expect([near.state, link.written]).toEqual(["closing", ""]);
    link.events.opened();
    expect(poller.poll(0).opened).toBe(0);
    poller.flush();
    expect([near.state, link.written, told]).toEqual(["closing", "question\n", []]);
  });

  test.each(["opened", "opened and ended", "opened and broken"])(
    "is not ended by a signal once its link has %s, though no frame has shown it",
    (what) => {
      const controller = new AbortController();
      const { link, poller, near } = connecting({ signal: controller.signal });
      link.events.opened();
      if (what.endsWith("ended")) link.events.ended();
      if (what.endsWith("broken")) link.events.closed(RESET);
      controller.abort();
      poller.poll(0);
      poller.flush();
      link.events.closed(OVER);
      poller.poll(1);
      const kinds = { opened: "local", "opened and ended": "remote", "opened and broken": "reset" };
      expect(near.closeReason?.kind).toBe(kinds[what as keyof typeof kinds]);
      expect(link.isCut).toBe(false);
    },
  );
});

describe("a call that comes again, or too late", () => {
  test.each(["end", "close", "abort"] as const)("%s() leaves a closed connection as it is", (call) => {
    for (const first of ["close", "abort", "the peer's reset"] as const) {
      const { link, poller, near, told } = opened();
      if (first === "the peer's reset") link.events.closed(RESET);
      else near[first]();
      poller.poll(0);
      link.events.closed(OVER);
      poller.poll(1);
      expect(near.state).toBe("closed");
      const ends = link.ends.length;
      for (let again = 0; again < 2; again++) {
        near[call]();
        expect([near.state, poller.poll(2 + again).closed]).toEqual(["closed", 0]);
        poller.flush();
      }
      expect([told, link.ends.length]).toEqual([["open", "close"], ends]);
    }
  });

  test("end() leaves a connection as it is that is ending or closing already", () => {
    const { link, poller, near } = opened();
    let halves = 0;
    link.endSending = () => void halves++;
    for (let again = 0; again < 3; again++) {
      near.end();
      poller.poll(again);
    }
    expect([near.state, halves]).toEqual(["closing", 1]);
    near.close();
    poller.poll(3);
    near.end();
    poller.poll(4);
    link.events.closed(OVER);
    poller.poll(5);
    expect([near.state, halves, link.ends.length]).toEqual(["closed", 1, 1]);
  });

  test.each(["before its end was sent", "after it"])(
    "close() %s gives a close no more time, and sends no second end",
    (when) => {
      const { link, poller, near } = opened({ closeTimeoutMs: 1_000 });
      near.close();
      if (when === "before its end was sent") near.close();
      poller.poll(0);
      poller.poll(600);
      near.close();
      poller.poll(999);
      expect([near.state, link.ends.length]).toEqual(["closing", 1]);
      poller.poll(1_000);
      expect([near.state, near.closeReason?.code]).toEqual(["closed", "closeTimeoutMs"]);
    },
  );

  test("close() of a peer at fault, whose end was not sent yet, gives it no more time", () => {
    const { link, poller, near } = opened({ faultTimeoutMs: 300, closeTimeoutMs: 5_000 });
    link.events.received(Uint8Array.of(0xff, 0x0a));
    poller.poll(0);
    near.close();
    poller.poll(299);
    expect([near.state, link.ends]).toEqual(["closing", [near.closeReason]]);
    poller.poll(300);
    expect([near.state, near.closeReason?.kind, link.isCut]).toEqual(["closed", "protocol", true]);
  });

  test("abort() cuts no link that is gone already, and its reason stays the link's own", () => {
    const { link, poller, near } = opened();
    link.say("last words");
    link.events.closed(RESET);
    poller.poll(0);
    near.abort();
    expect([near.state, near.closeReason, link.isCut]).toEqual(["closed", RESET, false]);
    expect(poller.poll(1).closed).toBe(1);
  });

  test("a flush writes nothing to a link that has closed since", () => {
    const { link, poller, near } = opened();
    near.trySend("too late");
    link.events.closed(RESET);
    poller.flush();
    expect([link.written, near.state]).toEqual(["", "open"]);
    poller.poll(0);
    expect([near.state, near.pendingBytes]).toEqual(["closed", 0]);
  });
});

describe("a closing connection", () => {
  test("tells no drain event, as nothing more can be sent", () => {
    const { link, poller, near, told } = opened({ sendLimitBytes: 12 });
    link.isStuck = true;
    near.trySend("12345678");
    expect(near.trySend("12345678")).toBe(false);
    near.close();
    poller.poll(0);
    link.take(9);
    poller.poll(1);
    expect([near.state, told]).toEqual(["closing", ["open"]]);
  });

  test.each([
    ["this side's transport", undefined, OVER],
    ["the peer", (link: ScriptedLink) => link.events.ended(), undefined],
  ])("that was ended by %s has its reason before its last message is taken", (_, end, reason) => {
    const { link, poller, near } = opened();
    link.say("last words");
    end?.(link);
    link.events.closed(OVER);
    poller.poll(0);
    expect(near.state).toBe("closing");
    expect(near.closeReason).toMatchObject(reason ?? { kind: "remote" });
    const first = near.closeReason;
    expect(take(near)).toEqual(["last words"]);
    poller.poll(1);
    expect([near.state, near.closeReason]).toEqual(["closed", first]);
  });
});

describe("the peer's end", () => {
  test("puts a connection that may still be answered among the ready ones, once", () => {
    const link = Object.assign(new ScriptedLink(), { allowHalfOpen: true });
    const { poller, near } = opened({}, link);
    poller.poll(0);
    link.events.ended();
    poller.poll(1);
    expect([near.state, near.recvEnded, [...poller.ready]]).toEqual(["open", true, [near]]);
    poller.poll(2);
    expect([...poller.ready]).toEqual([]);
    expect(near.trySend("answer")).toBe(true);
    poller.flush();
    expect(link.written).toBe("answer\n");
  });

  test("for a reason of its own is answered by none, whatever the link allows", () => {
    const link = Object.assign(new ScriptedLink(), { allowHalfOpen: true });
    const { poller, near } = opened({}, link);
    link.events.ended({ kind: "denied", message: "the server is full" });
    poller.poll(1);
    expect([near.state, near.closeReason?.kind, near.trySend("answer")]).toEqual([
      "closing",
      "denied",
      false,
    ]);
  });
});

describe("what the link knows of itself", () => {
  test("is the connection's from the frame that shows it open, and stays after the close", () => {
    const known = {
      localAddress: { host: "127.0.0.1", port: 40_000 },
      remoteAddress: { host: "127.0.0.1", port: 7_777 },
      failedAttempts: [{ address: { host: "::1", port: 7_777 }, reason: REFUSED }],
      security: { protocol: "TLSv1.3" },
    };
    const link = new ScriptedLink();
    Object.assign(link, known);
    const { poller, near } = connecting({}, link);
    const seen = () => {
      const { localAddress, remoteAddress, failedAttempts, security } = near;
      return { localAddress, remoteAddress, failedAttempts, security };
    };
    const nothing = { localAddress: undefined, remoteAddress: undefined, security: undefined };
    expect(seen()).toEqual({ ...nothing, failedAttempts: [] });
    link.events.opened();
    expect(seen()).toEqual({ ...nothing, failedAttempts: [] });
    poller.poll(0);
    expect(seen()).toEqual(known);
    link.events.closed(RESET);
    poller.poll(1);
    expect(seen()).toEqual(known);
  });
});

describe("an open connection that nothing happens to", () => {
  test("has no deadline on either side, also before it is accepted", () => {
    const rig = lineRig();
    rig.connect();
    rig.pollBoth();
    expect([rig.server.dueInMs(), rig.client.dueInMs()]).toEqual([Infinity, Infinity]);
    expect(rig.listener.tryAccept()).toBeDefined();
    rig.pollBoth();
    expect([rig.server.dueInMs(), rig.client.dueInMs()]).toEqual([Infinity, Infinity]);
  });

  test("is ready once in a frame, however often its link reports", () => {
    const { link, poller, near } = opened();
    for (const text of ["one", "two", "three"]) link.say(text);
    expect(poller.poll(1).received).toBe(3);
    expect([[...poller.ready], take(near).length]).toEqual([[near], 3]);
  });

  test("costs no later flush once all it sent has left", () => {
    const { link, poller, near } = opened();
    near.trySend("once");
    poller.flush();
    let flushes = 0;
    const { flush } = near;
    near.flush = () => {
      flushes++;
      flush.call(near);
    };
    for (let frame = 1; frame < 5; frame++) {
      poller.poll(frame);
      poller.flush();
    }
    expect([flushes, link.written]).toEqual([0, "once\n"]);
  });
});
