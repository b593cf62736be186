/** Endings that are not the game's: what each does to bytes, messages, places and reasons, and its deadline. */
import { describe, expect, test } from "vitest";
import {
  bytes,
  type ConnectOptions,
  type ListenOptions,
  lines,
  Poller,
  type PollerOptions,
} from "../../../src/index.ts";
import { lineRig, take } from "../../rig.ts";
import { ScriptedLink } from "../scripted-link.ts";

describe("a peer at fault", () => {
  test.each([
    ["protocol", { maxMessageBytes: 8 }, "a message that is too long"],
    ["overflow", { messageRateHz: 1, receiveOverflow: "close" }, "three\nin\none"],
  ] as const)(
    "is closed with %s in the frame that sees it, and leaves the listener's connections",
    (kind, listen, sent) => {
      const { rig, far, link } = accepted(listen);
      far.trySend("sent before");
      link.say(sent);
      const frame = rig.pollServer();
      expect([far.state, far.closeReason?.kind]).toEqual(["closing", kind]);
      expect([rig.listener.connections.size, frame.closed, far.trySend("late")]).toEqual([0, 0, false]);
      rig.server.flush();
      expect([link.written, link.isCut]).toEqual(["sent before\n", false]);
      expect(link.ends).toEqual([far.closeReason]); // a WebSocket sends it in its close frame
    },
  );

  test("has a second to take what was sent before, and is reset then", () => {
    const { rig, far, link } = accepted({ maxMessageBytes: 8 });
    link.isStuck = true;
    far.trySend("sent before");
    link.say("a message that is too long");
    rig.pollServer();
    rig.server.flush();
    rig.pollServer(999);
    expect([far.state, link.isCut]).toEqual(["closing", false]);
    rig.pollServer(1);
    expect([far.state, link.isCut, far.closeReason?.kind]).toEqual(["closed", true, "protocol"]);
  });

  test("has the time that faultTimeoutMs says, as an option of all that a poller makes", () => {
    const { poller, near, link } = opened({ faultTimeoutMs: 300, maxMessageBytes: 8 });
    link.say("a message that is too long");
    poller.poll(0);
    poller.flush();
    poller.poll(299);
    expect(near.state).toBe("closing");
    poller.poll(300);
    expect([near.state, near.closeReason?.kind]).toEqual(["closed", "protocol"]);
    expect(() => new Poller({ faultTimeoutMs: -1 })).toThrow("faultTimeoutMs: expected milliseconds");
    expect(() => new Poller({ untakenTimeoutMs: -1 })).toThrow("untakenTimeoutMs: expected milliseconds");
  });

  test("is over earlier when its link is", () => {
    const { poller, near, link } = opened({ maxMessageBytes: 8 });
    link.say("a message that is too long");
    poller.poll(0);
    poller.flush();
    link.events.closed({ kind: "local", message: "both have ended" });
    expect(poller.poll(1).closed).toBe(1);
    expect([near.closeReason?.kind, link.isCut]).toEqual(["protocol", false]);
  });

  test("loses nothing that was good before the bad bytes: the messages can be taken, until they are", () => {
    const { poller, near, link } = opened({ maxMessageBytes: 8 });
    for (const text of ["a", "b", "a message that is too long", "c"]) link.say(text);
    poller.poll(0);
    poller.flush();
    for (const now of [500, 1_000, 20_000, 40_000]) poller.poll(now);
    expect([near.state, link.isCut, take(near)]).toEqual(["closing", true, ["a", "b"]]);
    expect(poller.poll(40_001).closed).toBe(1);
    expect([near.recvEnded, near.stats.lostReceived]).toEqual([false, 0]);
  });

  test("by too many messages: those that no frame has shown are dropped, and counted", () => {
    const { poller, near, link, losses } = opened({
      messageRateHz: 2,
      receiveLimitBytes: 10 * 66,
      pauseTimeoutMs: 500,
    });
    for (let count = 0; count < 100; count++) link.say("x");
    poller.poll(0);
    poller.poll(500);
    poller.poll(501);
    expect(near.closeReason?.code).toBe("pauseTimeoutMs");
    expect([take(near).length, losses]).toEqual([2, [8]]);
    for (let now = 1_000; now < 5_000; now += 500) poller.poll(now);
    expect([near.state, near.stats.receivedMessages, near.stats.lostReceived]).toEqual(["closed", 2, 8]);
  });

  test("that takes nothing of what is sent keeps what it said itself", () => {
    const { poller, near, link } = opened({ unsentTimeoutMs: 500 });
    link.isStuck = true;
    near.trySend("not taken");
    poller.flush();
    poller.poll(499);
    link.say("still speaking");
    poller.poll(500);
    expect([near.state, near.closeReason?.code]).toEqual(["closing", "unsentTimeoutMs"]);
    expect(take(near)).toEqual(["still speaking"]);
    poller.flush();
    expect([link.ends, link.isCut]).toEqual([[near.closeReason], false]); // it is told why, and given its time
    poller.poll(1_499);
    expect(link.isCut).toBe(false);
    poller.poll(1_500);
    expect([near.state, link.isCut]).toEqual(["closed", true]);
  });

  test("after end(): the connection is over although the peer never ends its stream", () => {
    const { poller, near, link } = opened({ maxMessageBytes: 8 });
    near.end();
    poller.flush();
    link.say("a message that is too long");
    poller.poll(0);
    expect([near.state, near.closeReason?.kind]).toEqual(["closing", "protocol"]);
    poller.flush();
    poller.poll(1_000);
    expect([near.state, link.ends.length, link.isCut]).toEqual(["closed", 1, true]);
  });

  test("before this side's close() was seen stays the reason, as it came first", () => {
    const { poller, near, link } = opened({ maxMessageBytes: 8 });
    link.say("a message that is too long");
    near.close();
    poller.poll(0);
    link.events.closed({ kind: "local", message: "both have ended" });
    poller.poll(1);
    expect(near.closeReason?.kind).toBe("protocol");
  });

  test("may be aborted and closed by the game meanwhile: its reason stays, and its link is ended once", () => {
    const { poller, near, link } = opened({ maxMessageBytes: 8 });
    for (const text of ["a", "a message that is too long"]) link.say(text);
    poller.poll(0);
    near.close();
    poller.flush();
    near.abort();
    near.abort();
    expect([near.state, near.closeReason?.kind, link.isCut]).toEqual(["closed", "protocol", true]);
    expect([poller.poll(1).closed, link.ends.length]).toEqual([1, 1]);
  });

  test("while it connects is dropped at once, as nothing was sent", () => {
    const poller = new Poller();
    const link = new ScriptedLink();
    const options = { sendLimitBytes: 10, sendOverflow: "close" } as const;
    const near = poller.connect({ connect: () => link }, lines(), options);
    expect([near.trySend("12345678"), near.trySend("123"), link.isCut]).toEqual([true, false, true]);
    expect(poller.poll(0).closed).toBe(1);
    expect(near.closeReason?.code).toBe("sendLimitBytes");
  });
});

describe("messages of a peer that is gone", () => {
  test.each([
    ["broke", { kind: "reset", message: "the peer reset the connection" } as const, "reset"],
    ["ended in an orderly way", undefined, "timeout"],
  ])("wait for untakenTimeoutMs after the link %s, and are dropped and counted then", (_, reset, kind) => {
    const { poller, near, link, losses } = opened({ untakenTimeoutMs: 500 });
    for (const text of ["a", "b", "c"]) link.say(text);
    if (reset === undefined) link.events.ended();
    else link.events.closed(reset);
    poller.poll(0);
    expect([near.tryRecv(), near.closeReason?.kind]).toEqual(["a", reset?.kind]);
    poller.poll(499);
    expect([near.state, near.stats.receivedMessages]).toEqual([reset === undefined ? "open" : "closing", 3]);
    poller.poll(500);
    poller.flush();
    expect([link.isCut, link.ends.length]).toEqual([false, reset === undefined ? 1 : 0]);
    if (reset === undefined) link.events.closed({ kind: "local", message: "both have ended" });
    poller.poll(501);
    expect([near.state, near.closeReason?.kind]).toEqual(["closed", kind]);
    if (reset === undefined) expect(near.closeReason).toMatchObject({ code: "untakenTimeoutMs" });
    expect([near.stats.lostReceived, losses, near.tryRecv()]).toEqual([2, [2], undefined]);
  });

  test("keep no place for ever in a server that takes none: each is closed after a minute", () => {
    const rig = lineRig({ listen: { maxConnections: 3 } });
    for (let stranger = 0; stranger < 3; stranger++) {
      const { near } = rig.pair();
      near.trySend("hello");
      rig.client.flush();
      near.abort();
    }
    rig.connect();
    rig.pollBoth();
    expect([rig.listener.connections.size, rig.listener.stats.dropped]).toEqual([3, 1]);
    for (let second = 0; second < 60; second++) rig.pollServer(1_000);
    expect(rig.listener.connections.size).toBe(0);
    expect(rig.listener.stats.lostReceived).toBe(3);
    rig.connect();
    rig.pollBoth();
    expect(rig.listener.tryAccept()).toBeDefined();
  });

  test("wait no longer although they are taken one by one, at the rate of the game's choice", () => {
    const { poller, near, link } = opened({ untakenTimeoutMs: 3_000, messageRateHz: 1 });
    for (let count = 0; count < 100; count++) link.say(String(count));
    link.events.closed({ kind: "reset", message: "gone" });
    const got: string[] = [];
    for (let now = 0; now < 5_000; now += 500) {
      poller.poll(now);
      got.push(...take(near));
    }
    expect([near.state, near.stats.lostReceived]).toEqual(["closed", 97]);
    expect(got).toEqual(["0", "1", "2"]);
  });

  test("that are held back wait no longer either", () => {
    const { poller, near, link } = opened({ untakenTimeoutMs: 500 });
    near.hold();
    link.say("never seen");
    link.events.closed({ kind: "reset", message: "gone" });
    poller.poll(0);
    poller.poll(500);
    expect([near.state, near.stats.lostReceived]).toEqual(["closed", 1]);
  });

  test("wait for as long although something was still to be sent to it", () => {
    const { poller, near, link } = opened({ untakenTimeoutMs: 900, unsentTimeoutMs: 500 });
    link.isStuck = true;
    near.trySend("not taken");
    poller.flush();
    link.say("last words");
    link.events.closed({ kind: "reset", message: "gone" });
    for (const now of [0, 500, 899]) poller.poll(now);
    expect([near.state, near.closeReason?.kind]).toEqual(["closing", "reset"]);
    poller.poll(900);
    expect([near.state, near.closeReason?.kind, near.stats.lostReceived]).toEqual(["closed", "reset", 1]);
  });

  test("are all taken in time: nothing is dropped, and the deadline is gone", () => {
    const { poller, near, link } = opened({ untakenTimeoutMs: 500 });
    link.say("last words");
    link.events.closed({ kind: "reset", message: "gone" });
    poller.poll(0);
    poller.poll(499);
    expect(take(near)).toEqual(["last words"]);
    poller.poll(600);
    expect([near.state, near.closeReason?.kind, near.stats.lostReceived]).toEqual(["closed", "reset", 0]);
    expect(poller.dueInMs()).toBe(Infinity);
  });

  test("do not end a half-open connection whose messages are taken", () => {
    const rig = lineRig({ wire: { allowHalfOpen: true }, listen: { untakenTimeoutMs: 500 } });
    const { near, far } = rig.pair();
    near.trySend("question");
    near.end();
    rig.client.flush();
    rig.pollServer();
    expect(take(far)).toEqual(["question"]);
    for (let frame = 0; frame < 5; frame++) rig.pollServer(400);
    expect([far.state, far.recvEnded, far.trySend("answer")]).toEqual(["open", true, true]);
  });

  test("give an outgoing fault its time first: after it the messages have theirs", () => {
    const { poller, near, link } = opened({
      untakenTimeoutMs: 2_000,
      maxMessageBytes: 8,
      idleTimeoutMs: 500,
    });
    poller.poll(400);
    for (const text of ["a", "a message that is too long"]) link.say(text);
    poller.poll(450);
    poller.flush();
    poller.poll(1_450);
    expect([near.state, link.isCut]).toEqual(["closing", true]);
    poller.poll(2_449);
    poller.poll(3_449);
    expect(near.state).toBe("closing");
    poller.poll(3_450);
    expect([near.state, near.stats.lostReceived]).toEqual(["closed", 1]);
  });
});

describe("a peer that is gone before it was accepted", () => {
  test("is still returned in time, with what it said", () => {
    const rig = lineRig({ listen: { untakenTimeoutMs: 500 } });
    knock(rig, "hello");
    rig.pollServer();
    rig.pollServer(499);
    const far = rig.listener.tryAccept();
    rig.pollServer();
    expect(far && take(far)).toEqual(["hello"]);
    rig.pollServer();
    expect([far?.state, far?.closeReason?.kind]).toEqual(["closed", "reset"]);
  });

  test("is forgotten then: it leaves the queue, its place and its messages, and the others keep their order", () => {
    const rig = lineRig({ listen: { untakenTimeoutMs: 500, maxConnections: 3 } });
    const closed: (string | undefined)[] = [];
    rig.server.on("close", ({ reason }) => closed.push(reason.code));
    const first = rig.connect();
    knock(rig, "hello");
    const second = rig.connect();
    for (const [near, text] of [
      [first, "first"],
      [second, "second"],
    ] as const)
      near.trySend(text);
    rig.pollClient();
    rig.client.flush();
    rig.pollServer();
    rig.pollServer(499);
    expect(rig.server.poll(rig.time + 1).closed).toBe(1);
    expect(closed).toEqual(["untakenTimeoutMs"]);
    const accepted = [rig.listener.tryAccept(), rig.listener.tryAccept(), rig.listener.tryAccept()];
    expect(accepted.map((one) => one && take(one))).toEqual([["first"], ["second"], undefined]);
    expect(rig.listener.stats).toMatchObject({ accepted: 3, dropped: 0, lostReceived: 1 });
    const third = rig.connect();
    rig.pollClient();
    rig.pollServer();
    expect([third.state, rig.listener.tryAccept()?.state]).toEqual(["open", "open"]); // it has the free place
  });

  test("does not wait for ever although it has only ended its stream, and said nothing", () => {
    const rig = lineRig({ listen: { untakenTimeoutMs: 500 } });
    const near = rig.connect();
    rig.pollClient();
    near.close();
    rig.client.flush();
    rig.pollServer();
    rig.pollServer(500);
    expect([rig.listener.tryAccept(), rig.server.stats.closed]).toEqual([undefined, 1]);
  });
});

describe("closeReason", () => {
  test("is there while messages are left, once it is certain", () => {
    const { poller, near, link } = opened({ idleTimeoutMs: 500 });
    link.say("last words");
    poller.poll(0);
    poller.poll(500);
    poller.poll(501);
    expect([near.state, near.closeReason?.code]).toEqual(["closing", "idleTimeoutMs"]);
    const { closeReason } = near;
    near.abort();
    expect(near.closeReason).toBe(closeReason);
  });

  test("is there while this side closes, and gives way to why the ending failed", () => {
    const { poller, near, link } = opened({});
    near.close();
    poller.poll(0);
    expect([near.state, near.closeReason?.kind]).toEqual(["closing", "local"]);
    link.events.closed({ kind: "reset", message: "it broke" });
    poller.poll(1);
    expect(near.closeReason?.kind).toBe("reset");
  });

  test("is there from closing on, whoever ends it in an orderly way", () => {
    const ends: readonly [string, (one: ReturnType<typeof opened>) => void][] = [
      ["local", ({ near }) => near.close()],
      ["local", ({ near }) => near.end()],
      ["remote", ({ link }) => link.events.ended()],
      [
        "remote",
        ({ near, link }) => {
          link.events.received(new TextEncoder().encode("not taken\n"));
          link.events.ended();
          link.events.closed({ kind: "local", message: "over" });
          near.hold();
        },
      ],
    ];
    for (const [kind, end] of ends) {
      const one = opened({});
      end(one);
      one.poller.poll(0);
      expect([one.near.state, one.near.closeReason?.kind]).toEqual(["closing", kind]);
    }
  });

  test("stands still between two frames, whatever the network does meanwhile", () => {
    const { poller, near, link } = opened({});
    link.events.closed({ kind: "reset", message: "it broke" });
    near.close();
    expect(near.closeReason?.kind).toBe("local");
    poller.poll(0);
    expect(near.closeReason?.kind).toBe("reset");
  });

  test("is reset, not local, where the link breaks after close() and before the peer's end", () => {
    const { poller, near, link } = opened({});
    near.trySend("all of this has left");
    near.close();
    poller.flush();
    expect(near.pendingBytes).toBe(0);
    link.events.closed({ kind: "reset", message: "it broke" });
    poller.poll(0);
    expect(near.closeReason?.kind).toBe("reset");
  });

  test("is local where the peer's end was heard before the link broke", () => {
    const { poller, near, link } = opened({});
    near.close();
    poller.flush();
    link.events.ended();
    link.events.closed({ kind: "reset", message: "it broke" });
    poller.poll(0);
    expect(near.closeReason?.kind).toBe("local");
  });

  test("is timeout where the peer has ended and does not take the answer", () => {
    const { poller, near, link } = opened({ closeTimeoutMs: 100 });
    link.isStuck = true;
    near.trySend("the answer");
    poller.flush();
    link.events.ended();
    poller.poll(0);
    poller.flush();
    poller.poll(100);
    expect([near.state, near.closeReason?.code, link.isCut]).toEqual(["closed", "closeTimeoutMs", true]);
  });

  test("of an end that is heard while this side ends is its own reason, which a later one does not replace", () => {
    const { poller, near, link } = opened({});
    near.end();
    poller.flush();
    link.events.ended({ kind: "denied", message: "the peer says why" });
    link.events.ended({ kind: "failed", message: "a second end" });
    link.events.closed({ kind: "reset", message: "a consequence" });
    poller.poll(0);
    expect(near.closeReason).toEqual({ kind: "denied", message: "the peer says why" });
  });
});

/** A connection that this side has opened, whose peer is the test. */
function opened(options: ConnectOptions & PollerOptions) {
  const link = new ScriptedLink();
  const poller = new Poller();
  const losses: number[] = [];
  poller.on("lose", ({ received }) => losses.push(received));
  const near = poller.connect({ connect: () => link }, lines(), options);
  link.events.opened();
  poller.poll(0);
  return { link, poller, near, losses };
}

/** A connection that a listener has accepted, whose peer is the test. */
function accepted(listen: ListenOptions) {
  const link = new ScriptedLink();
  const rig = lineRig();
  const listener = rig.server.listen(
    {
      listen: () => ({
        attach: (events) => events.incoming(link),
        close: () => {},
      }),
    },
    lines(),
    listen,
  );
  rig.pollServer();
  const far = listener.tryAccept();
  if (far === undefined) throw new Error("no connection arrived");
  link.events.opened();
  rig.pollServer();
  return { rig: Object.assign(rig, { listener }), far, link };
}

/** A peer that connects, speaks, and is gone before anybody has accepted it. */
function knock(rig: ReturnType<typeof lineRig>, text: string): void {
  const near = rig.client.connect(rig.wire, bytes());
  rig.pollClient();
  near.trySend(new TextEncoder().encode(`${text}\n`));
  rig.client.flush();
  near.abort();
}
