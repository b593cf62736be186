/**
 * What a link reports too early, too late or again, and what then makes a frame
 * look: nothing that cannot change what the game sees.
 */
import { describe, expect, test } from "vitest";
import {
  type CloseReason,
  type Codec,
  type ConnectOptions,
  lines,
  Poller,
  type PollerOptions,
} from "../../../src/index.ts";
import { lineRig, take } from "../../rig.ts";
import { ScriptedLink } from "../scripted-link.ts";

const RESET: CloseReason = { kind: "reset", message: "the peer reset the connection" };
const OVER: CloseReason = { kind: "local", message: "both have ended" };
const text = (value: string) => new TextEncoder().encode(value);

function opened(options: ConnectOptions & PollerOptions = {}, codec: Codec<string> = lines()) {
  const link = new ScriptedLink();
  const poller = new Poller(options);
  const near = poller.connect({ connect: () => link }, codec);
  link.events.opened();
  poller.poll(0);
  return { link, poller, near };
}

describe("a link that reports", () => {
  test.each(["ended", "closed"] as const)("that it opened after it has %s opens nothing again", (how) => {
    const { link, poller, near } = opened();
    link.say("last words");
    if (how === "ended") link.events.ended();
    else link.events.closed(RESET);
    link.events.opened();
    link.events.received(text("after the end\n"));
    poller.poll(1);
    expect(take(near)).toEqual(["last words"]);
    poller.poll(2);
    poller.flush();
    link.events.closed(OVER);
    poller.poll(3);
    expect([near.state, near.closeReason?.kind]).toEqual(["closed", how === "ended" ? "remote" : "reset"]);
  });

  test("bytes and parts of messages before it opened, or after its end, has no frame look for them", () => {
    const link = Object.assign(new ScriptedLink(), { allowHalfOpen: true });
    const poller = new Poller();
    const near = poller.connect({ connect: () => link }, lines());
    poller.poll(0);
    link.events.partial(7);
    link.events.received(text("too early\n"));
    expect(poller.hasActivity).toBe(false);
    link.events.opened();
    link.events.ended();
    poller.poll(1);
    expect([near.state, near.recvEnded]).toEqual(["open", true]);
    link.events.partial(7);
    link.events.received(text("too late\n"));
    expect([near.tryRecv(), poller.hasActivity]).toEqual([undefined, false]);
  });

  test("its close again, or one that an abort caused, is not looked at", () => {
    for (const end of ["abort", "reset"]) {
      const { link, poller, near } = opened();
      if (end === "abort") near.abort();
      else link.events.closed(RESET);
      poller.poll(1);
      link.events.closed(OVER);
      link.events.ended();
      link.events.partial(7);
      link.events.received(text("more\n"));
      expect([near.state, poller.hasActivity, near.tryRecv()]).toEqual(["closed", false, undefined]);
    }
  });

  test("parts of messages to a side that has closed is not looked at, and half a message is no fault then", () => {
    const { link, poller, near } = opened();
    link.events.received(text("half"));
    near.close();
    poller.poll(1);
    link.events.partial(7);
    expect(poller.hasActivity).toBe(false);
    link.events.ended();
    link.events.closed(OVER);
    poller.poll(2);
    expect(near.closeReason?.kind).toBe("local");
  });

  test("an end for a reason of its own inside a message keeps that reason", () => {
    const { link, poller, near } = opened();
    link.events.received(text("half"));
    link.events.ended({ kind: "denied", message: "the server is full" });
    poller.poll(1);
    expect(near.closeReason?.kind).toBe("denied");
  });

  test("its close before a message has no room keeps its reason, and is over at once", () => {
    const { link, poller, near } = opened({ sendLimitBytes: 10, sendOverflow: "close" });
    link.events.closed(RESET);
    expect([near.trySend("12345678"), near.trySend("12345678")]).toEqual([true, false]);
    poller.poll(1);
    expect([near.state, near.closeReason?.kind]).toEqual(["closed", "reset"]);
  });
});

describe("the end of a stream", () => {
  test("is seen when the last message was taken, also where the reading was paused", () => {
    const { link, poller, near } = opened({ receiveLimitBytes: 200 });
    for (const line of ["one", "two", "three"]) link.say(line);
    link.events.ended();
    poller.poll(1);
    // It reads on when half of the limit is free, which is before the last one.
    expect([near.stats.pauses, take(near)]).toEqual([1, ["one", "two", "three"]]);
    poller.poll(2);
    expect(near.recvEnded).toBe(true);
  });

  test.each([{}, { maxMessageBytes: 100 }])("is none of a codec's that knows no end, with %o", (options) => {
    const inner = lines();
    const { link, poller, near } = opened(options, {
      encode: (message) => inner.encode(message),
      decoder: () => {
        const decoder = inner.decoder();
        return { decode: (bytes, sink) => decoder.decode(bytes, sink) };
      },
    });
    link.say("whole");
    link.events.ended();
    poller.poll(1);
    expect(take(near)).toEqual(["whole"]);
    poller.poll(2);
    poller.flush();
    link.events.closed(OVER);
    poller.poll(3);
    expect(near.closeReason?.kind).toBe("remote");
  });
});

describe("a call that finds nothing", () => {
  test("has no next frame look: tryRecv() on an ended peer, and release() of one that said nothing", () => {
    const link = Object.assign(new ScriptedLink(), { allowHalfOpen: true });
    const poller = new Poller();
    const near = poller.connect({ connect: () => link }, lines());
    link.events.opened();
    poller.poll(0);
    near.hold();
    near.release();
    expect(poller.hasActivity).toBe(false);
    link.events.ended();
    poller.poll(1);
    expect([near.tryRecv(), near.tryRecvLatest(), poller.hasActivity]).toEqual([undefined, undefined, false]);
    expect(near.stats.skippedMessages).toBe(0);
  });

  test("nor does the last message of a peer that was held back, as it may go on", () => {
    const { link, poller, near } = opened({ receiveLimitBytes: 100 });
    for (const line of ["one", "two"]) link.say(line);
    poller.poll(1);
    expect([near.stats.pauses, take(near), poller.hasActivity]).toEqual([1, ["one", "two"], false]);
  });
});

describe("counts", () => {
  test("of what was skipped and refused are the poller's too, on both sides", () => {
    const rig = lineRig({ listen: { sendLimitBytes: 10 } });
    const { near, far } = rig.pair({ sendLimitBytes: 10 });
    for (const one of [near, far]) {
      expect(["a", "b", "c", "too much"].map((line) => one.trySend(line))).toEqual([true, true, true, false]);
    }
    rig.client.flush();
    rig.server.flush();
    rig.pollBoth();
    for (const one of [near, far]) expect(one.tryRecvLatest()).toBe("c");
    const expected = { skippedMessages: 2, refusedMessages: 1 };
    for (const { stats } of [near, far, rig.client, rig.server, rig.listener])
      expect(stats).toMatchObject(expected);
  });

  test("of losses in both directions in one frame are one event", () => {
    const { link, poller, near } = opened({
      receiveLimitBytes: 70,
      receiveOverflow: "drop-oldest",
      sendLimitBytes: 10,
      sendOverflow: "drop-oldest",
    });
    const losses: unknown[] = [];
    poller.on("lose", ({ received, sent }) => losses.push([received, sent]));
    for (const line of ["1234", "5678", "9"]) near.trySend(line);
    for (const line of ["a", "b"]) link.say(line);
    poller.poll(1);
    expect(losses).toEqual([[1, 1]]);
  });
});

test("a connection that may take for ever to open has no deadline", () => {
  const poller = new Poller({ timeoutMs: Infinity });
  poller.connect({ connect: () => new ScriptedLink() }, lines());
  expect(poller.dueInMs()).toBe(Infinity);
});
