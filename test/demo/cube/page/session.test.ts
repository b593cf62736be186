/** The window's link to its process, over a network in memory. */
import { describe, expect, test } from "vitest";
import { type ServerProbe, Session } from "../../../../demo/cube/page/session.ts";
import type { Told } from "../../../../demo/cube/shared/window-wire.ts";
import { type Connection, lines, memory, Poller } from "../../../../src/index.ts";

describe("a session", () => {
  test("receives the lines of its process in order", () => {
    const { frame, process } = linked();
    process().trySend("cube 1 2 3");
    process().trySend("link linked 127.0.0.1:14900");
    expect(frame()).toEqual([
      { kind: "cube", position: [1, 2, 3] },
      { kind: "link", link: "linked", words: "127.0.0.1:14900" },
    ]);
    expect(frame()).toEqual([]);
  });

  test("sends nothing before the greeting, as an old position would replace a new one", () => {
    const scene = opened();
    expect(scene.session.trySend({ kind: "cube", position: [1, 1, 1] })).toBe(false);
    scene.process().trySend("role mover");
    scene.frame();
    expect(scene.session.trySend({ kind: "cube", position: [1, 1, 1] })).toBe(true);
    scene.frame();
    expect([...scene.process()]).toContain("cube 1 1 1");
  });

  test("measures its own round trip, and answers pings", () => {
    const { session, frame, process } = linked();
    expect(session.roundTripMs).toBeUndefined();
    frame();
    const ping = [...process()].find((line) => line.startsWith("ping"));
    process().trySend(ping?.replace("ping", "pong") ?? "");
    process().trySend("ping 77");
    frame(5);
    expect(session.roundTripMs).toBeGreaterThan(0);
    frame();
    expect([...process()]).toContain("pong 77");
  });

  test("complains of a line that is none, and goes on", () => {
    const { frame, process } = linked();
    process().trySend("what");
    process().trySend("role mirror");
    expect(frame()).toEqual([{ kind: "role", role: "mirror" }]);
    frame();
    expect([...process()].some((line) => line.startsWith("error "))).toBe(true);
  });

  test("says when its process is silent, and when it is not any more", () => {
    const { session, frame, process } = linked();
    frame(2_900);
    expect(session.state).toEqual({ kind: "open", isSilent: false });
    frame(200);
    expect(session.state).toEqual({ kind: "open", isSilent: true });
    process().trySend("role mover");
    frame();
    expect(session.state).toEqual({ kind: "open", isSilent: false });
  });

  test("pauses when the process is gone, probes until the server answers, and only then connects", () => {
    const { session, frame, probe, process } = linked();
    process().abort();
    frame();
    expect(session.state).toMatchObject({ kind: "pausing" });
    expect(session.trySend({ kind: "cube", position: [0, 0, 0] })).toBe(false);
    expect(probe.starts).toBe(0);
    for (const pauseMs of [250, 500, 1_000, 2_000, 2_000]) {
      frame(pauseMs - 20);
      expect(session.state.kind).toBe("pausing");
      frame(30);
      expect(session.state.kind).toBe("probing");
      probe.result = false;
      frame();
    }
    expect(probe.starts).toBe(5);
    frame(2_100);
    probe.result = true;
    frame();
    frame();
    frame();
    expect(session.state).toEqual({ kind: "open", isSilent: false });
    process().trySend("role mirror");
    expect(frame()).toEqual([{ kind: "role", role: "mirror" }]);
  });

  test("gives up a probe that is not answered in time", () => {
    const { session, frame, process, probe } = linked();
    process().abort();
    frame();
    frame(300);
    expect(session.state.kind).toBe("probing");
    frame(5_100);
    expect(session.state.kind).toBe("pausing");
    frame(600);
    expect(probe.starts).toBe(2);
  });
});

/** A probe whose result the test gives. */
class TestProbe implements ServerProbe {
  starts = 0;
  result: boolean | undefined;

  start(): void {
    this.starts++;
    this.result = undefined;
  }

  tryResult(): boolean | undefined {
    return this.result;
  }
}

/** A window and its process, linked and not greeted. */
function opened() {
  const wire = memory();
  const server = new Poller();
  const listener = server.listen(wire, lines());
  const poller = new Poller();
  const probe = new TestProbe();
  let nowMs = 0;
  server.poll(nowMs);
  const session = new Session(poller, wire, probe);
  let connection: Connection<string> | undefined;
  const frame = (passMs = 16): readonly Told[] => {
    nowMs += passMs;
    server.poll(nowMs);
    connection = listener.tryAccept() ?? connection;
    poller.poll(nowMs);
    const told = session.frame(nowMs);
    poller.flush();
    server.poll(nowMs);
    connection = listener.tryAccept() ?? connection;
    return told;
  };
  const process = (): Connection<string> => {
    if (connection === undefined) throw new Error("no window has come");
    return connection;
  };
  frame();
  frame();
  return { session, frame, process, probe };
}

/** A window and its process, linked and greeted. */
function linked() {
  const scene = opened();
  scene.process().trySend("role mover");
  scene.frame();
  return scene;
}
