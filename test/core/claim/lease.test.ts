import { describe, expect, test } from "vitest";
import { lease, leases, memory, Poller, tcp } from "../../../src/index.ts";

const untyped = lease as unknown as (...args: readonly unknown[]) => unknown;

describe("a lease", () => {
  test("has five seconds of life and one of margin, unless it is said", () => {
    expect(lease(memory(), "world.7")).toMatchObject({ name: "world.7", ttlMs: 5_000, marginMs: 1_000 });
    expect(lease(memory(), "world.7", { ttlMs: 500 }).marginMs).toBe(100);
    expect(lease(memory(), "a/b-c_d=.7", { ttlMs: 20, marginMs: 19, meta: [1, null] })).toMatchObject({
      ttlMs: 20,
      marginMs: 19,
      meta: [1, null],
    });
  });

  test("that cannot be throws at the call, with the argument named first", () => {
    const wire = memory();
    expect(() => lease(tcp({ port: 1 }), "a")).toThrow(
      new TypeError("transport: this one keeps no leases; memory() and nats() do"),
    );
    expect(() => untyped(undefined, "a")).toThrow(TypeError);
    expect(() => untyped(wire, 7)).toThrow(new TypeError("name: expected a string, got number"));
    for (const name of ["", ".", "a..b", ".a", "a.", "a b", "world.*", ">", "wörld", "a\0", "x".repeat(201)])
      expect(() => lease(wire, name), name).toThrow(RangeError);
    for (const ttlMs of [0, 9, 3_600_001, Number.NaN, 10.5])
      expect(() => lease(wire, "a", { ttlMs }), `${ttlMs}`).toThrow(RangeError);
    expect(() => lease(wire, "a", { ttlMs: 1_000, marginMs: 1_000 })).toThrow("marginMs: ");
    expect(() => untyped(wire, "a", { ttl: 1 })).toThrow(
      "ttl: there is no such option; the nearest one is ttlMs",
    );
    expect(() => untyped(wire, "a", { ttlMs: "5" })).toThrow(TypeError);
    expect(() => lease(wire, "a", { meta: () => {} })).toThrow(/^meta: /);
    expect(() => lease(wire, "a", { meta: { at: Number.NaN } })).toThrow(/^meta: /);
    expect(() => lease(wire, "a", { meta: "x".repeat(8_193) })).toThrow(RangeError);
  });

  test("has meta of its own, which nobody changes by changing what was given", () => {
    const meta = { players: 1 };
    const made = lease(memory(), "a", { meta });
    meta.players = 2;
    expect(made.meta).toEqual({ players: 1 });
  });

  test("is what poller.claim takes, and a pattern what poller.list takes: else they throw", () => {
    const poller = new Poller() as unknown as Record<"claim" | "list", (value: unknown) => unknown>;
    for (const wrong of [undefined, null, "world.7", {}, { transport: tcp({ port: 1 }) }]) {
      expect(() => poller.claim(wrong)).toThrow(/^lease: expected one such as lease\(transport, name\), got/);
      expect(() => poller.list(wrong)).toThrow(/^leases: expected one such as leases\(transport, pattern\)/);
    }
  });

  test("of a pattern may have wildcards", () => {
    const wire = memory();
    for (const pattern of ["world.7", "*", ">", "world.*", "world.>", "*.eu.>"])
      expect(leases(wire, pattern).pattern).toBe(pattern);
    for (const pattern of ["", "a.>.b", "a*", ">.a", "a.", "a b"])
      expect(() => leases(wire, pattern), pattern).toThrow(RangeError);
  });
});
