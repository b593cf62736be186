import { BlockList } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AcceptLimits, acceptLimitsOf } from "../../../src/core/listen/accept-limits.ts";
import { Admission, addressKey } from "../../../src/core/listen/admission.ts";
import {
  type Address,
  type Connection,
  type Listener,
  type ListenOptions,
  lines,
  Poller,
} from "../../../src/index.ts";
import { keptBytes } from "../../garbage.ts";
import { addressedNetwork, from } from "./addressed-network.ts";

describe("admission", () => {
  test("keeps every limit at once, and its counts come out even, whatever opens and closes", () => {
    const hosts = ["10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"];
    const step = fc.tuple(fc.constantFrom("come", "come", "go", "wait"), fc.nat(4), fc.nat(400));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const limits = acceptLimitsOf({ maxConnections: 6, maxConnectionsPerAddress: 2, acceptRateHz: 5 });
        const admission = new Admission(limits, 0);
        const inside: Address[] = [];
        const cameMs: number[] = [];
        let nowMs = 0;
        for (const [what, who, ms] of steps) {
          const address = from(hosts[who] ?? "");
          if (what === "wait") nowMs += ms;
          if (what === "go") {
            const gone = inside.splice(who % Math.max(1, inside.length), 1)[0];
            if (gone !== undefined) admission.remove(gone);
          }
          if (what !== "come") continue;
          const refusal = admission.refusal(address, 0, nowMs);
          const same = inside.filter((other) => addressKey(other) === addressKey(address)).length;
          if (inside.length >= 6) expect(refusal?.code).toBe("maxConnections");
          else if (same >= 2) expect(refusal?.code).toBe("maxConnectionsPerAddress");
          else if (refusal !== undefined) expect(refusal.code).toBe("acceptRateHz");
          const ofLastSecond = cameMs.filter((time) => time > nowMs - 1_000).length;
          if (refusal?.code === "acceptRateHz") expect(ofLastSecond).toBeGreaterThanOrEqual(5);
          if (refusal !== undefined) continue;
          admission.addNew(address);
          inside.push(address);
          cameMs.push(nowMs);
          // One second's worth at once, and as many again within the second that refills it.
          expect(ofLastSecond).toBeLessThan(10);
        }
        for (const address of inside) admission.remove(address);
        const later = nowMs + 60_000;
        const welcome = hosts.map((host) => admission.refusal(from(host), 0, later));
        expect(welcome).toEqual(hosts.map(() => undefined));
      }),
      { seed: 14_900, numRuns: 500 },
    );
  });

  test("counts nobody together who has no address", () => {
    const admission = new Admission(acceptLimitsOf({ maxConnectionsPerAddress: 1 }), 0);
    for (let count = 0; count < 3; count++) {
      expect(admission.refusal(undefined, 0, 0)).toBeUndefined();
      admission.addNew(undefined);
    }
    for (let count = 0; count < 3; count++) admission.remove(undefined);
    expect(admission.refusal(undefined, 0, 0)).toBeUndefined();
  });

  test("keeps nothing of the addresses that are gone, however many there were", () => {
    const admission = new Admission(acceptLimitsOf({ maxConnectionsPerAddress: 1 }), 0);
    const heapAfter = (visitors: number): number => {
      for (let index = 0; index < visitors; index++) {
        const address = from(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
        admission.addNew(address);
        admission.remove(address);
      }
      return keptBytes();
    };
    const before = heapAfter(1_000);
    expect(heapAfter(100_000) - before).toBeLessThan(1_000_000); // kept, they would take some 8 MB
    expect(admission.refusal(from("10.0.0.1"), 0, 0)).toBeUndefined();
  });

  test("a list that throws lets nobody in: it cannot say that they may", () => {
    const broken = {
      check(): boolean {
        throw new Error("no such table");
      },
    };
    const limits = (options: Partial<AcceptLimits>) => new Admission(acceptLimitsOf(options), 0);
    expect(limits({ denyList: broken }).refusal(from("10.0.0.1"), 0, 0)?.code).toBe("denyList");
    expect(limits({ allowList: broken }).refusal(from("10.0.0.1"), 0, 0)?.code).toBe("allowList");
  });

  test("a list judges an address as IPv4 also when a socket on both families shows it as IPv6", () => {
    const denyList = new BlockList();
    denyList.addSubnet("10.0.0.0", 8);
    denyList.addSubnet("2001:db8::", 32, "ipv6");
    const admission = new Admission(acceptLimitsOf({ denyList }), 0);
    const judged = [
      "::ffff:10.1.2.3",
      "10.1.2.3",
      "2001:db8::1",
      "11.0.0.1",
      "::ffff:11.0.0.1",
      "2001:db9::1",
    ];
    expect(judged.map((host) => admission.refusal(from(host), 0, 0)?.code)).toEqual([
      ...["denyList", "denyList", "denyList"],
      ...[undefined, undefined, undefined],
    ]);
  });

  test("connections without an IP address are on no list", () => {
    const nobody = { check: () => false };
    const everybody = { check: () => true };
    const admission = new Admission(acceptLimitsOf({ allowList: nobody, denyList: everybody }), 0);
    expect(admission.refusal({ family: "unix", host: "/run/x", port: 0 }, 0, 0)).toBeUndefined();
    expect(admission.refusal(undefined, 0, 0)).toBeUndefined();
  });
});

describe("a listener's limits", () => {
  test("reject connections beyond maxConnections, waiting ones counted, until one closes", () => {
    const rig = open({ maxConnections: 2 });
    const clients = [rig.connect(), rig.connect(), rig.connect()];
    rig.poll();
    expect(clients.map((client) => client.state)).toEqual(["open", "open", "closed"]);
    expect(clients[2]?.closeReason?.kind).toBe("reset");
    expect(rig.drops).toEqual([["maxConnections", 1]]);
    const inside = rig.listener.tryAccept();
    expect(rig.connect().id).toBe(4);
    rig.poll();
    expect(rig.listener.stats).toMatchObject({ accepted: 2, dropped: 2, droppedBy: { maxConnections: 2 } });
    inside?.abort();
    rig.poll();
    rig.connect();
    rig.poll();
    expect(rig.listener.stats).toMatchObject({ accepted: 3, dropped: 2 });
  });

  test("a connection that closed before it was accepted makes room once it is accepted and gone", () => {
    const rig = open({ maxConnections: 1 });
    rig.connect().abort();
    rig.poll();
    rig.listener.tryAccept();
    rig.poll();
    rig.poll();
    rig.connect();
    rig.poll();
    expect(rig.listener.stats).toMatchObject({ accepted: 2, dropped: 0 });
  });

  test("count each address alone, and a network of IPv6 as one", () => {
    const rig = open({ maxConnectionsPerAddress: 1 });
    for (const host of ["192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8::2"]) {
      rig.connect(host);
    }
    rig.poll();
    expect(rig.listener.stats).toMatchObject({ accepted: 3, droppedBy: { maxConnectionsPerAddress: 2 } });
  });

  test("accept connections at a rate of polled time, a second's worth at once", () => {
    const rig = open({ acceptRateHz: 4 });
    for (let count = 0; count < 6; count++) rig.connect();
    rig.poll();
    expect(rig.listener.stats).toMatchObject({ accepted: 4, droppedBy: { acceptRateHz: 2 } });
    rig.poll(250);
    rig.connect();
    rig.connect();
    rig.poll();
    expect(rig.listener.stats).toMatchObject({ accepted: 5, droppedBy: { acceptRateHz: 3 } });
    rig.poll(900);
    rig.poll(900);
    rig.poll(900);
    for (let count = 0; count < 6; count++) rig.connect();
    rig.poll();
    expect(rig.listener.stats.accepted).toBe(9);
  });

  test("refuse by list before anything else, and say which", () => {
    const denyList = new BlockList();
    denyList.addAddress("192.0.2.66");
    const allowList = new BlockList();
    allowList.addSubnet("192.0.2.0", 24);
    const rig = open({ denyList, allowList });
    for (const host of ["192.0.2.1", "192.0.2.66", "198.51.100.1", "::ffff:192.0.2.2"]) rig.connect(host);
    rig.poll();
    expect(rig.drops).toEqual([
      ["denyList", 1],
      ["allowList", 1],
    ]);
    expect(rig.listener.stats).toMatchObject({ accepted: 2, droppedBy: { denyList: 1, allowList: 1 } });
    expect(rig.server.stats.dropped).toBe(2);
  });

  test("report a flood by one event a frame for each reason, however many come", () => {
    const rig = open({ maxConnections: 1, denyList: { check: (host) => host === "192.0.2.66" } });
    for (let count = 0; count < 500; count++) rig.connect(count % 2 === 0 ? "192.0.2.1" : "192.0.2.66");
    expect(rig.listener.stats.dropped).toBe(0); // frames stand still
    rig.poll();
    expect(rig.drops.toSorted()).toEqual([
      ["denyList", 250],
      ["maxConnections", 249],
    ]);
    expect(rig.listener.stats.droppedBy).toEqual({ denyList: 250, maxConnections: 249 });
  });

  test("are the poller's unless the listener has its own", () => {
    const { wire, listen } = addressedNetwork(() => from("192.0.2.1"));
    const server = new Poller({ maxConnections: 1 });
    const listener = server.listen(listen, lines(), { maxConnectionsPerAddress: 2 });
    server.poll(0);
    const client = new Poller();
    for (let count = 0; count < 3; count++) client.connect(wire, lines());
    server.poll(1);
    expect(listener.stats.droppedBy).toEqual({ maxConnections: 2 });
  });

  test.each([
    [{ maxConnections: 0 }, "maxConnections: expected a whole number from 1"],
    [{ maxConnectionsPerAddress: -1 }, "maxConnectionsPerAddress: expected"],
    [{ acceptRateHz: 0 }, "acceptRateHz: expected a number above 0, got 0"],
    [{ acceptRateHz: "9" as never }, "acceptRateHz: expected a number, got string"],
    [{ denyList: ["192.0.2.1"] as never }, "denyList: expected a list such as a net.BlockList, got an array"],
    [{ allowList: null as never }, "allowList: expected a list such as a net.BlockList, got null"],
  ])("%o is refused, by name", (options, message) => {
    expect(() => open(options)).toThrow(message);
  });
});

interface ListenerRig {
  readonly server: Poller;
  readonly listener: Listener<string>;
  /** What was reported, in the order of the reports. */
  readonly drops: (readonly [code: string | undefined, count: number])[];
  connect(host?: string): Connection<string>;
  poll(passMs?: number): void;
}

/** A listener with these limits, and clients from addresses that the test says. */
function open(options: ListenOptions): ListenerRig {
  let host = "";
  const { wire, listen } = addressedNetwork(() => from(host));
  const server = new Poller();
  const client = new Poller();
  const drops: ListenerRig["drops"] = [];
  server.on("drop", ({ reason, count }) => drops.push([reason.code, count]));
  const listener = server.listen(listen, lines(), options);
  let time = 0;
  const poll = (passMs = 1): void => {
    time += passMs;
    server.poll(time);
    client.poll(time);
  };
  poll();
  const connect = (whence = "192.0.2.1"): Connection<string> => {
    host = whence;
    return client.connect(wire, lines());
  };
  return { server, listener, drops, connect, poll };
}
