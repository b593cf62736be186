/** The caller's mistakes in calls without options: each throws at the call, with the argument named first. */
import { describe, expect, test } from "vitest";
import { lines, memory, Poller } from "../../src/index.ts";
import { lineRig } from "../rig.ts";

/** An object as a program without types sees it. */
type Untyped = Record<
  "on" | "off" | "poll" | "drain" | "broadcast" | "broadcastLatest" | "trySendLatest",
  Call
>;
type Call = (...args: readonly unknown[]) => unknown;

function untyped(object: object): Untyped {
  return object as Untyped;
}

describe("a mistake in a call", () => {
  test("of on() or off() throws: an event that there is not, or a handler that is no function", () => {
    const poller = untyped(new Poller());
    for (const call of ["on", "off"] as const) {
      expect(() => poller[call]("message", () => {})).toThrow(
        /^type: there is no event "message"; known are listen, unlisten, .*close$/,
      );
      expect(() => poller[call]("connect", () => {})).toThrow(TypeError);
      expect(() => poller[call]("closed", () => {})).toThrow("the nearest one is close");
      expect(() => poller[call]("*", () => {})).toThrow(TypeError);
      expect(() => poller[call]("constructor", () => {})).toThrow(TypeError);
      expect(() => poller[call](undefined, () => {})).toThrow("type: expected the name of an event");
      expect(() => poller[call]("close")).toThrow("handler: expected a function, got undefined");
      expect(() => poller[call]("close", "log")).toThrow("handler: expected a function, got string");
    }
  });

  test("of poll() throws: a time that is no finite number", () => {
    const poller = untyped(new Poller());
    expect(() => poller.poll("3")).toThrow(new TypeError("nowMs: expected a number, got string"));
    expect(() => poller.poll(null)).toThrow(TypeError);
    expect(() => poller.poll(Number.NaN)).toThrow(RangeError);
    expect(() => poller.poll(Infinity)).toThrow("nowMs: expected a finite number, got Infinity");
    expect(() => new Poller({ clock: () => "3" as never }).poll()).toThrow(TypeError);
  });

  test("of drain() throws: no function, or a budget that is no object", () => {
    const listener = untyped(new Poller().listen(memory(), lines()));
    expect(() => listener.drain()).toThrow(new TypeError("visit: expected a function, got undefined"));
    expect(() => listener.drain(3)).toThrow("visit: expected a function, got number");
    expect(() => listener.drain(() => {}, 1)).toThrow(
      new TypeError("budget: expected an object, got number"),
    );
  });

  test("of broadcast() throws: somebody to leave out, or to send to, who is no connection of this listener", () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    const listener = untyped(rig.listener);
    for (const wrong of [null, 7, far.id, listener, { id: 1 }]) {
      const sentence = /^except: expected a connection or a Set of them, got /;
      expect(() => listener.broadcast("hello", { except: wrong })).toThrow(sentence);
      expect(() => listener.broadcastLatest("key", "hello", { except: wrong })).toThrow(TypeError);
      expect(() => listener.broadcast("hello", { to: wrong })).toThrow(/^to: expected a Set or another/);
      expect(() => listener.broadcast("hello", { to: [far, wrong] })).toThrow(/^to: expected connections/);
      expect(() => listener.broadcast("hello", { undelivered: wrong })).toThrow(
        /^undelivered: expected an arr/,
      );
    }
    for (const wrong of [undefined, far, "far"])
      expect(() => listener.broadcast("hello", { to: wrong })).toThrow(/^to: expected /);
    expect(() => listener.broadcast("hello", far)).toThrow(TypeError); // not as an option
    expect(() => listener.broadcast("hello", { too: [far] })).toThrow("the nearest one is to");
    expect(() => rig.listener.broadcast("hello", { to: [far, near] })).toThrow(
      new TypeError(`to: connection ${near.id} is none of this listener's`),
    );
    expect(far.stats.sentMessages).toBe(0);
    expect(rig.listener.broadcast("hello", { except: near })).toBe(1); // of another poller
  });

  test("of trySendLatest() throws: a key that is no name, number or object", () => {
    const near = untyped(lineRig().pair().near);
    for (const wrong of [undefined, null, true, Symbol("key"), 1n]) {
      expect(() => near.trySendLatest(wrong, "hello")).toThrow(
        /^key: expected a string, a number or an object/,
      );
    }
  });
});
