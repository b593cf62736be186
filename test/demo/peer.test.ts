import { describe, expect, it } from "vitest";
import { formatPosition } from "../../demo/cube/wire.ts";
import { links, places, Stage } from "./stage.ts";

const UP = { kind: "up", who: "memory:0" };

describe("a mirror that listens", () => {
  it("takes positions, passes each on to the others, and not back", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    const [speaker, listener] = [stage.person(), stage.person()];
    stage.frames(1);
    speaker.connection.trySend("cube 1 2 3");
    speaker.connection.trySend("cube 4 5 6");
    stage.frames(3);
    expect(places(mirror.changes)).toEqual(["1 2 3", "4 5 6"]);
    expect(listener.heard).toEqual(["cube 1 2 3", "cube 4 5 6"]);
    expect(speaker.heard).toEqual([]);
  });

  it("passes on a position that is no news to itself, so that others stay right too", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    const [speaker, listener] = [stage.person(), stage.person()];
    stage.frames(1);
    for (const _ of [1, 2]) {
      speaker.connection.trySend("cube 1 2 3");
      stage.frames(2);
    }
    expect(places(mirror.changes)).toEqual(["1 2 3"]);
    expect(listener.heard).toEqual(["cube 1 2 3", "cube 1 2 3"]);
  });

  it("tells a newcomer at once what it knows, and nothing when it knows nothing", () => {
    const stage = new Stage();
    stage.enter("mirror", "listen");
    const first = stage.person();
    stage.frames(2);
    expect(first.heard).toEqual([]);
    first.connection.trySend("cube 1 2 3");
    stage.frames(2);
    const second = stage.person();
    stage.frames(2);
    expect(second.heard).toEqual(["cube 1 2 3"]);
  });

  it("answers a bad line, counts it, and changes nothing", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    const person = stage.person();
    stage.frames(1);
    for (const line of ["cube 1 2 3", "cube nan 0 0", "cube 1 2", "", "hello"])
      person.connection.trySend(line);
    stage.frames(2);
    expect(person.heard).toEqual([
      'error cube: x is not a finite decimal number, "nan"',
      "error cube: expected 3 numbers, got 2",
      "error an empty line; expected cube, ping or pong",
      'error unknown word "hello"; expected cube, ping or pong',
    ]);
    expect(mirror.peer.tally).toEqual({ linesIn: 5, linesOut: 4, badLines: 4 });
    expect(mirror.peer.world.position).toEqual([1, 2, 3]);
    // One of them is told, however many came in the frame.
    expect(links(mirror.changes).filter(({ kind }) => kind === "bad line")).toHaveLength(1);
  });

  it("never answers an error line", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    const person = stage.person();
    person.connection.trySend("error no such word");
    stage.frames(3);
    expect(person.heard).toEqual([]);
    expect(mirror.peer.tally.badLines).toBe(0);
    expect(links(mirror.changes)).toContainEqual({
      kind: "complaint",
      who: "memory:1",
      why: "no such word",
    });
  });

  it("answers a ping with its number, and pings only those who ping", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    const [pinging, silent] = [stage.person(), stage.person()];
    pinging.connection.trySend("ping 41");
    stage.frames(250);
    expect(pinging.heard).toEqual(["pong 41", "ping 1", "ping 2", "ping 3"]);
    expect(silent.heard).toEqual([]);
    expect(mirror.peer.roundTripMs).toBeUndefined();
    pinging.connection.trySend("pong 3");
    stage.frames(2);
    expect(mirror.peer.roundTripMs).toBeGreaterThan(0);
  });

  it("still answers who has finished speaking, and then lets him go", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    const person = stage.person();
    stage.frames(1);
    person.connection.trySend("cube 1 2 3");
    person.connection.close();
    stage.frames(5);
    expect(mirror.peer.world.position).toEqual([1, 2, 3]);
    expect(links(mirror.changes).at(-1)).toEqual({
      kind: "down",
      who: "memory:1",
      why: "the peer closed the connection",
    });
    expect(mirror.peer.link).toEqual({ kind: "listening", where: "memory:0", guests: 0 });
  });

  it("says when nobody can come, once", () => {
    const stage = new Stage();
    stage.enter("mirror", "listen");
    const second = stage.enter("mirror", "listen");
    stage.frames(5);
    const why = "another listener is on this memory network";
    expect(second.changes).toEqual([{ kind: "failed", where: "the network", why }]);
    expect(second.peer.link).toEqual({ kind: "failed", why });
  });
});

describe("a mover", () => {
  it("says its position when it changed, once a frame, and the mirror has it in the next", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    const mover = stage.enter("mover", "connect");
    stage.frames(3);
    mover.peer.steer([8, 0, 0]);
    const { linesOut } = mover.peer.tally;
    stage.frames(10);
    expect(mover.peer.tally.linesOut - linesOut).toBe(10);
    mover.peer.steer([0, 0, 0]);
    stage.frames(2);
    expect(places(mirror.changes)).toEqual(places(mover.changes));
    expect(places(mover.changes)).toHaveLength(10);
  });

  it("says it once a second when nothing changes", () => {
    const stage = new Stage();
    stage.enter("mover", "listen");
    const person = stage.person();
    stage.frames(350);
    expect(person.heard).toEqual(["cube 0 0 0", "cube 0 0 0", "cube 0 0 0", "cube 0 0 0"]);
  });

  it("says no more than one position in a frame, also to who has just come", () => {
    const stage = new Stage();
    const mover = stage.enter("mover", "listen");
    stage.frames(1);
    mover.peer.steer([8, 0, 0]);
    const newcomer = stage.person();
    let heard = 0;
    for (let frame = 0; frame < 20; frame++) {
      stage.frames(1);
      expect(newcomer.heard.length - heard).toBeLessThanOrEqual(1);
      heard = newcomer.heard.length;
    }
    expect(heard).toBeGreaterThan(15);
  });

  it("goes on from where the mirror has the cube, after it was killed", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    const first = stage.enter("mover", "connect");
    stage.frames(3);
    first.peer.steer([8, 0, 0]);
    stage.frames(20);
    stage.kill(first);
    stage.frames(2);
    const kept = mirror.peer.world.position;
    expect(kept[0]).toBeGreaterThan(1);
    expect(links(mirror.changes).at(-1)).toMatchObject({
      kind: "down",
      why: "the peer reset the connection",
    });

    const second = stage.enter("mover", "connect");
    stage.frames(5);
    expect(second.peer.knowsPosition).toBe(true);
    expect(second.peer.world.position).toEqual(kept);
    stage.frames(300);
    expect(mirror.peer.world.position).toEqual(kept);
    second.peer.steer([0, 8, 0]);
    stage.frames(10);
    expect(mirror.peer.world.position[0]).toBe(kept[0]);
    expect(mirror.peer.world.position[1]).toBeGreaterThan(0);
  });

  it("keeps its own while it moves, and takes the last word when it rests", () => {
    const stage = new Stage();
    const mover = stage.enter("mover", "listen");
    const person = stage.person();
    stage.frames(2);
    mover.peer.steer([1, 0, 0]);
    person.connection.trySend("cube 5 5 5");
    stage.frames(2);
    expect(mover.peer.world.position[1]).toBe(0);
    mover.peer.steer([0, 0, 0]);
    person.connection.trySend("cube 5 5 5");
    stage.frames(2);
    expect(mover.peer.world.position).toEqual([5, 5, 5]);
  });

  it("has the last word when it moved while it was away", () => {
    const stage = new Stage();
    let mirror = stage.enter("mirror", "listen");
    const mover = stage.enter("mover", "connect");
    const person = stage.person();
    stage.frames(3);
    person.connection.trySend("cube 5 5 5");
    stage.frames(3);
    expect(mover.peer.world.position).toEqual([5, 5, 5]);
    stage.kill(mirror);
    stage.frames(5);
    mover.peer.steer([0, -8, 0]);
    stage.frames(5);
    mover.peer.steer([0, 0, 0]);
    mirror = stage.enter("mirror", "listen");
    stage.person().connection.trySend("cube 5 5 5");
    stage.frames(200);
    expect(mirror.peer.world.position).toEqual(mover.peer.world.position);
    expect(mover.peer.world.position[1]).toBeLessThan(5);
  });

  it("does not know where the cube is until it was told, or nobody can tell it", () => {
    const told = new Stage();
    told.enter("mirror", "listen");
    const asking = told.enter("mover", "connect");
    told.frames(1);
    expect(asking.peer.knowsPosition).toBe(false);
    told.frames(4); // a pong without a greeting before it
    expect(asking.peer.knowsPosition).toBe(true);

    const alone = new Stage().enter("mover", "connect");
    expect(alone.peer.knowsPosition).toBe(false);
    alone.changes.push(...alone.peer.frame(alone.poller.poll(10), 10));
    expect(alone.peer.knowsPosition).toBe(true);
  });
});

describe("a peer that connects", () => {
  it("tries again after pauses that grow to five seconds, and begins anew once it was linked", () => {
    const stage = new Stage();
    const mover = stage.enter("mover", "connect");
    stage.frames(2_700);
    const pauses = () => mover.changes.flatMap((change) => (change.kind === "retry" ? [change.inMs] : []));
    expect(pauses()).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000]);
    expect(mover.peer.link.kind).toBe("pausing");

    const mirror = stage.enter("mirror", "listen");
    stage.frames(501);
    expect(links(mover.changes).at(-1)).toEqual(UP);
    stage.kill(mirror);
    stage.frames(2);
    expect(links(mover.changes).slice(-2)).toEqual([
      { kind: "down", who: "memory:0", why: "the peer reset the connection" },
      { kind: "retry", inMs: 250 },
    ]);
  });

  it("waits out its pause by polled time", () => {
    const stage = new Stage();
    const mover = stage.enter("mover", "connect");
    stage.frames(1);
    expect(mover.peer.link).toEqual({ kind: "pausing", where: "the network", untilMs: 260 });
    stage.enter("mirror", "listen");
    stage.frames(24);
    expect(mover.peer.link.kind).toBe("pausing");
    stage.frames(2);
    expect(mover.peer.link.kind).toBe("linked");
  });

  it("keeps the last position while the other is gone, and goes on when it returns", () => {
    const stage = new Stage();
    const first = stage.enter("mover", "listen");
    const mirror = stage.enter("mirror", "connect");
    first.peer.steer([4, 0, 0]);
    stage.frames(50);
    stage.kill(first);
    stage.frames(100);
    const kept = mirror.peer.world.position;
    expect(kept[0]).toBeGreaterThan(1);

    const second = stage.enter("mover", "listen");
    second.peer.steer([0, 4, 0]);
    stage.frames(100);
    expect(mirror.peer.world.position[1]).toBeGreaterThan(1);
  });

  it("pings once a second and measures the way there and back", () => {
    const stage = new Stage();
    stage.enter("mirror", "listen");
    const mover = stage.enter("mover", "connect");
    stage.frames(5);
    expect(mover.peer.roundTripMs).toBe(10);
    stage.net.hold();
    stage.frames(99);
    stage.net.release();
    stage.frames(3);
    expect(mover.peer.roundTripMs).toBeLessThan(200);
  });

  it("has no say as a mirror: it pings, and that is all", () => {
    const stage = new Stage();
    const mover = stage.enter("mover", "listen");
    stage.enter("mirror", "connect");
    stage.frames(300);
    expect(mover.peer.tally.badLines).toBe(0);
    expect(mover.peer.tally.linesIn).toBeGreaterThan(4); // pings, and pongs to the pings it got back
    expect(places(mover.changes)).toEqual([]);
  });
});

describe("a room of many", () => {
  it("shows the same cube to all: two movers, and mirrors at both kinds of ends", () => {
    const stage = new Stage();
    const hub = stage.enter("mirror", "listen");
    const [one, other] = [stage.enter("mover", "connect"), stage.enter("mover", "connect")];
    const far = stage.enter("mirror", "connect");
    stage.frames(10);
    for (const [mover, velocity] of [
      [one, [6, 0, 0]],
      [other, [0, 6, 0]],
      [one, [0, 0, -6]],
    ] as const) {
      mover.peer.steer(velocity);
      stage.frames(50);
      mover.peer.steer([0, 0, 0]);
      stage.frames(250);
    }
    const shown = [hub, one, other, far].map(({ peer }) => formatPosition(peer.world.position));
    expect(shown).toEqual(["3 3 -3", "3 3 -3", "3 3 -3", "3 3 -3"]);
  });
});
