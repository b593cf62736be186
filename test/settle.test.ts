/** Steps until nothing moves: what comes of it, how far it goes, and when it gives up. */
import { describe, expect, test } from "vitest";
import { lines, memory, Poller, settle } from "../src/index.ts";
import { lineRig, take } from "./rig.ts";

describe("settle", () => {
  test("opens, delivers and closes, and answers how many rounds that took", () => {
    const wire = memory();
    const [server, client] = [new Poller(), new Poller()];
    const listener = server.listen(wire, lines());
    const near = client.connect(wire, lines());
    near.trySend("hello");
    expect(settle(server, client)).toBeGreaterThan(1);
    const far = listener.tryAccept();
    expect([near.state, listener.state, far && take(far)]).toEqual(["open", "listening", ["hello"]]);
    far?.trySend("welcome");
    far?.close();
    settle(client, server);
    expect(take(near)).toEqual(["welcome"]);
    settle(client, server);
    expect([near.state, far?.state, listener.tryLeave()]).toEqual(["closed", "closed", far]);
    expect(settle(server, client)).toBe(1);
    expect(settle()).toBe(1);
  });

  test("lets no time pass: each poller stays at the time of its own last frame", () => {
    const rig = lineRig({ server: { idleTimeoutMs: 10 } });
    const { far } = rig.pair();
    rig.server.poll(5);
    const before = rig.server.stats.polls;
    settle(rig.server, rig.client);
    expect(far.state).toBe("open");
    expect(rig.server.poll(5.5)).toMatchObject({ deltaMs: 0.5, tick: rig.server.stats.polls });
    expect(rig.server.stats.polls).toBeGreaterThan(before);
  });

  test("waits for nobody: what is held, and what the game has not taken, does not move", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    near.trySend("not taken");
    settle(rig.server, rig.client);
    rig.wire.hold();
    near.trySend("held");
    settle(rig.server, rig.client);
    expect(take(far)).toEqual(["not taken"]);
    rig.wire.release();
    settle(rig.server, rig.client);
    expect(take(far)).toEqual(["held"]);
  });

  test("gives up on pollers that never come to rest, and says so", () => {
    const rig = lineRig();
    rig.client.on("close", () => void rig.client.connect(rig.wire, lines()));
    rig.listener.close();
    rig.connect();
    expect(() => settle(rig.client)).toThrow(/^settle: the pollers still move after 1000 rounds/);
  });

  test("takes pollers alone", () => {
    expect(() => settle(lineRig().server, {} as never)).toThrow(/^pollers: expected a Poller, got an object/);
    expect(() => settle(undefined as never)).toThrow(TypeError);
  });
});
