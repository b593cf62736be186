/** How a gateway finds a player, or begins him. */
import { describe, expect, test } from "vitest";
import { Seat } from "../../../demo/arena/seat.ts";

const SECRET = new Uint8Array(16).fill(9);

describe("a seat", () => {
  function seat(): Seat {
    const one = new Seat(2);
    expect(one.sit({ kind: "hello", name: "ann", secret: SECRET, looksHz: 30 })).toBe(true);
    return one;
  }

  test("takes nobody without a whole secret", () => {
    expect(new Seat(2).sit({ kind: "hello", name: "ann", secret: new Uint8Array(3), looksHz: 30 })).toBe(
      false,
    );
  });

  test("asks all zones, and begins nobody before each has said that it does not have him", () => {
    const one = seat();
    expect(one.lead(0, true).map(({ message, zone }) => `${message.kind} ${zone}`)).toEqual([
      "seek 0",
      "seek 1",
    ]);
    one.found({ zone: 0, has: false, hops: -1 });
    expect(one.lead(100, true)).toEqual([]); // the other zone may have him, and be away
    expect(one.lead(400, true).map(({ message }) => message.kind)).toEqual(["seek", "seek"]);
    one.found({ zone: 1, has: false, hops: -1 });
    const [enter, ...more] = one.lead(500, true);
    expect(enter?.message).toMatchObject({ kind: "enter", begins: true });
    expect(more).toEqual([]);
  });

  test("enters where he is, and of two zones where he came last", () => {
    const one = seat();
    one.found({ zone: 0, has: true, hops: 1 });
    one.found({ zone: 1, has: true, hops: 2 });
    expect(one.lead(0, true)).toMatchObject([{ zone: 1, message: { kind: "enter", begins: false } }]);
  });

  test("begins again where he was last, when the zone that he went to has forgotten him", () => {
    const one = seat();
    one.found({ zone: 0, has: false, hops: 4 });
    one.found({ zone: 1, has: false, hops: 3 });
    expect(one.lead(0, true)).toMatchObject([{ zone: 0, message: { kind: "enter", begins: true } }]);
  });

  test("waits for a zone that is silent, and asks again when that shows others and not him", () => {
    const one = seat();
    one.seen(1, 0);
    expect(one.lead(60_000, false)).toEqual([]);
    expect(one.zone).toBe(1);
    expect(one.lead(60_000, true).map(({ message }) => message.kind)).toEqual(["seek", "seek"]);
    expect(one.zone).toBeUndefined();
  });

  test("says a wish again to another zone, and that who is not linked stands still", () => {
    const one = seat();
    one.seen(0, 0);
    one.steer({ kind: "move", dx: 50, dy: 0, seq: 3 });
    expect(one.takeInput(true)).toEqual({ id: one.id, dx: 50, dy: 0, seq: 3 });
    expect(one.hasChanged).toBe(false);
    one.seen(1, 10);
    expect(one.hasChanged).toBe(true);
    expect(one.takeInput(false)).toEqual({ id: one.id, dx: 0, dy: 0, seq: 3 });
  });
});
