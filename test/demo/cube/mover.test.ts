import { describe, expect, it } from "vitest";
import { formatPosition } from "../../../demo/cube/shared/wire.ts";
import { links, places, Stage } from "./stage.ts";

describe("a mover", () => {
  it("sends its position when it changed, once a frame, and the mirror has it in the next", () => {
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

  it("sends it once a second when nothing changes", () => {
    const stage = new Stage();
    stage.enter("mover", "listen");
    const person = stage.person();
    stage.frames(350);
    expect(person.received).toEqual(["cube 0 0 0", "cube 0 0 0", "cube 0 0 0", "cube 0 0 0"]);
  });

  it("sends no more than one position in a frame, also to who has just connected", () => {
    const stage = new Stage();
    const mover = stage.enter("mover", "listen");
    stage.frames(1);
    mover.peer.steer([8, 0, 0]);
    const newcomer = stage.person();
    let received = 0;
    for (let frame = 0; frame < 20; frame++) {
      stage.frames(1);
      expect(newcomer.received.length - received).toBeLessThanOrEqual(1);
      received = newcomer.received.length;
    }
    expect(received).toBeGreaterThan(15);
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

  it("keeps its own while it moves, and takes the last position when it rests", () => {
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

  it("overrules the others when it moved while it was away", () => {
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

  it("sends where a hand put its cube, once, and takes the last position as ever", () => {
    const stage = new Stage();
    const mover = stage.enter("mover", "listen");
    const person = stage.person();
    stage.frames(2);
    person.received.length = 0;
    mover.peer.place([1, 1, 1]);
    mover.peer.place([2, 2, 2]);
    expect(mover.peer.isHeld(stage.nowMs)).toBe(true);
    stage.frames(2);
    expect(person.received).toEqual(["cube 2 2 2"]);
    person.connection.trySend("cube 5 5 5");
    stage.frames(2);
    expect(mover.peer.world.position).toEqual([5, 5, 5]);
    stage.frames(100);
    expect(mover.peer.isHeld(stage.nowMs)).toBe(false);
  });

  it("overrules the others when a hand moved it while it was away", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    stage.person().connection.trySend("cube 5 5 5");
    stage.frames(3);
    const mover = stage.enter("mover", "connect");
    mover.peer.place([1, 2, 3]);
    stage.frames(50);
    expect([mover.peer.world.position, mirror.peer.world.position]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
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

describe("a mirror with many peers", () => {
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
