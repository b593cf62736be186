import { describe, expect, it } from "vitest";
import { links, places, Stage } from "./stage.ts";

const UP = { kind: "up", who: "memory" };

describe("a mirror that listens", () => {
  it("takes positions, passes each on to the others, and not back", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    const [sender, other] = [stage.person(), stage.person()];
    stage.frames(1);
    sender.connection.trySend("cube 1 2 3");
    sender.connection.trySend("cube 4 5 6");
    stage.frames(3);
    expect(places(mirror.changes)).toEqual(["1 2 3", "4 5 6"]);
    expect(other.received).toEqual(["cube 1 2 3", "cube 4 5 6"]);
    expect(sender.received).toEqual([]);
  });

  it("passes on a position that it has already, so that others stay right too", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    const [sender, other] = [stage.person(), stage.person()];
    stage.frames(1);
    for (const _ of [1, 2]) {
      sender.connection.trySend("cube 1 2 3");
      stage.frames(2);
    }
    expect(places(mirror.changes)).toEqual(["1 2 3"]);
    expect(other.received).toEqual(["cube 1 2 3", "cube 1 2 3"]);
  });

  it("tells a newcomer at once what it knows, and nothing when it knows nothing", () => {
    const stage = new Stage();
    stage.enter("mirror", "listen");
    const first = stage.person();
    stage.frames(2);
    expect(first.received).toEqual([]);
    first.connection.trySend("cube 1 2 3");
    stage.frames(2);
    const second = stage.person();
    stage.frames(2);
    expect(second.received).toEqual(["cube 1 2 3"]);
  });

  it("answers a bad line, counts it, and changes nothing", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    const person = stage.person();
    stage.frames(1);
    for (const line of ["cube 1 2 3", "cube nan 0 0", "cube 1 2", "", "hello"])
      person.connection.trySend(line);
    stage.frames(2);
    expect(person.received).toEqual([
      'error cube: x is not a finite decimal number, "nan"',
      "error cube: expected 3 numbers, got 2",
      "error an empty line; expected cube, ping or pong",
      'error unknown word "hello"; expected cube, ping or pong',
    ]);
    expect(mirror.peer.tally).toEqual({ linesIn: 5, linesOut: 4, bytesIn: 40, bytesOut: 195, badLines: 4 });
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
    expect(person.received).toEqual([]);
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
    expect(pinging.received).toEqual(["pong 41", "ping 1", "ping 2", "ping 3"]);
    expect(silent.received).toEqual([]);
    expect(mirror.peer.frameTripMs).toBeUndefined();
    pinging.connection.trySend("pong 3");
    stage.frames(2);
    expect(mirror.peer.frameTripMs).toBeGreaterThan(0);
  });

  it("answers in its own format, whatever it received", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    const [sender, other] = [stage.person(), stage.person()];
    stage.frames(1);
    sender.connection.trySend('{"cube":[1,2,3]}');
    sender.connection.trySend('{"ping":5}');
    stage.frames(2);
    expect([sender.received, other.received]).toEqual([["pong 5", "ping 1"], ["cube 1 2 3"]]);
    mirror.peer.speak("json");
    sender.connection.trySend("cube 4 5 6");
    stage.frames(2);
    expect(other.received.at(-1)).toBe('{"cube":[4,5,6]}');
  });

  it("passes on where a hand puts its cube", () => {
    const stage = new Stage();
    const mirror = stage.enter("mirror", "listen");
    const person = stage.person();
    stage.frames(2);
    mirror.peer.place([4, 5, 6]);
    stage.frames(2);
    expect(places(mirror.changes)).toEqual(["4 5 6"]);
    expect(person.received).toEqual(["cube 4 5 6"]);
    stage.frames(200);
    expect(person.received).toEqual(["cube 4 5 6"]); // a mirror sends no position of its own
  });

  it("still answers a peer that has finished sending, and then closes", () => {
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
    const gone = "the peer closed the connection";
    expect(mirror.peer.link).toEqual({ kind: "listening", where: "memory", peers: 0, gone });
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

describe("a peer that connects", () => {
  it("tries again after pauses that grow to two seconds, and begins anew once it was linked", () => {
    const stage = new Stage();
    const mover = stage.enter("mover", "connect");
    stage.frames(600);
    const pauses = () => mover.changes.flatMap((change) => (change.kind === "retry" ? [change.inMs] : []));
    expect(pauses()).toEqual([250, 500, 1_000, 2_000, 2_000, 2_000]);
    expect(mover.peer.link.kind).toBe("pausing");

    const mirror = stage.enter("mirror", "listen");
    stage.frames(501);
    expect(links(mover.changes).at(-1)).toEqual(UP);
    stage.kill(mirror);
    stage.frames(2);
    expect(links(mover.changes).slice(-2)).toEqual([
      { kind: "down", who: "memory", why: "the peer reset the connection" },
      { kind: "retry", inMs: 250 },
    ]);
  });

  it("waits out its pause by polled time", () => {
    const stage = new Stage();
    const mover = stage.enter("mover", "connect");
    stage.frames(1);
    const why = "nobody listens on this memory network";
    expect(mover.peer.link).toEqual({ kind: "pausing", where: "the network", why, untilMs: 260 });
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
    expect(mover.peer.frameTripMs).toBe(10);
    stage.net.hold();
    stage.frames(99);
    stage.net.release();
    stage.frames(3);
    expect(mover.peer.frameTripMs).toBeLessThan(200);
  });

  it("sends no positions as a mirror: it pings, and that is all", () => {
    const stage = new Stage();
    const mover = stage.enter("mover", "listen");
    stage.enter("mirror", "connect");
    stage.frames(300);
    expect(mover.peer.tally.badLines).toBe(0);
    expect(mover.peer.tally.linesIn).toBeGreaterThan(4); // pings, and pongs to the pings it got back
    expect(places(mover.changes)).toEqual([]);
  });
});
