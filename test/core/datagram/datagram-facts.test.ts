/** What a datagram socket shows of what carries its datagrams, and how a recording plays it again. */
import { expect, test } from "vitest";
import {
  type DatagramLink,
  lines,
  Poller,
  Recording,
  recorded,
  replayed,
  subject,
  type Transport,
} from "../../../src/index.ts";
import { ScriptedDatagramLink } from "./scripted-datagram-link.ts";

const AWAY = { kind: "unreachable", code: "away", message: "the broker is away" } as const;
const SENDER = { family: "nats", host: "world.7", port: 0 } as const;

/** A link that takes subjects, as one over a broker does. */
class SubjectLink extends ScriptedDatagramLink implements DatagramLink {
  refuse({ host, port }: { host: string; port: number }): string | undefined {
    return port === 0 && host !== "wrong" ? undefined : `${host}:${port} is none`;
  }

  refuseGroup(group: string, queue?: string): string | undefined {
    return group === "a..b" ? `${group} ${queue} is none` : undefined;
  }
}

function socketOf(wrap: (transport: Transport) => Transport = (transport) => transport) {
  const poller = new Poller();
  const link = new SubjectLink();
  const socket = poller.bind(wrap({ bind: () => link }), lines());
  poller.poll(0);
  const told: string[] = [];
  for (const event of ["unlink", "link", "unbind"] as const) {
    poller.on(event, (one) => void told.push(`${event}${one.socket === socket ? "" : " of another"}`));
  }
  return { poller, link, socket, told };
}

test("what carries the datagrams is there until a frame shows that it has gone, and its time is polled time", () => {
  const { poller, link, socket, told } = socketOf();
  link.events?.suspended(); // nothing to lose yet
  link.open();
  poller.poll(10);
  expect([socket.linked, socket.downMs, told]).toEqual([true, 0, []]);
  link.events?.suspended();
  link.events?.suspended();
  expect([socket.linked, socket.downMs]).toEqual([true, 0]);
  poller.poll(20);
  expect([socket.linked, socket.downMs, told.splice(0)]).toEqual([false, 0, ["unlink"]]);
  poller.poll(50);
  expect([socket.downMs, told]).toEqual([30, []]);
  link.events?.resumed();
  link.events?.resumed();
  expect([socket.linked, socket.downMs]).toEqual([false, 30]);
  poller.poll(60);
  expect([socket.linked, socket.downMs, told.splice(0)]).toEqual([true, 0, ["link"]]);
});

test("an outage between two frames is told, and so is the next one of a socket that was without", () => {
  const { poller, link, socket, told } = socketOf();
  link.open();
  poller.poll(10);
  link.events?.suspended();
  link.events?.resumed();
  poller.poll(20);
  expect([socket.linked, told.splice(0)]).toEqual([true, ["unlink", "link"]]);
  link.events?.suspended();
  poller.poll(30);
  link.events?.resumed();
  link.events?.suspended();
  poller.poll(40);
  expect([socket.linked, socket.downMs, told.splice(0)]).toEqual([false, 0, ["unlink", "link", "unlink"]]);
  link.events?.closed(AWAY);
  poller.poll(70);
  expect([socket.state, socket.linked, socket.downMs, told]).toEqual(["closed", false, 30, ["unbind"]]);
  poller.poll(90);
  expect(socket.downMs).toBe(30);
  for (const late of ["suspended", "resumed"] as const) link.events?.[late]();
  link.events?.lost(1);
  link.events?.trouble(AWAY);
  poller.poll(100);
  expect([told, socket.stats.lost, socket.lastFailure]).toEqual([["unbind"], 0, undefined]);
});

test("trouble is the last failure and counts nothing, also while starting; what is lost counts", () => {
  const { poller, link, socket } = socketOf();
  link.events?.trouble(AWAY);
  poller.poll(10);
  expect([socket.lastFailure, socket.state, socket.stats.failed]).toEqual([AWAY, "starting", 0]);
  link.open();
  link.events?.lost(3);
  link.events?.lost(4);
  expect(socket.stats.lost).toBe(0);
  poller.poll(20);
  expect(socket.stats).toMatchObject({ lost: 7, failed: 0, dropped: 0 });
});

test("a link says which destinations and groups it takes, at the call and in every state", () => {
  const { poller, link, socket } = socketOf();
  for (let round = 0; round < 2; round++) {
    expect(() => socket.trySendTo("x", subject("wrong"))).toThrow("to: wrong:0 is none");
    expect(() => socket.trySendTo("x", { host: "a", port: 1.5 })).toThrow("to.port: ");
    expect(() => socket.join("a..b", "q")).toThrow("group: a..b q is none");
    expect(() => socket.leave("a..b")).toThrow("group: a..b undefined is none");
    expect(socket.trySendTo("x", subject("right"))).toBe(true);
    link.open();
    poller.poll(round);
  }
});

test("a recording has all of it, and plays it again", () => {
  /** What a game sees of each frame. */
  const play = (
    wrap: (transport: Transport) => Transport,
    act: (frame: number, link: SubjectLink) => void,
  ) => {
    const { poller, link, socket, told } = socketOf(wrap);
    const seen: unknown[] = [];
    socket.join("chat.*", "workers");
    for (let frame = 1; frame < 8; frame++) {
      act(frame, link);
      poller.poll(frame * 10);
      const { linked, downMs, lastFailure, state } = socket;
      seen.push({ linked, downMs, lastFailure, state, lost: socket.stats.lost, got: socket.tryRecvFrom() });
      expect(() => socket.trySendTo("x", { host: "a", port: 7 })).toThrow("to: ");
      if (frame === 3) socket.trySendTo("answer", subject("world.7"));
      poller.flush();
    }
    return [...seen, ...told];
  };
  const recording = new Recording();
  const first = play(
    (transport) => recorded(transport, recording),
    (frame, { events }) => {
      if (frame === 1) events?.trouble(AWAY);
      if (frame === 2) events?.bound(SENDER, undefined);
      if (frame === 3) events?.received(new TextEncoder().encode("hello"), SENDER, "chat.eu");
      if (frame === 4) events?.suspended();
      if (frame === 5) events?.lost(3);
      if (frame === 6) events?.resumed();
      if (frame === 7) events?.received(new TextEncoder().encode("no subject"), SENDER);
    },
  );
  expect(first).toContainEqual(
    expect.objectContaining({ got: { message: "hello", from: SENDER, subject: "chat.eu" } }),
  );
  recording.close();
  const replay = replayed(Recording.fromBytes(recording.toBytes()));
  const again = play(
    () => replay.transport,
    () => {},
  );
  expect(replay.divergence).toBeUndefined();
  expect(again).toEqual(first);
});
