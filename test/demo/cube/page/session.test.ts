/** The window's link to its process, over a network in memory. */
import { describe, expect, test } from "vitest";
import { Session } from "../../../../demo/cube/page/session.ts";
import type { Told } from "../../../../demo/cube/shared/window-wire.ts";
import { type Connection, conditioned, lines, memory, Poller, session } from "../../../../src/index.ts";

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

  test("says what the round trips of its line and its frames are, and answers pings", () => {
    const { session, frame, process } = linked();
    for (let frames = 0; frames < 100; frames++) frame();
    expect(session.trips).toEqual({ lineMs: expect.any(Number), frameMs: expect.any(Number) });
    expect(session.trips.frameMs).toBeGreaterThan(0);
    process().trySend("ping 77");
    frame();
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

  test("is held while it has no line, sends nothing then, and goes on where it was", () => {
    const { session, frame, process, line } = linked();
    line.blackhole();
    for (let frames = 0; frames < 10 && session.state.kind !== "held"; frames++) frame(500);
    expect(session.state).toMatchObject({ kind: "held" });
    frame(900);
    frame(900);
    expect(session.state).toMatchObject({ kind: "held", downMs: expect.closeTo(1_800, -3) });
    expect(session.trySend({ kind: "cube", position: [1, 1, 1] })).toBe(false);
    process().trySend("cube 4 5 6");
    line.heal();
    const told: Told[] = [];
    for (let frames = 0; frames < 100 && told.length === 0; frames++) told.push(...frame(100));
    expect(told).toEqual([{ kind: "cube", position: [4, 5, 6] }]);
    expect(session.state).toEqual({ kind: "open", isSilent: false });
    expect(session.trySend({ kind: "cube", position: [1, 1, 1] })).toBe(true);
    frame();
    frame();
    expect([...process()]).toContain("cube 1 1 1");
  });

  test("calls no process silent whose line has just come back, and one that still says nothing", () => {
    const { session, frame, line } = linked();
    line.blackhole();
    for (let frames = 0; frames < 20; frames++) frame(500);
    line.heal();
    for (let frames = 0; frames < 100 && session.state.kind === "held"; frames++) frame(100);
    expect(session.state).toEqual({ kind: "open", isSilent: false });
    for (let frames = 0; frames < 32; frames++) frame(100);
    expect(session.state).toEqual({ kind: "open", isSilent: true });
  });

  test("pauses when the process has closed it, longer each time, and connects again", () => {
    const { session, frame, process, close, listen } = linked();
    process().abort();
    close();
    frame();
    frame();
    expect(session.state).toMatchObject({ kind: "pausing" });
    expect(session.trySend({ kind: "cube", position: [0, 0, 0] })).toBe(false);
    for (const pauseMs of [250, 500, 1_000, 2_000, 2_000]) {
      frame(pauseMs - 30);
      expect(session.state.kind).toBe("pausing");
      frame(40);
      for (let frames = 0; frames < 5 && session.state.kind === "retrying"; frames++) frame(1);
    }
    listen();
    frame(2_100);
    for (let frames = 0; frames < 5; frames++) frame();
    expect(session.state).toEqual({ kind: "open", isSilent: false });
    process().trySend("role mirror");
    expect([...frame(), ...frame()]).toEqual([{ kind: "role", role: "mirror" }]);
  });
});

/** A window and its process, linked and not greeted. */
function opened() {
  const wire = memory();
  const line = conditioned(wire);
  const server = new Poller();
  let listener = server.listen(session(wire), lines());
  server.on("drop", () => {}); // lines that a blackhole has held up
  const poller = new Poller();
  let nowMs = 0;
  server.poll(nowMs);
  const link = new Session(poller, session(line, { deadPeerMs: 3_000 }));
  let connection: Connection<string> | undefined;
  const step = () => {
    server.poll(nowMs);
    connection = listener.tryAccept() ?? connection;
    server.flush();
  };
  const frame = (passMs = 16): readonly Told[] => {
    nowMs += passMs;
    step();
    poller.poll(nowMs);
    const told = link.frame(nowMs);
    poller.flush();
    step();
    return told;
  };
  const process = (): Connection<string> => {
    if (connection === undefined) throw new Error("no window has come");
    return connection;
  };
  const close = () => listener.close();
  const listen = () => {
    listener = server.listen(session(wire), lines());
  };
  for (let frames = 0; frames < 4; frames++) frame();
  return { session: link, frame, process, line, close, listen };
}

/** A window and its process, linked and greeted. */
function linked() {
  const scene = opened();
  scene.process().trySend("role mover");
  scene.frame();
  return scene;
}
