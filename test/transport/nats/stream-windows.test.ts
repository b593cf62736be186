/** How much the streams of one value have room for, and on the way to a broker, alone and together. */
import { describe, expect, test } from "vitest";
import type { Bus } from "../../../src/transport/nats/bus.ts";
import { NatsLink } from "../../../src/transport/nats/nats-link.ts";
import { Streams, type StreamUser } from "../../../src/transport/nats/streams.ts";

/** A connection to a broker that is not there. */
function noBroker(): Bus {
  const bus = {
    isOpen: false,
    settings: { deadPeerMs: 5_000 },
    use: () => {},
    leave: () => {},
    subscribe: () => ({ end: () => {} }),
  };
  return bus as unknown as Bus;
}

function newStream(streams: Streams): NatsLink {
  const link = new NatsLink({ streams, listener: "world.7", name: "gateway.1", allowHalfOpen: false });
  const ignore = () => {};
  link.attach({
    ...{ opened: ignore, received: ignore, partial: ignore, suspended: ignore, resumed: ignore },
    ...{ drained: ignore, ended: ignore, closed: ignore },
  });
  return link;
}

test("two thousand streams have together no more than a broker keeps for one client, and the first 128 all they may", () => {
  const streams = new Streams(noBroker());
  const links = Array.from({ length: 2_000 }, () => newStream(streams));
  const sizes = links.map(({ windowBytes }) => windowBytes);
  expect(sizes.slice(0, 129)).toEqual(Array.from({ length: 129 }, () => 262_144));
  expect(sizes[129]).toBeLessThan(262_144);
  expect(Math.min(...sizes)).toBe(8_192);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(64 * 1_048_576);
  for (const link of links) link.abort();
  const again = newStream(streams);
  expect(again.windowBytes).toBe(262_144); // what they had is free
  again.abort();
});

/** Streams on a broker that is this test, which says when it has what was published. */
function publishing() {
  const confirms: (() => void)[] = [];
  let published = 0;
  let told = 0;
  const bus = {
    isOpen: true,
    settings: { deadPeerMs: 5_000 },
    use: () => {},
    leave: () => {},
    subscribe: () => ({ end: () => {} }),
    publish: () => void published++,
    confirm: (done: () => void) => confirms.push(done),
  };
  const streams = new Streams(bus as unknown as Bus);
  const ignore = () => {};
  const user: StreamUser = {
    ...{ subject: "_tw.a.b", windowBytes: 8_192, opened: ignore, suspended: ignore, trouble: ignore },
    ...{ failed: ignore, tick: ignore, stalled: ignore, nobody: ignore, frame: ignore },
    mayPublish: () => void told++,
  };
  streams.adopt(user);
  /** Publishes as much as may be. Returns how many MiB that was. */
  const fill = (): number => {
    for (let count = 0; ; count++) {
      if (count === 100 || !streams.mayPublish(user)) return count;
      streams.publish("_tw.c.d", new Uint8Array(1_048_576));
    }
  };
  return { bus, streams, user, confirms, fill, counts: () => ({ published, told }) };
}

describe("what streams have on the way to a broker", () => {
  test("is 8 MiB at most, and who was refused is told when there is room", () => {
    const { streams, user, confirms, fill, counts } = publishing();
    expect(fill()).toBe(8);
    expect([counts().told, confirms.length]).toEqual([0, 1]);
    confirms.shift()?.(); // asked after the first of them
    expect([counts().told, streams.mayPublish(user), fill()]).toEqual([1, true, 1]);
    expect(confirms.length).toBe(1);
    confirms.shift()?.();
    expect(fill()).toBe(7); // asked when seven more were on the way
    streams.remove(user);
  });

  test("is nothing after a loss, and a late word of the old connection confirms nothing of the new one", () => {
    const { bus, streams, user, confirms, fill, counts } = publishing();
    expect(fill()).toBe(8);
    bus.isOpen = false;
    streams.suspended();
    bus.isOpen = true;
    streams.resumed();
    expect(fill()).toBe(8);
    const { told } = counts();
    confirms.shift()?.();
    expect([fill(), confirms.length, counts().told]).toEqual([0, 1, told]);
    confirms.shift()?.();
    expect(fill()).toBe(1);
    streams.remove(user);
  });

  test("counts nothing that was dropped while the broker was away", () => {
    const { bus, streams, user, confirms, fill, counts } = publishing();
    bus.isOpen = false;
    streams.suspended();
    for (let count = 0; count < 20; count++) streams.publish("_tw.c.d", new Uint8Array(1_048_576));
    expect([counts().published, confirms.length]).toEqual([0, 0]);
    bus.isOpen = true;
    streams.resumed();
    expect(fill()).toBe(8);
    streams.remove(user);
  });
});
