/** What the peer of a stream over a broker may not say, frame by frame, without a broker. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CloseReason, Link } from "../../../src/index.ts";
import type { Bus } from "../../../src/transport/nats/bus.ts";
import type { BusMessage } from "../../../src/transport/nats/client.ts";
import { NatsAcceptor } from "../../../src/transport/nats/nats-acceptor.ts";
import { NatsLink } from "../../../src/transport/nats/nats-link.ts";
import { ackFrame, connectFrame, FRAME, newFrame, WHY } from "../../../src/transport/nats/stream-frames.ts";
import { Streams } from "../../../src/transport/nats/streams.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const PEER = `_tw.${"a".repeat(20)}.${"b".repeat(20)}`;

/** A listener whose broker is this test, which plays all others. */
function listener() {
  const heard = new Map<string, (message: BusMessage) => void>();
  const sent: { readonly subject: string; readonly bytes: Uint8Array; readonly reply: string }[] = [];
  const bus = {
    ...{ isOpen: true, maxPayloadBytes: 1_048_576, settings: { deadPeerMs: 5_000 } },
    ...{ use: (user: { opened(): void }) => user.opened(), leave: () => {} },
    subscribe: (subject: string, _: undefined, take: (message: BusMessage) => void) => {
      heard.set(subject, take);
      return { end: () => heard.delete(subject) };
    },
    publish: (subject: string, bytes: Uint8Array, reply: string) => sent.push({ subject, bytes, reply }),
    confirm: (done: () => void) => done(),
  };
  const links: Link[] = [];
  const rejected: CloseReason[] = [];
  const acceptor = new NatsAcceptor(new Streams(bus as unknown as Bus), "world.7", true);
  const waiting: (() => void)[] = [];
  acceptor.attach({
    listening: () => {},
    incoming: (link) => links.push(link),
    handshaking: () => {
      throw new Error("there is no handshake");
    },
    rejected: (reason) => rejected.push(reason),
    closed: () => {},
  });
  acceptor.nobody(); // nobody else has the name
  const say = (bytes: Uint8Array, reply = PEER) =>
    heard.get("world.7._tw.listen")?.({ subject: "world.7._tw.listen", bytes, reply, isNobody: false });
  return { heard, sent, links, rejected, say, waiting, bus: bus as unknown as Bus };
}

/** A stream that was accepted, and what it hears. */
function stream() {
  const { heard, sent, links, say } = listener();
  say(connectFrame(100, "gateway.1"));
  const [link] = links as [Link];
  const reasons: CloseReason[] = [];
  const got: number[] = [];
  const ignore = () => {};
  link.attach({
    ...{ opened: ignore, partial: ignore, suspended: ignore, resumed: ignore, drained: ignore },
    ended: () => got.push(-1),
    received: (bytes) => got.push(...bytes),
    closed: (reason) => reasons.push(reason),
  });
  const subject = sent.at(-1)?.reply ?? "";
  const [wild] = [...heard.keys()].filter((one) => one.endsWith(".*"));
  const hear = (bytes: Uint8Array, reply = "") =>
    heard.get(wild ?? "")?.({ subject, bytes, reply, isNobody: false });
  const told = () => sent.filter((one) => one.subject === PEER).map(({ bytes }) => [bytes[0], bytes[4]]);
  return { link, hear, reasons, got, told };
}

function data(number: number, ...bytes: number[]): Uint8Array {
  const frame = newFrame(FRAME.data, number, bytes.length);
  frame.set(bytes, 5);
  return frame;
}

const broken: readonly (readonly [string, readonly Uint8Array[]])[] = [
  ["an end of both streams of which it has ended none", [newFrame(FRAME.bye, 0)]],
  [
    "an end of both streams before this side has ended its own",
    [newFrame(FRAME.fin, 0), newFrame(FRAME.bye, 1)],
  ],
  ["its end twice", [newFrame(FRAME.fin, 0), newFrame(FRAME.fin, 1)]],
  ["bytes behind its end", [newFrame(FRAME.fin, 0), data(1, 1)]],
  ["no bytes", [data(0)]],
  ["more bytes than there is room for", [newFrame(FRAME.data, 0, 262_145)]],
  ["that it has read nothing", [ackFrame(0, 0)]],
  ["that it has read what was never sent", [ackFrame(0, 1)]],
  ["that it has read something, in no number", [newFrame(FRAME.ack, 0, 3)]],
  ["what is for a listener", [newFrame(FRAME.connect, 0)]],
  ["a frame of no kind", [Uint8Array.of(99, 0, 0, 0, 0)]],
  ["no frame", [Uint8Array.of(7, 0)]],
];

test.each(broken)(
  "a peer that says %s ends its stream as one that breaks the rules, and is told",
  (_, frames) => {
    const { hear, reasons, told } = stream();
    for (const frame of frames) hear(frame);
    expect(reasons).toMatchObject([{ kind: "protocol" }]);
    expect(told().at(-1)).toEqual([FRAME.reset, WHY.broken]);
  },
);

test.each([
  ["a number that was there", [data(0, 1), data(0, 1)]],
  ["a number that is not the next", [data(1, 1)]],
  ["that its next number is a later one", [newFrame(FRAME.ping, 1)]],
  ["the same in an answer", [newFrame(FRAME.pong, 1)]],
])("a peer that says %s has its stream reset by that name, and is told", (_, frames) => {
  const { hear, reasons, told } = stream();
  for (const frame of frames) hear(frame);
  expect(reasons).toMatchObject([{ kind: "reset", code: "gap" }]);
  expect(told().at(-1)).toEqual([FRAME.reset, WHY.gap]);
});

test("both ends in order, and a word for each", () => {
  const { link, hear, reasons, got, told } = stream();
  hear(data(0, 7));
  hear(newFrame(FRAME.ping, 1));
  hear(newFrame(FRAME.fin, 1));
  expect([got, reasons]).toEqual([[7, -1], []]);
  link.endSending();
  expect(reasons).toEqual([]);
  hear(newFrame(FRAME.bye, 2));
  expect(reasons).toMatchObject([{ kind: "remote" }]);
  expect(told().slice(-3)).toEqual([
    [FRAME.pong, 0],
    [FRAME.fin, 0],
    [FRAME.bye, 1],
  ]);
});

test("who asks a listener for a stream without room for a byte, or with a name that is none, gets none", () => {
  const { links, rejected, say } = listener();
  say(connectFrame(0, "gateway.1"));
  say(connectFrame(100, "a..b"));
  say(connectFrame(100, "x".repeat(256)));
  say(connectFrame(100, "gateway.1"), "victim.inbox");
  say(connectFrame(100, "gateway.1"), "");
  expect([links.length, rejected.map(({ kind }) => kind)]).toEqual([0, new Array(5).fill("protocol")]);
  say(connectFrame(2 ** 32 - 1, ""));
  expect(links.length).toBe(1);
  expect(links[0]?.remoteAddress?.host).toBe(PEER);
});

test("who asks again, as the answer was lost, gets the same stream", () => {
  const { links, sent, say } = listener();
  say(connectFrame(100, ""));
  links[0]?.attach({
    ...{ opened: () => {}, received: () => {}, partial: () => {}, suspended: () => {} },
    ...{ resumed: () => {}, drained: () => {}, ended: () => {}, closed: () => {} },
  });
  say(connectFrame(100, ""));
  expect([links.length, sent.filter(({ bytes }) => bytes[0] === FRAME.accept).length]).toEqual([1, 2]);
});

test("a listener that has no room says so, and whoever asks it for nothing is told nothing", () => {
  const { heard, links, sent, say } = listener();
  say(connectFrame(100, ""));
  links[0]?.abort();
  expect(sent.at(-1)).toMatchObject({ subject: PEER, bytes: newFrame(FRAME.refuse, 0) });
  const [wild = ""] = [...heard.keys()].filter((one) => one.endsWith(".*"));
  const before = sent.length;
  for (const reply of ["victim.inbox", "", "$JS.API.INFO", "_tw.x.y"])
    for (const kind of Object.values(FRAME))
      heard.get(wild)?.({ subject: "_tw.old.stream", bytes: newFrame(kind, 1), reply, isNobody: false });
  expect(sent.length).toBe(before);
  heard.get(wild)?.({
    subject: "_tw.old.stream",
    bytes: newFrame(FRAME.ping, 1),
    reply: PEER,
    isNobody: false,
  });
  expect(sent.at(-1)).toMatchObject({ subject: PEER, bytes: newFrame(FRAME.reset, WHY.unknown) });
});

test("an answer that leads to no stream, or offers no room, opens nothing", () => {
  const { heard, sent, bus } = listener();
  const link = new NatsLink({
    streams: new Streams(bus),
    listener: "world.7",
    name: undefined,
    allowHalfOpen: true,
  });
  let opened = 0;
  const ignore = () => {};
  link.attach({
    ...{ received: ignore, partial: ignore, suspended: ignore, resumed: ignore },
    ...{ drained: ignore, ended: ignore, closed: ignore, opened: () => void opened++ },
  });
  const { subject, reply } = sent.at(-1) as (typeof sent)[0];
  expect(subject).toBe("world.7._tw.listen");
  const take = heard.get(`${reply.split(".").slice(0, 2).join(".")}.*`);
  const answer = (number: number, from: string) =>
    take?.({ subject: reply, bytes: newFrame(FRAME.accept, number), reply: from, isNobody: false });
  for (const from of ["victim.inbox", "", "$JS.API.INFO"]) answer(100, from);
  answer(0, PEER);
  expect(opened).toBe(0);
  answer(100, PEER);
  expect(opened).toBe(1);
  link.abort();
});

test("all streams of a value have at most 8 MiB that the broker has not confirmed, and go on when it has", () => {
  const { bus, sent, waiting } = listener();
  bus.confirm = (done) => void waiting.push(done);
  const streams = new Streams(bus);
  const [, ...outputs] = Array.from({ length: 41 }, () => {
    // the first one begins the connection, and waits for a word of its peer
    const link = new NatsLink({
      ...{ streams, listener: "world.7", name: undefined, allowHalfOpen: true },
      peer: { subject: PEER, windowBytes: 262_144 },
    });
    const ignore = () => {};
    link.attach({
      ...{ opened: ignore, received: ignore, partial: ignore, suspended: ignore, resumed: ignore },
      ...{ drained: ignore, ended: ignore, closed: ignore },
    });
    return link;
  });
  const unconfirmed = () =>
    sent.reduce((sum, { bytes }) => sum + (bytes[0] === FRAME.data ? bytes.length : 0), 0);
  for (const link of outputs) link.write(new Uint8Array(262_144));
  expect(unconfirmed()).toBeGreaterThan(8_000_000);
  expect(unconfirmed()).toBeLessThan(8_388_608 + 65_536 + 5);
  for (let turn = 0; turn < 100; turn++) waiting.shift()?.();
  expect(unconfirmed()).toBeGreaterThan(40 * 262_144);
  for (const link of outputs) link.abort();
});
