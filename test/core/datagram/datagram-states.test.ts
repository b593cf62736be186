/** What a datagram socket does and refuses in each state: starting, open, connected, closing and closed. */
import { describe, expect, test } from "vitest";
import { bytes, type Codec, type Destination, lines, Poller } from "../../../src/index.ts";
import { ScriptedDatagramLink } from "./scripted-datagram-link.ts";

const HERE = { family: "memory", host: "here", port: 1 } as const;
const THERE = { family: "memory", host: "there", port: 9 } as const;
const PLACE: Destination = { host: "there", port: 9 };
const GONE = { kind: "failed", code: "EADDRINUSE", message: "the port is taken" } as const;

function socketOf<In = string>(
  codec: Codec<In> = lines() as Codec<never>,
  options?: { maxDatagramBytes: number },
) {
  const poller = new Poller();
  const link = new ScriptedDatagramLink();
  const socket = poller.bind({ bind: () => link }, codec, options);
  poller.poll(0);
  return { poller, link, socket };
}

describe("a datagram socket that is starting", () => {
  test("sends nothing before it is bound, and all of it in order then", () => {
    const { poller, link, socket } = socketOf();
    for (const text of ["one", "two"]) expect(socket.trySendTo(text, PLACE)).toBe(true);
    for (let frame = 0; frame < 3; frame++) {
      poller.flush();
      poller.poll(frame);
    }
    expect([link.sent, socket.address]).toEqual([[], undefined]);
    link.open();
    poller.flush();
    expect(link.sent.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual(["one", "two"]);
  });

  test("is closed at once when nothing waits, and otherwise once it is bound and has sent", () => {
    const [idle, busy] = [socketOf(), socketOf()];
    busy.socket.trySendTo("words", PLACE);
    for (const { socket } of [idle, busy]) socket.close();
    expect([idle.link.calls, busy.link.calls]).toEqual([["close"], []]);
    busy.link.open();
    busy.poller.poll(1);
    expect([busy.link.calls, busy.link.sent.length]).toEqual([["close"], 1]);
    busy.link.finish();
    busy.poller.poll(2);
    expect([busy.link.calls, busy.socket.pendingBytes]).toEqual([["close"], 0]);
  });

  test("shows its addresses in the frame after it is bound, as the first report has them", () => {
    const { poller, link, socket } = socketOf();
    const [local, remote] = [{ ...HERE }, { ...THERE }];
    link.events?.bound(local, remote);
    link.events?.bound({ ...HERE, port: 2 }, undefined);
    Object.assign(local, { port: 3 });
    expect([socket.state, socket.address]).toEqual(["starting", undefined]);
    poller.poll(1);
    expect([socket.state, socket.address, socket.remoteAddress]).toEqual(["open", HERE, THERE]);
    for (const address of [socket.address, socket.remoteAddress]) expect(Object.isFrozen(address)).toBe(true);
  });

  test("has no addresses where the link knows none", () => {
    const { poller, link, socket } = socketOf();
    link.events?.bound(undefined, undefined);
    poller.poll(1);
    expect([socket.state, socket.address, socket.remoteAddress]).toEqual(["open", undefined, undefined]);
  });
});

describe("a datagram socket that is open", () => {
  test("sends without a destination only when it is connected, which nobody knows before", () => {
    const [lone, connected] = [socketOf(), socketOf()];
    for (const { socket } of [lone, connected]) expect(socket.trySend("early")).toBe(true);
    lone.link.open();
    connected.link.events?.bound(HERE, THERE);
    for (const { poller } of [lone, connected]) poller.poll(1);
    expect(() => lone.socket.trySend("x")).toThrow("trySend: this socket is not connected; use trySendTo");
    expect(connected.socket.trySend("x")).toBe(true);
    connected.poller.flush();
    expect(connected.link.sent.map(({ to }) => to)).toEqual([undefined, undefined]);
  });

  test("counts what failed, shows the last failure, and stays open", () => {
    const { poller, link, socket } = socketOf();
    link.open();
    for (const message of ["first", "last"]) link.events?.failed({ kind: "failed", message });
    poller.poll(1);
    expect([socket.state, socket.stats.failed, socket.lastFailure?.message]).toEqual(["open", 2, "last"]);
  });

  test("carries datagrams up to maxDatagramBytes, both ways", () => {
    const { poller, link, socket } = socketOf(bytes(), { maxDatagramBytes: 10 });
    link.open();
    poller.poll(1);
    expect(socket.trySendTo(new Uint8Array(10), PLACE)).toBe(true);
    expect(() => socket.trySendTo(new Uint8Array(11), PLACE)).toThrow(
      "message: 11 bytes are over maxDatagramBytes, 10",
    );
    for (const length of [10, 11]) link.events?.received(new Uint8Array(length), THERE);
    poller.poll(2);
    expect([socket.tryRecv()?.length, socket.tryRecv(), socket.stats.malformed]).toEqual([10, undefined, 1]);
    expect(socket.lastFailure).toMatchObject({ kind: "protocol", code: "maxDatagramBytes" });
  });

  test("needs no decoder that wants to know the end, and drops what holds no message", () => {
    const pairs: Codec<number[]> = {
      encode: (pair) => Uint8Array.from(pair),
      decoder: () => ({
        decode(octets, sink) {
          for (let at = 0; at + 1 < octets.length; at += 2) sink.put([...octets.subarray(at, at + 2)], 2);
        },
      }),
    };
    const { poller, link, socket } = socketOf(pairs);
    link.events?.received(Uint8Array.of(1, 2, 3, 4), THERE);
    link.events?.received(Uint8Array.of(5), THERE);
    poller.poll(1);
    expect([socket.tryRecv(), socket.tryRecv(), socket.tryRecv()]).toEqual([[1, 2], [3, 4], undefined]);
    expect([socket.stats.malformed, socket.lastFailure?.message]).toEqual([
      1,
      "a datagram from there:9 was dropped: it holds no message",
    ]);
  });

  test("keeps its game awake while datagrams wait to be taken, and no longer", () => {
    const { poller, link, socket } = socketOf();
    link.open();
    link.events?.received(new TextEncoder().encode("x"), THERE);
    poller.poll(1);
    expect(poller.hasActivity).toBe(true);
    socket.tryRecv();
    expect(poller.hasActivity).toBe(false);
  });

  test("joins and leaves groups, and does not by another kind of name or once it is closed", () => {
    const { poller, link, socket } = socketOf();
    link.open();
    poller.poll(1);
    socket.join("239.1.1.1");
    socket.leave("239.1.1.1", "127.0.0.1");
    expect(() => socket.join(5 as never)).toThrow("group: expected a string, got number");
    expect(() => socket.leave("239.1.1.1", "")).toThrow("onInterface: expected a string, got an empty one");
    expect(link.calls).toEqual(["join 239.1.1.1 undefined", "leave 239.1.1.1 127.0.0.1"]);
    link.events?.closed(GONE);
    poller.poll(2);
    expect(() => socket.join("239.1.1.1")).toThrow("join: the socket is closed");
  });
});

describe("a datagram socket that the system has closed", () => {
  test("takes nothing more, and asks nothing more of its link", () => {
    const { poller, link, socket } = socketOf();
    socket.trySendTo("words", PLACE);
    link.events?.closed(GONE);
    poller.flush();
    poller.poll(1);
    expect([socket.state, socket.closeReason, socket.pendingBytes]).toEqual(["closed", GONE, 0]);
    expect(socket.trySendTo("more", PLACE)).toBe(false);
    socket.close();
    poller.poll(2);
    expect([link.sent, link.calls]).toEqual([[], []]);
  });

  test("is not dropped a second time with its poller", () => {
    const { poller, link, socket } = socketOf();
    link.events?.closed(GONE);
    poller[Symbol.dispose]();
    poller.poll(1);
    expect([link.calls, socket.closeReason]).toEqual([[], GONE]);
  });
});
