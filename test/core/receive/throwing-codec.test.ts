/** Codecs of a user that throw what they should not, at each of their calls: no callback of the network throws, nothing stays half-made. */
import { describe, expect, test } from "vitest";
import { type Codec, DecodeError, type Decoder, lines, memory, Poller } from "../../../src/index.ts";
import { Rig, take } from "../../rig.ts";
import { ScriptedLink } from "../scripted-link.ts";

const FAULT = new TypeError("cannot read properties of undefined");

describe("decoder() that throws", () => {
  test("is thrown by connect(), which leaves no connection, no deadline and no link behind", () => {
    const poller = new Poller();
    const link = new ScriptedLink();
    const { signal } = new AbortController();
    const connect = () => poller.connect({ connect: () => link }, withoutDecoder(), { signal, timeoutMs: 5 });
    expect(connect).toThrow(FAULT);
    expect([link.isCut, poller.hasActivity, poller.dueInMs()]).toEqual([true, false, Infinity]);
    poller.poll(0);
    expect(poller.poll(10).closed).toBe(0);
    poller.close();
    poller[Symbol.dispose]();
  });

  test("is the end of that attempt alone: the poller goes on, and its dispose ends", async () => {
    const wire = memory();
    const poller = new Poller();
    const listener = poller.listen(wire, lines());
    expect(() => poller.connect(wire, withoutDecoder())).toThrow(FAULT);
    const near = poller.connect(wire, lines());
    poller.poll(0);
    expect([near.state, listener.tryAccept()?.id]).toEqual(["open", near.id + 1]);
    await poller[Symbol.asyncDispose]();
    expect(near.state).toBe("closed");
  });

  test("behind a listener is a rejection with the cause, and no incoming connection", () => {
    const accepts: unknown[] = [];
    const drops: unknown[] = [];
    let isBroken = true;
    const codec = { ...lines(), decoder: () => (isBroken ? fail() : lines().decoder()) };
    const rig = new Rig({ codec, listen: { maxConnections: 1 } });
    rig.server.on("accept", (event) => accepts.push(event));
    rig.server.on("drop", ({ count, reason }) => drops.push([count, reason]));
    const near = rig.client.connect(rig.wire, lines());
    rig.pollServer();
    rig.pollClient();
    const reason = { kind: "failed", message: "the codec made no decoder (see cause)", cause: FAULT };
    expect([accepts, drops, rig.listener.tryAccept()]).toEqual([[], [[1, reason]], undefined]);
    expect(near.closeReason?.kind).toBe("reset");
    expect(rig.listener.stats).toMatchObject({ accepted: 0, dropped: 1, droppedBy: { failed: 1 } });
    isBroken = false;
    expect(rig.pair().far.state).toBe("open"); // the place was given back
  });

  test("is the same where the transport has a handshake", () => {
    const poller = new Poller();
    const link = new ScriptedLink();
    const listener = poller.listen(
      {
        listen: () => ({
          attach: (events) => events.handshaking(undefined, () => {}).incoming(link),
          close() {},
        }),
      },
      withoutDecoder(),
    );
    poller.poll(0);
    expect([link.isCut, listener.stats.dropped, listener.tryAccept()]).toEqual([true, 1, undefined]);
  });
});

describe("what throws while bytes come", () => {
  const calls: Record<string, (decoder: Decoder<string>) => Decoder<string>> = {
    "decode()": ({ end }) => ({ decode: fail, ...(end !== undefined && { end }) }),
    "decode(), after a message": () => ({
      decode(_, sink) {
        sink.put("good", 5);
        fail();
      },
    }),
    pendingBytes: (decoder) => ({
      decode: (bytes, sink) => decoder.decode(bytes, sink),
      get pendingBytes(): number {
        return fail();
      },
    }),
    "end()": (decoder) => ({ decode: (bytes, sink) => decoder.decode(bytes, sink), end: fail }),
  };

  test.each(Object.entries(calls))("%s ends that connection with protocol and the cause", (call, broken) => {
    for (const options of [{}, { maxMessageBytes: 100 }]) {
      const codec: Codec<string> = { ...lines(), decoder: () => broken(lines().decoder()) };
      const poller = new Poller();
      const link = new ScriptedLink();
      const near = poller.connect({ connect: () => link }, codec, options);
      link.events.opened();
      poller.poll(0);
      link.say("good");
      if (call === "end()") link.events.ended();
      for (const now of [1, 2]) {
        poller.poll(now);
        poller.flush();
      }
      const got = take(near);
      expect(got).toEqual(call === "decode()" ? [] : ["good"]);
      expect(near.state).toBe("closing");
      link.events.closed({ kind: "local", message: "both have ended" });
      poller.poll(3);
      expect(near.closeReason).toMatchObject({
        kind: "protocol",
        message: "the codec threw at what the peer sent (see cause)",
        cause: FAULT,
      });
    }
  });

  test("is not asked again: after one throw the codec is left alone", () => {
    let decodes = 0;
    const codec: Codec<string> = {
      ...lines(),
      decoder: () => ({
        decode() {
          decodes++;
          throw new DecodeError("not this");
        },
        end: fail,
      }),
    };
    const poller = new Poller();
    const link = new ScriptedLink();
    const near = poller.connect({ connect: () => link }, codec);
    link.events.opened();
    for (const text of ["one", "two"]) link.say(text);
    link.events.ended();
    poller.poll(0);
    expect([decodes, near.closeReason?.message]).toEqual([1, "not this"]);
  });
});

describe("encode() that throws", () => {
  test("is thrown by the call that sends, which sends nothing and changes nothing", () => {
    const codec: Codec<string> = {
      ...lines(),
      encode: (text) => (text === "bad" ? fail() : lines().encode(text)),
    };
    const rig = new Rig({ codec });
    const { near, far } = rig.pair();
    near.trySend("first");
    const before = { ...near.stats };
    for (const send of [
      () => near.trySend("bad"),
      () => near.trySendLatest("key", "bad"),
      () => rig.listener.broadcast("bad"),
      () => rig.listener.broadcastLatest("key", "bad"),
    ])
      expect(send).toThrow(FAULT);
    expect([near.state, far.state, near.stats]).toEqual(["open", "open", before]);
    expect([rig.listener.broadcast("good"), near.trySend("second")]).toEqual([1, true]);
    rig.client.flush();
    rig.server.flush();
    rig.pollBoth();
    expect([take(far), take(near)]).toEqual([["first", "second"], ["good"]]);
  });
});

function withoutDecoder(): Codec<string> {
  return { ...lines(), decoder: fail };
}

function fail(): never {
  throw FAULT;
}
