import { describe, expect, test } from "vitest";
import { type AcceptorEvents, lines, memory, Poller } from "../../../src/index.ts";
import { keptBytes } from "../../garbage.ts";
import { lineRig, take } from "../../rig.ts";

describe("tryAccept", () => {
  test("says undefined when nobody is waiting", () => {
    expect(lineRig().listener.tryAccept()).toBeUndefined();
  });

  test("gives the connections of this frame in the order of their arrival, and no later ones", () => {
    const rig = lineRig();
    rig.connect();
    rig.connect();
    expect(rig.listener.tryAccept()).toBeUndefined();
    expect(rig.pollServer().accepted).toBe(2);
    rig.connect();
    expect(rig.listener.tryAccept()?.id).toBe(1);
    expect(rig.listener.tryAccept()?.id).toBe(2);
    expect(rig.listener.tryAccept()).toBeUndefined();
    expect(rig.pollServer().accepted).toBe(1);
    expect(rig.listener.tryAccept()?.id).toBe(3);
  });

  test("gives an open connection with both addresses", () => {
    const { far, near } = lineRig().pair();
    expect(far.state).toBe("open");
    expect(far.remoteAddress).toEqual(near.localAddress);
    expect(far.localAddress).toEqual(near.remoteAddress);
  });

  test("hands out a connection that sent and closed before it was accepted", () => {
    const rig = lineRig();
    const near = rig.connect();
    near.trySend("I was here");
    rig.pollClient();
    near.close();
    rig.client.flush();
    rig.pollServer();
    rig.pollServer();
    const accepted = rig.listener.tryAccept();
    expect(accepted?.state).toBe("open");
    expect(accepted?.tryRecv()).toBe("I was here");
    for (let frame = 0; frame < 3; frame++) rig.pollServer();
    expect(accepted?.state).toBe("closed");
    expect(accepted?.closeReason?.kind).toBe("remote");
    expect(rig.listener.connections.size).toBe(0);
  });

  test("shows the messages of a waiting connection only up to the last poll", () => {
    const rig = lineRig();
    const near = rig.connect();
    near.trySend("seen");
    rig.pollClient();
    rig.client.flush();
    rig.pollServer();
    near.trySend("not yet");
    rig.client.flush();
    const accepted = rig.listener.tryAccept();
    expect(accepted && take(accepted)).toEqual(["seen"]);
    rig.pollServer();
    expect(accepted && take(accepted)).toEqual(["not yet"]);
  });
});

describe("the accept limit", () => {
  test("resets the connection beyond it, and reports that in the frame", () => {
    const rig = lineRig({ listen: { acceptLimit: 2 } });
    const drops: unknown[] = [];
    rig.server.on("drop", ({ count, reason }) => drops.push([count, reason.kind]));
    const clients = [rig.connect(), rig.connect(), rig.connect(), rig.connect()];
    expect(rig.listener.stats.dropped).toBe(0);
    expect(rig.pollServer().accepted).toBe(2);
    expect(drops).toEqual([[2, "overflow"]]);
    expect(rig.listener.stats).toMatchObject({ accepted: 2, dropped: 2, acceptPeak: 2 });
    rig.pollClient();
    expect(clients.map((accepted) => accepted.state)).toEqual(["open", "open", "closed", "closed"]);
    expect(clients[3]?.closeReason?.kind).toBe("reset");
  });

  test("has room again once connections are accepted", () => {
    const rig = lineRig({ listen: { acceptLimit: 1 } });
    rig.pair();
    rig.pair();
    expect(rig.listener.stats.dropped).toBe(0);
    expect(rig.listener.connections.size).toBe(2);
  });
});

describe("a listener", () => {
  test("is starting until the poll that shows its address", () => {
    const poller = new Poller();
    const listener = poller.listen(memory(), lines());
    expect([listener.state, listener.address]).toEqual(["starting", undefined]);
    poller.poll(0);
    expect(listener.state).toBe("listening");
    expect(listener.address).toMatchObject({ family: "memory" });
  });

  test("is closed with a reason when the address is taken, and nothing throws", () => {
    const rig = lineRig();
    const second = rig.server.listen(rig.wire, lines());
    rig.pollServer();
    expect(second.state).toBe("closed");
    expect(second.closeReason?.kind).toBe("address-in-use");
    expect(rig.listener.state).toBe("listening");
  });

  test("tells of a connection that came in the frame of the close, before it tells its end", () => {
    const rig = lineRig();
    const told: string[] = [];
    rig.server.on("accept", () => told.push("accept"));
    rig.server.on("close", ({ reason }) => told.push(`close ${reason.kind}`));
    rig.connect();
    rig.listener.close();
    rig.pollServer();
    expect(told).toEqual(["accept", "close local"]);
    expect(rig.server.stats).toMatchObject({ accepted: 1, closed: 1 });
    expect(rig.listener.tryAccept()).toBeUndefined();
  });

  test("that is closed before it ever listened tells its end once, and never that it listens", () => {
    const poller = new Poller();
    const told = endsOf(poller);
    const listener = poller.listen(memory(), lines());
    listener.close();
    for (let frame = 0; frame < 3; frame++) poller.poll(frame);
    expect(told).toEqual(["unlisten local"]);
    expect([listener.state, listener.address, poller.hasActivity]).toEqual(["closed", undefined, false]);
  });

  test("that could not listen keeps its reason when it is closed too", () => {
    const rig = lineRig();
    const told = endsOf(rig.server);
    const second = rig.server.listen(rig.wire, lines());
    rig.pollServer();
    second.close();
    for (let frame = 0; frame < 3; frame++) rig.pollServer();
    expect(second.closeReason?.kind).toBe("address-in-use");
    expect(told).toEqual(["unlisten address-in-use"]);
  });

  test.each(["local", "failed"])(
    "that has ended, %s, ends once, whatever its acceptor still reports",
    (kind) => {
      const poller = new Poller();
      const told = endsOf(poller);
      let events: AcceptorEvents | undefined;
      const attach = (given: AcceptorEvents): void => {
        events = given;
        given.listening(undefined);
      };
      const listener = poller.listen({ listen: () => ({ attach, close() {} }) }, lines());
      poller.poll(0);
      if (kind === "local") listener.close();
      else events?.closed({ kind: "failed", message: "the network is gone" });
      poller.poll(1);
      events?.listening({ family: "memory", host: "memory", port: 9 });
      poller.poll(2);
      events?.closed({ kind: "reset", message: "and once more" });
      poller.poll(3);
      expect(told).toEqual(["listen", `unlisten ${kind}`]);
      expect([listener.state, listener.closeReason?.kind, listener.address]).toEqual([
        "closed",
        kind,
        undefined,
      ]);
    },
  );

  test("only counts what is rejected between two frames, so that a flood takes no memory", () => {
    const poller = new Poller();
    let reject = (): void => {};
    const attach = (events: AcceptorEvents): void => {
      reject = () => events.rejected({ kind: "handshake", message: "no agreement" });
    };
    const listener = poller.listen({ listen: () => ({ attach, close() {} }) }, lines());
    reject();
    const before = keptBytes();
    for (let count = 1; count < 200_000; count++) reject();
    expect(keptBytes() - before).toBeLessThan(500_000); // a word for each would be 1.6 MB
    poller.poll(0);
    expect(listener.stats.dropped).toBe(200_000);
  });

  test("accepts nothing after close(), resets waiting connections, and keeps accepted ones", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    const waiting = rig.connect();
    rig.pollBoth();
    rig.listener.close();
    expect(rig.listener.state).toBe("closed");
    expect(rig.listener.closeReason?.kind).toBe("local");
    expect(rig.listener.tryAccept()).toBeUndefined();
    const late = rig.connect();
    rig.pollBoth();
    expect(waiting.closeReason?.kind).toBe("reset");
    expect(late.closeReason?.kind).toBe("refused");
    near.trySend("still here");
    rig.client.flush();
    rig.pollServer();
    expect(far.tryRecv()).toBe("still here");
  });

  test("frees its address for the next one", () => {
    const rig = lineRig();
    rig.listener.close();
    const next = rig.server.listen(rig.wire, lines());
    rig.pollServer();
    expect(next.state).toBe("listening");
  });

  test("a connection that an event handler has aborted is handed out, and is none of listener.connections", () => {
    const rig = lineRig();
    rig.server.on("accept", ({ connection }) => connection.abort());
    rig.connect();
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect(rig.listener.tryAccept()?.state).toBe("closed");
    rig.pollServer();
    expect(rig.listener.connections.size).toBe(0);
  });
});

/** What a poller tells of its listeners. */
function endsOf(poller: Poller): string[] {
  const told: string[] = [];
  poller.on("listen", () => told.push("listen"));
  poller.on("unlisten", ({ reason }) => told.push(`unlisten ${reason.kind}`));
  return told;
}
