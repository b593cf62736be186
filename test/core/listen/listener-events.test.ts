/** The events of one listener: those of its connections alone, with their types, in the queue of all. */
import { describe, expect, expectTypeOf, test } from "vitest";
import { type Connection, type Listener, lines, memory, Poller } from "../../../src/index.ts";
import { lineRig } from "../../rig.ts";

describe("listener.on", () => {
  test("tells of its own life and of its connections, with their types", () => {
    const wire = memory();
    const server = new Poller();
    const client = new Poller();
    const listener = server.listen(wire, lines(), { data: ({ id }) => `player ${id}`, maxConnections: 1 });
    const notes: string[] = [];
    listener.on("listen", (event) => notes.push(`listens ${event.listener === listener}`));
    listener.on("accept", ({ connection }) => {
      expectTypeOf(connection).toEqualTypeOf<Connection<string, string, string>>();
      notes.push(`accept ${connection.id}`);
    });
    listener.on("drop", ({ count, reason }) => notes.push(`drop ${count} ${reason.code}`));
    listener.on("close", ({ connection: { data }, reason }) => notes.push(`${data} ${reason.kind}`));
    listener.on("unlisten", ({ reason }) => notes.push(`unlisten ${reason.kind}`));
    const near = client.connect(wire, lines());
    client.connect(wire, lines());
    client.poll(0);
    server.poll(0);
    listener.tryAccept();
    near.abort();
    server.poll(16);
    listener.close();
    server.poll(32);
    expect(notes).toEqual([
      "listens true",
      "drop 1 maxConnections",
      "accept 1",
      "player 1 reset",
      "unlisten local",
    ]);
  });

  test("tells nothing of other listeners, and nothing of connections that this side made", () => {
    const server = new Poller();
    const wires = [memory(), memory()];
    const listeners = wires.map((wire) => server.listen(wire, lines())) as [
      Listener<string>,
      Listener<string>,
    ];
    const notes: string[] = [];
    listeners[0].on("close", () => notes.push("close"));
    listeners[0].on("accept", () => notes.push("accept"));
    server.connect(wires[1] as (typeof wires)[0], lines()).abort();
    const client = new Poller();
    const near = client.connect(wires[1] as (typeof wires)[0], lines());
    client.poll(0);
    server.poll(0);
    listeners[1].tryAccept();
    near.abort();
    server.poll(16);
    expect([server.stats.closed, notes]).toEqual([2, []]);
  });

  test("comes after poller.on, in one order, and is taken away by off", () => {
    const rig = lineRig();
    const notes: string[] = [];
    const note = (): void => void notes.push("listener's");
    rig.listener.on("accept", note);
    rig.listener.on("accept", note);
    rig.server.on("accept", () => notes.push("poller's"));
    rig.connect();
    rig.connect();
    rig.pollBoth();
    expect(notes.splice(0)).toEqual(["poller's", "listener's", "poller's", "listener's"]);
    rig.listener.off("accept", note);
    rig.connect();
    rig.pollBoth();
    expect(notes).toEqual(["poller's"]);
  });

  test("has what its handlers throw thrown by poll, after all handlers have run", () => {
    const rig = lineRig();
    const notes: string[] = [];
    const fail = (): never => {
      throw new Error("the game's");
    };
    rig.listener.on("accept", fail);
    rig.listener.on("accept", () => notes.push("second"));
    rig.connect();
    rig.client.poll(0);
    expect(() => rig.pollServer()).toThrow("the game's");
    expect(notes).toEqual(["second"]);
  });

  test("has no event that is not of a listener, and says so at the call", () => {
    const { listener } = lineRig();
    for (const call of ["on", "off"] as const) {
      const untyped = listener[call].bind(listener) as (...args: unknown[]) => void;
      expect(() => untyped("open", () => {})).toThrow(/^type: a listener has no event "open"/);
      expect(() => untyped("malformed", () => {})).toThrow(TypeError);
      expect(() => untyped("closed", () => {})).toThrow("the nearest one is close");
      expect(() => untyped("constructor", () => {})).toThrow(TypeError);
      expect(() => untyped(7, () => {})).toThrow("type: expected the name of an event, got number");
      expect(() => untyped("close", "log")).toThrow("handler: expected a function, got string");
    }
  });
});
