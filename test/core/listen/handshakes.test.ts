/** Peers that are still shaking hands count under the limits of a listener, from their first packet. */
import { BlockList } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AcceptorEvents,
  type CloseReason,
  type Connection,
  type Link,
  type Listener,
  type ListenOptions,
  lines,
  memory,
  Poller,
  type Transport,
} from "../../../src/index.ts";
import type { Handshake } from "../../../src/port/acceptor.ts";
import { SEED } from "../../seed.ts";
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

test("a peer whose own address a proxy reports counts there from then on, and no longer at the proxy's", () => {
  const { events, wire, dropped } = rig({ maxConnectionsPerAddress: 1 });
  const [proxy, player] = [from("192.0.2.1"), from("192.0.2.7")];
  const one = events.handshaking(proxy, ignore);
  expect(one.identified(player)).toBeUndefined();
  const two = events.handshaking(proxy, ignore); // its place is free again
  expect(two.refusal).toBeUndefined();
  expect(two.identified(player)?.code).toBe("maxConnectionsPerAddress");
  expect(dropped()).toEqual({ maxConnectionsPerAddress: 1 });
  two.rejected(FAILED); // it has ended, and was told
  expect(events.handshaking(proxy, ignore).refusal).toBeUndefined();
  one.rejected(FAILED);
  expect(events.handshaking(player, ignore).refusal).toBeUndefined();
  expect(events.handshaking(player, ignore).refusal?.code).toBe("maxConnectionsPerAddress");
  expect(one.identified(player)?.kind).toBe("refused"); // over is over
  one.incoming(linkOf(wire));
  expect(dropped()).toEqual({ maxConnectionsPerAddress: 2, handshake: 1 });
});

test("a peer whose own address is on a list is refused when it is known", () => {
  const denyList = new BlockList();
  denyList.addAddress("192.0.2.7");
  const { events, dropped } = rig({ denyList, maxConnections: 1 });
  const handshake = events.handshaking(from("192.0.2.1"), ignore);
  expect(handshake.identified(from("192.0.2.7"))?.code).toBe("denyList");
  expect(dropped()).toEqual({ denyList: 1 });
  expect(events.handshaking(from("192.0.2.1"), ignore).refusal).toBeUndefined(); // the only place is free
});

test("one that was refused counts for nothing, whatever its transport still reports of it", () => {
  const { net, events, listener, wire, dropped } = rig({ maxConnections: 1 });
  events.handshaking(undefined, ignore);
  const reasons: unknown[] = [];
  for (let count = 0; count < 2; count++) {
    const refused = events.handshaking(undefined, ignore);
    expect(refused.refusal?.code).toBe("maxConnections");
    if (count === 0) refused.rejected(FAILED);
    else refused.incoming(listening(linkOf(wire), () => reasons.push("aborted")));
  }
  expect(events.handshaking(undefined, ignore).refusal?.code).toBe("maxConnections");
  net.poll(0);
  expect([reasons, listener.tryAccept()]).toEqual([["aborted"], undefined]);
  expect(dropped()).toEqual({ maxConnections: 3 });
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

test("whatever peers begin, finish and repeat, each ends once, and those that count are as many as there are", () => {
  const verb = fc.constantFrom(...VERBS);
  fc.assert(
    fc.property(fc.array(fc.tuple(verb, fc.nat(20)), { maxLength: 60 }), (steps) => {
      const { net, events, listener, wire, dropped } = rig({ maxConnections: 5, acceptLimit: 2 });
      const peers: Peer[] = [];
      const aborted: (string | undefined)[] = [];
      const accepted: Connection<string>[] = [];
      // What is expected: who is where, and what was told.
      let shaking: Peer[] = [];
      let [waiting, ready, leaving] = [0, 0, 0];
      const counts: Record<string, number> = {};
      const told: (string | undefined)[] = [];
      const count = (code: string): string => {
        counts[code] = (counts[code] ?? 0) + 1;
        return code;
      };
      const refusal = (): string | undefined => {
        if (shaking.length + waiting + accepted.length + leaving >= 5) return count("maxConnections");
        return waiting >= 2 ? count("acceptLimit") : undefined;
      };
      const link = (): Link => listening(linkOf(wire), (reason) => aborted.push(reason?.code));
      for (const [what, which] of steps) {
        const peer = peers[which % Math.max(1, peers.length)];
        const isShaking = peer !== undefined && shaking.includes(peer);
        if (what === "begin") {
          const begun: Peer = { drops: 0, expectedDrops: 0 };
          begun.handshake = events.handshaking(undefined, () => begun.drops++);
          peers.push(begun);
          const code = refusal();
          expect(begun.handshake.refusal?.code).toBe(code);
          if (code !== undefined) continue;
          if (shaking.length >= 2) {
            count("acceptLimit");
            (shaking.shift() as Peer).expectedDrops++;
          }
          shaking.push(begun);
        } else if (what === "finish") {
          peer?.handshake?.incoming(link());
          shaking = shaking.filter((other) => other !== peer);
          if (isShaking && waiting < 2) waiting++;
          else if (peer !== undefined) told.push(isShaking ? count("acceptLimit") : undefined);
        } else if (what === "fail") {
          peer?.handshake?.rejected(FAILED);
          shaking = shaking.filter((other) => other !== peer);
          if (isShaking) count("handshake");
        } else if (what === "come") {
          events.incoming(link());
          const code = refusal();
          if (code === undefined) waiting++;
          else told.push(code);
        } else if (what === "accept") {
          const connection = listener.tryAccept();
          expect(connection?.state).toBe(ready > 0 ? "open" : undefined);
          if (connection === undefined) continue;
          [waiting, ready] = [waiting - 1, ready - 1];
          accepted.push(connection);
        } else if (what === "leave") {
          const [gone] = accepted.splice(which, 1);
          gone?.abort();
          if (gone === undefined) continue;
          leaving++;
          told.push(undefined);
        } else {
          net.poll(0);
          [ready, leaving] = [waiting, 0];
        }
        expect(aborted).toEqual(told.map((code, index) => code ?? aborted[index])); // some need no reason
        expect(peers.map(({ drops }) => drops)).toEqual(peers.map(({ expectedDrops }) => expectedDrops));
      }
      expect(dropped()).toEqual(counts);
    }),
    { seed: SEED, numRuns: 200 },
  );
});

const VERBS = [
  ...(["begin", "begin", "begin", "finish", "finish", "fail"] as const),
  ...(["come", "accept", "accept", "leave", "poll"] as const),
];

/** A peer that shakes hands, and how often it was dropped meanwhile. */
interface Peer {
  handshake?: Handshake;
  drops: number;
  expectedDrops: number;
}

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

/** The link, which tells with what reason it is aborted. */
function listening(link: Link, told: (reason: CloseReason | undefined) => void): Link {
  const { abort } = link;
  link.abort = (reason) => {
    told(reason);
    abort.call(link, reason);
  };
  return link;
}

const FAILED: CloseReason = { kind: "handshake", message: "no agreement" };
const SILENT = {
  opened() {},
  received() {},
  partial() {},
  suspended() {},
  resumed() {},
  drained() {},
  ended() {},
  closed() {},
};

function ignore(): void {}
