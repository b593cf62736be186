import { describe, expect, test } from "vitest";
import { lines, type PollerEvents } from "../../src/index.ts";
import { lineRig } from "../rig.ts";

const TYPES = ["listen", "unlisten", "accept", "drop", "open", "drain", "close"] as const;

/** Notes each event of a poller, with the ids in it. */
function notesOf(rig: ReturnType<typeof lineRig>, side: "server" | "client"): string[] {
  const notes: string[] = [];
  for (const type of TYPES) {
    rig[side].on(type, (event: PollerEvents[keyof PollerEvents]) => {
      const id = "connection" in event ? ` ${event.connection.id}` : "";
      notes.push(`${type}${id}`);
    });
  }
  return notes;
}

describe("events", () => {
  test("tell of a life in order, each within the poll that shows it", () => {
    const rig = lineRig();
    const server = notesOf(rig, "server");
    const client = notesOf(rig, "client");
    const near = rig.connect();
    expect([server, client]).toEqual([[], []]);
    rig.pollBoth();
    expect([server.splice(0), client.splice(0)]).toEqual([["accept 1"], ["open 1"]]);
    rig.listener.tryAccept();
    near.close();
    rig.client.flush();
    expect([server, client]).toEqual([[], []]);
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect([server.splice(0), client.splice(0)]).toEqual([["close 1"], ["close 1"]]);
    rig.listener.close();
    rig.pollServer();
    expect(server).toEqual(["unlisten"]);
  });

  test("tell of a listener, and of one that could not listen", () => {
    const rig = lineRig();
    const notes: string[] = [];
    rig.client.on("listen", ({ listener }) => notes.push(`listens ${listener.state}`));
    rig.client.on("unlisten", ({ reason }) => notes.push(`not: ${reason.kind}`));
    rig.client.listen(rig.wire, lines());
    rig.pollClient();
    rig.listener.close();
    rig.client.listen(rig.wire, lines());
    rig.pollClient();
    expect(notes).toEqual(["not: address-in-use", "listens listening"]);
  });

  test("see the whole frame, whichever comes first", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    const seen: unknown[] = [];
    rig.server.on("accept", () => seen.push([far.tryRecv(), rig.server.stats.accepted]));
    rig.connect();
    near.trySend("said in the same frame");
    rig.client.flush();
    rig.pollServer();
    expect(seen).toEqual([["said in the same frame", 2]]);
  });

  test("a handler that throws does not stop the frame's work; the error comes out of poll() then", () => {
    const rig = lineRig();
    const notes: string[] = [];
    rig.server.on("accept", () => {
      throw new Error("a bug in a handler");
    });
    rig.server.on("accept", ({ connection }) => notes.push(`accept ${connection.id}`));
    rig.connect();
    const second = rig.connect();
    second.trySend("x");
    rig.pollClient();
    rig.client.flush();
    expect(() => rig.pollServer()).toThrow(AggregateError);
    expect(notes).toEqual(["accept 1", "accept 2"]);
    rig.listener.tryAccept();
    expect(rig.listener.tryAccept()?.tryRecv()).toBe("x");
    expect(rig.pollServer().tick).toBe(3);
    rig.connect();
    expect(() => rig.pollServer()).toThrow("a bug in a handler");
  });

  test("poll() within a handler is a mistake, and says so", () => {
    const rig = lineRig();
    rig.server.on("accept", () => {
      rig.server.poll(0);
    });
    rig.connect();
    expect(() => rig.pollServer()).toThrow("poll: called from within poll()");
    expect(rig.pollServer().tick).toBe(3);
  });

  test("a handler is told once, however often it was added, and may be added again after off()", () => {
    const rig = lineRig();
    let told = 0;
    const handler = () => {
      told++;
    };
    rig.server.on("accept", handler);
    rig.server.on("accept", handler);
    rig.server.on("close", handler);
    rig.connect();
    rig.pollServer();
    expect(told).toBe(1);
    rig.server.off("accept", handler);
    rig.server.on("accept", handler);
    rig.connect();
    rig.pollServer();
    expect(told).toBe(2);
  });

  test("off() takes a handler away", () => {
    const rig = lineRig();
    const notes: string[] = [];
    const handler = () => notes.push("accept");
    rig.server.on("accept", handler);
    rig.connect();
    rig.pollServer();
    rig.server.off("accept", handler);
    rig.connect();
    rig.pollServer();
    expect(notes).toEqual(["accept"]);
  });

  test("an awaited dispose goes on to its end when handlers throw, and begun in a handler too", async () => {
    const rig = lineRig();
    rig.pair();
    rig.server.on("unlisten", () => {
      throw new Error("a bug in a handler");
    });
    const disposed: Promise<void>[] = [];
    rig.client.on("open", () => disposed.push(rig.client[Symbol.asyncDispose]()));
    rig.connect();
    rig.pollClient();
    expect(disposed).toHaveLength(1);
    await disposed[0];
    await expect(rig.server[Symbol.asyncDispose]()).rejects.toThrow("a bug in a handler");
    expect([rig.client.stats.closed, rig.server.stats.closed]).toEqual([2, 2]);
  });
});
