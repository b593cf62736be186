/** Broadcasts to some: who gets them, who is told of as left out, and that each is encoded once. */
import { describe, expect, test } from "vitest";
import { type Codec, type Connection, lines } from "../../../src/index.ts";
import { lineRig, Rig, take } from "../../rig.ts";

/** A server with `count` players, and both ends of each. */
function crowdOf(count: number, rig: Rig<string> = lineRig()) {
  const pairs = Array.from({ length: count }, () => rig.pair());
  return { rig, near: pairs.map(({ near }) => near), far: pairs.map(({ far }) => far) };
}

/** What each of `ends` has got when all that was sent has come. */
function gotBy({ rig, near }: { rig: Rig<string>; near: readonly Connection<string>[] }): string[] {
  rig.server.flush();
  rig.pollClient(16);
  return near.map((end) => take(end).join(" "));
}

describe("a broadcast to some", () => {
  test("reaches those of a Set, of an array and of a generator, and nobody else", () => {
    const { rig, near, far } = crowdOf(4);
    const room = new Set([far[0], far[2]] as Connection<string>[]);
    const list = far.slice(1, 3);
    function* last(): Generator<Connection<string>> {
      yield far[3] as Connection<string>;
    }
    expect(rig.listener.broadcast("room", { to: room })).toBe(2);
    expect(rig.listener.broadcast("list", { to: list })).toBe(2);
    expect(rig.listener.broadcast("last", { to: last() })).toBe(1);
    expect(rig.listener.broadcast("none", { to: [] })).toBe(0);
    expect(rig.listener.broadcast("all")).toBe(4);
    expect(gotBy({ rig, near })).toEqual(["room all", "list all", "room list all", "last all"]);
  });

  test("reaches each once, however often a list has it", () => {
    const { rig, near, far } = crowdOf(2);
    expect(rig.listener.broadcast("hi", { to: [...far, ...far] })).toBe(2);
    expect(rig.listener.broadcastLatest("key", "now", { to: [...far, ...far].values() })).toBe(2);
    expect(gotBy({ rig, near })).toEqual(["hi now", "hi now"]);
  });

  test("leaves out one, or all of a Set, also of those it is for", () => {
    const { rig, near, far } = crowdOf(4);
    const mute = new Set(far.slice(2));
    expect(rig.listener.broadcast("a", { except: mute })).toBe(2);
    expect(rig.listener.broadcast("b", { to: far.slice(1), except: mute })).toBe(1);
    expect(rig.listener.broadcast("c", { to: mute, except: far[2] })).toBe(1);
    expect(rig.listener.broadcast("d", { except: rig.listener.connections })).toBe(0);
    expect(rig.listener.broadcast("e", { except: undefined })).toBe(4);
    expect(gotBy({ rig, near })).toEqual(["a e", "a b e", "e", "c e"]);
  });

  test("replaces the message of the same key, for those alone", () => {
    const { rig, near, far } = crowdOf(3);
    expect(rig.listener.broadcastLatest("a", "old")).toBe(3);
    expect(rig.listener.broadcastLatest("a", "new", { to: far.slice(0, 2), except: far[1] })).toBe(1);
    expect(gotBy({ rig, near })).toEqual(["new", "old", "old"]);
  });

  test("encodes once, and nothing that its iteration sends changes it", () => {
    let encoded = 0;
    const inner = lines();
    const codec: Codec<string> = {
      decoder: () => inner.decoder(),
      encode(message) {
        encoded++;
        return inner.encode(message);
      },
    };
    const { rig, near, far } = crowdOf(3, new Rig({ codec }));
    function* greeting(): Generator<Connection<string>> {
      for (const connection of far) {
        connection.trySend("first");
        yield connection;
      }
    }
    expect(rig.listener.broadcast("to all of you", { to: greeting() })).toBe(3);
    expect(encoded).toBe(4);
    expect(gotBy({ rig, near })).toEqual(Array.from(near, () => "first to all of you"));
  });

  test("answers for how many, and tells who should have got it and did not", () => {
    const { rig, near, far } = crowdOf(5, lineRig({ server: { sendLimitBytes: 20 } }));
    rig.wire.hold();
    far[0]?.trySend("full outbox");
    far[1]?.close();
    far[2]?.abort();
    const undelivered: Connection<string>[] = [];
    expect(rig.listener.broadcast("12 bytes long", { to: far, except: far[4], undelivered })).toBe(1);
    expect(undelivered).toEqual(far.slice(0, 3));
    rig.wire.release();
    expect(gotBy({ rig, near })[3]).toBe("12 bytes long");
    rig.pollBoth(16);
    undelivered.length = 0;
    expect(rig.listener.broadcast("again", { undelivered })).toBe(3);
    expect(undelivered).toEqual([]); // who is closed is not among all
  });

  test("to a room with many others between shares nothing wrong", () => {
    const { rig, near, far } = crowdOf(6);
    const rooms = [far.slice(0, 3), far.slice(3)];
    const expected = near.map(() => [] as string[]);
    for (let round = 0; round < 40; round++) {
      const text = "x".repeat(round) + round;
      const to = round % 3 === 2 ? far : rooms[round % 3];
      rig.listener.broadcast(text, { to: to ?? [] });
      for (const connection of to ?? []) expected[far.indexOf(connection)]?.push(text);
      if (round % 7 === 0) rig.server.flush();
    }
    expect(gotBy({ rig, near })).toEqual(expected.map((texts) => texts.join(" ")));
  });

  test("takes nobody who has not been accepted", () => {
    const rig = lineRig();
    let waiting: unknown;
    rig.server.on("accept", ({ connection }) => (waiting = connection));
    rig.connect();
    rig.pollBoth();
    const undelivered: Connection<string>[] = [];
    const to = [waiting as Connection<string>];
    expect(rig.listener.broadcast("hello", { to, undelivered })).toBe(0);
    expect(undelivered).toHaveLength(1);
  });
});
