/** How much the streams of one value have room for, alone and together. */
import { expect, test } from "vitest";
import type { Bus } from "../../../src/transport/nats/bus.ts";
import { NatsLink } from "../../../src/transport/nats/nats-link.ts";
import { Streams } from "../../../src/transport/nats/streams.ts";

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
