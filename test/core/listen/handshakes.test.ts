/** Peers that are still shaking hands count under the limits of a listener, from their first packet. */
import { BlockList } from "node:net";
import { expect, test } from "vitest";
import {
  type AcceptorEvents,
  type CloseReason,
  type Listener,
  type ListenOptions,
  lines,
  memory,
  Poller,
  type Transport,
} from "../../../src/index.ts";
import { from } from "./addressed-network.ts";

test("a peer that shakes hands has a place under maxConnections until its handshake fails", () => {
  const { events, dropped } = rig({ maxConnections: 1 });
  const first = events.handshaking(from("192.0.2.1"), ignore);
  expect(first.refusal).toBeUndefined();
  expect(events.handshaking(from("192.0.2.2"), ignore).refusal?.code).toBe("maxConnections");
  first.rejected(FAILED);
  first.rejected(FAILED); // once is enough
  expect(events.handshaking(from("192.0.2.2"), ignore).refusal).toBeUndefined();
  expect(dropped()).toEqual({ maxConnections: 1, handshake: 1 });
});

test("it counts for its address and for the rate, and is checked against the lists", () => {
  const address = from("192.0.2.1");
  const perAddress = rig({ maxConnectionsPerAddress: 1 }).events;
  expect(perAddress.handshaking(address, ignore).refusal).toBeUndefined();
  expect(perAddress.handshaking(address, ignore).refusal?.code).toBe("maxConnectionsPerAddress");
  expect(perAddress.handshaking(from("192.0.2.2"), ignore).refusal).toBeUndefined();

  const perSecond = rig({ acceptRateHz: 1 }).events;
  perSecond.handshaking(address, ignore).rejected(FAILED);
  expect(perSecond.handshaking(address, ignore).refusal?.code).toBe("acceptRateHz");

  const denyList = new BlockList();
  denyList.addAddress("192.0.2.1");
  expect(rig({ denyList }).events.handshaking(address, ignore).refusal?.code).toBe("denyList");
});

test("beyond acceptLimit the one that has shaken hands longest is dropped, so that silent ones keep nobody out", () => {
  const { net, events, listener, wire, dropped } = rig({ acceptLimit: 2 });
  const gone: number[] = [];
  const begin = (number: number) => events.handshaking(undefined, () => gone.push(number));
  const [first, second] = [begin(1), begin(2)];
  second.incoming(linkOf(wire)); // it waits for tryAccept, and shakes hands no more
  begin(3);
  expect(gone).toEqual([]);
  begin(4);
  expect(gone).toEqual([1]);
  first.rejected(FAILED);
  first.incoming(linkOf(wire));
  expect(dropped()).toEqual({ acceptLimit: 1 });
  net.poll(3_000);
  expect(listener.tryAccept()?.state).toBe("open");
  expect(listener.tryAccept()).toBeUndefined();
});

test("one that succeeds is refused when meanwhile acceptLimit others wait to be accepted", () => {
  const { events, listener, wire, dropped } = rig({ acceptLimit: 1 });
  const slow = events.handshaking(undefined, ignore);
  events.incoming(linkOf(wire));
  slow.incoming(linkOf(wire));
  expect(dropped()).toEqual({ acceptLimit: 1 });
  expect([listener.tryAccept()?.state, listener.tryAccept()]).toEqual(["open", undefined]);
  expect(listener.stats.acceptPeak).toBe(1);
});

test("one that succeeds becomes a connection, and is not counted twice", () => {
  const { net, events, listener, wire, dropped } = rig({ maxConnections: 1, acceptRateHz: 1 });
  const handshake = events.handshaking(undefined, ignore);
  handshake.incoming(linkOf(wire));
  net.poll(0);
  expect(listener.tryAccept()?.state).toBe("open");
  expect(events.handshaking(undefined, ignore).refusal?.code).toBe("maxConnections");
  for (const connection of listener.connections) connection.abort();
  net.poll(1_000);
  expect(events.handshaking(undefined, ignore).refusal).toBeUndefined();
  expect(dropped()).toEqual({ maxConnections: 1 });
});

test("a handshake that ends after the listener was closed ends without a word", () => {
  const { events, listener, wire, dropped } = rig({});
  const one = events.handshaking(undefined, ignore);
  const two = events.handshaking(undefined, ignore);
  listener.close();
  const link = linkOf(wire);
  const reasons: CloseReason[] = [];
  link.attach({ ...SILENT, closed: (reason) => reasons.push(reason) });
  one.incoming(link);
  two.rejected(FAILED);
  expect(reasons.map(({ kind }) => kind)).toEqual(["local"]);
  expect(events.handshaking(undefined, ignore).refusal?.kind).toBe("refused");
  expect(dropped()).toEqual({});
});

/** A listener on an acceptor that does nothing but give its events to the test. */
function rig(options: ListenOptions) {
  let attached: AcceptorEvents | undefined;
  const transport: Transport = {
    listen: () => ({
      attach: (events) => {
        attached = events;
      },
      close: () => {},
    }),
  };
  const net = new Poller();
  const listener: Listener<string> = net.listen(transport, lines(), options);
  const dropped = () => {
    net.poll(2_000);
    return listener.stats.droppedBy;
  };
  return { net, listener, events: attached as unknown as AcceptorEvents, wire: memory(), dropped };
}

/** One end of a link whose other end nobody uses. */
function linkOf(wire: ReturnType<typeof memory>) {
  new Poller().listen(wire, lines());
  return wire.connect();
}

const FAILED: CloseReason = { kind: "handshake", message: "no agreement" };
const SILENT = { opened() {}, received() {}, partial() {}, drained() {}, ended() {}, closed() {} };

function ignore(): void {}
