/** One link of a network in memory: held, released and cut by either of its ends; and listeners by name. */
import { describe, expect, test } from "vitest";
import { lines, memory, Poller } from "../../../src/index.ts";
import { lineRig, take } from "../../rig.ts";

describe("a link in memory", () => {
  test("is held and released alone, by either end", () => {
    const rig = lineRig();
    const [one, two] = [rig.pair(), rig.pair()];
    rig.wire.hold(one.near);
    for (const { near } of [one, two]) near.trySend("hello");
    rig.client.flush();
    rig.pollServer();
    expect([take(one.far), take(two.far)]).toEqual([[], ["hello"]]);
    rig.wire.release(one.far);
    rig.pollServer();
    expect(take(one.far)).toEqual(["hello"]);
  });

  test("gives some of its bytes alone, and holds the rest", () => {
    const rig = lineRig();
    const [one, two] = [rig.pair(), rig.pair()];
    rig.wire.hold();
    for (const { near } of [one, two]) near.trySend("jump");
    rig.client.flush();
    rig.wire.release(one.near, 3);
    rig.wire.release(one.near, 2);
    rig.pollServer();
    expect([take(one.far), take(two.far)]).toEqual([["jump"], []]);
    rig.wire.release(two.far);
    one.near.trySend("again");
    rig.client.flush();
    rig.pollServer();
    expect([take(one.far), take(two.far)]).toEqual([[], ["jump"]]);
  });

  test("is held from its beginning while the network is, and after some bytes were let through", () => {
    const rig = lineRig();
    const heard = () => {
      const { near, far } = rig.pair();
      near.trySend("hi");
      rig.client.flush();
      rig.pollServer();
      return take(far);
    };
    expect(heard()).toEqual(["hi"]);
    rig.wire.hold();
    expect(heard()).toEqual([]);
    rig.wire.release(3);
    expect(heard()).toEqual([]);
    rig.wire.release();
    expect(heard()).toEqual(["hi"]);
  });

  test("is cut alone: both ends see a reset, and nobody else does", () => {
    const rig = lineRig();
    const [one, two] = [rig.pair(), rig.pair()];
    rig.wire.cut(two.far);
    rig.pollBoth(16);
    const kinds = [one.near, one.far, two.near, two.far].map(({ closeReason }) => closeReason?.kind);
    expect(kinds).toEqual([undefined, undefined, "reset", "reset"]);
    rig.wire.cut(two.near); // it is over
    rig.wire.hold(two.near);
    rig.wire.release(two.near);
  });

  test("is none of another network's, nor of one that is not there yet, and says so", () => {
    const { pair, wire } = lineRig();
    const stranger = lineRig().pair().near;
    for (const call of ["cut", "hold", "release"] as const) {
      expect(() => wire[call](stranger)).toThrow(/^connection: it is none of this memory network/);
      expect(() => wire[call](new Poller().connect(wire, lines()))).toThrow(RangeError);
      expect(() => wire[call]("all" as never)).toThrow(TypeError);
    }
    expect(pair).toBeDefined();
  });
});

describe("listeners by name", () => {
  test("stand side by side on one network, which all its calls are for", () => {
    const wire = memory();
    const server = new Poller();
    const client = new Poller();
    const names = ["lobby", "arena"] as const;
    const listeners = names.map((name) => server.listen(wire.at(name), lines()));
    const main = server.listen(wire, lines());
    server.poll(0);
    expect(listeners.map(({ address }) => address?.host)).toEqual(names);
    for (const to of [wire.at("arena"), wire.at("memory"), wire]) client.connect(to, lines());
    client.poll(0);
    server.poll(0);
    const counts = [...listeners, main].map(({ stats }) => stats.accepted);
    expect(counts).toEqual([0, 1, 2]);
    expect(listeners[1]?.tryAccept()?.localAddress).toEqual({ family: "memory", host: "arena", port: 0 });
    wire.cut();
    client.poll(16);
    expect(client.stats.closed).toBe(3);
  });

  test("are one of each name, and nobody answers for another", () => {
    const wire = memory();
    const server = new Poller();
    const listeners = [server.listen(wire.at("lobby"), lines()), server.listen(wire.at("lobby"), lines())];
    const lost = server.connect(wire.at("cellar"), lines());
    server.poll(0);
    server.poll(0);
    expect(listeners.map(({ state }) => state)).toEqual(["listening", "closed"]);
    expect(listeners[1]?.closeReason?.message).toBe("another listener is on this memory network as lobby");
    expect(lost.closeReason?.message).toBe("nobody listens on this memory network as cellar");
    for (const wrong of ["", "a\0b", 7]) expect(() => wire.at(wrong as string)).toThrow(/^name: expected/);
  });
});
