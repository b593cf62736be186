import { describe, expect, it } from "vitest";
import {
  drive,
  isMoving,
  push,
  REACH,
  SPEED,
  START,
  step,
  type Vector,
  type World,
} from "../../../../demo/cube/shared/world.ts";

describe("push", () => {
  it.each([
    ["left", [-SPEED, 0, 0]],
    ["right", [SPEED, 0, 0]],
    ["up", [0, SPEED, 0]],
    ["down", [0, -SPEED, 0]],
    ["farther", [0, 0, -SPEED]],
    ["nearer", [0, 0, SPEED]],
    ["stop", [0, 0, 0]],
  ] as const)("%s sets the speed of its axis", (command, velocity) => {
    expect(push(START.velocity, command)).toEqual(velocity);
  });

  it("leaves the other axes as they were, and stop stops all", () => {
    const both = push(push(START.velocity, "left"), "up");
    expect(both).toEqual([-SPEED, SPEED, 0]);
    expect(push(both, "right")).toEqual([SPEED, SPEED, 0]);
    expect(push(both, "stop")).toEqual([0, 0, 0]);
  });
});

describe("step", () => {
  it("answers the same world when nothing moves", () => {
    expect(step(START, 1_000)).toBe(START);
  });

  it("goes on until told otherwise, by the time that passes", () => {
    let world: World = { ...START, velocity: [2, 0, -4] };
    for (let tick = 0; tick < 4; tick++) world = step(world, 125);
    expect(world).toEqual({ position: [1, 0, -2], velocity: [2, 0, -4] });
    expect(step(world, 0).position).toEqual([1, 0, -2]);
  });

  it.each([0, 1, 2])("stops at both walls of axis %i, and on no other axis", (axis) => {
    for (const sign of [-1, 1]) {
      const velocity: Vector = [0.5, 0.5, 0.5].map((speed, at) => (at === axis ? sign * 8 : speed)) as never;
      const world = step({ position: [0, 0, 0], velocity }, 2_000);
      expect(world.position[axis]).toBe(sign * REACH);
      expect(world.velocity).toEqual([0.5, 0.5, 0.5].map((speed, at) => (at === axis ? 0 : speed)));
    }
  });

  it("can leave a wall that it stands on", () => {
    const world = step({ position: [REACH, 0, 0], velocity: [-8, 0, 0] }, 125);
    expect(world).toEqual({ position: [REACH - 1, 0, 0], velocity: [-8, 0, 0] });
  });

  it("pushes against the wall in vain", () => {
    const world = step({ position: [REACH, 0, 0], velocity: [8, 0, 0] }, 125);
    expect(world.position).toEqual([REACH, 0, 0]);
    expect(isMoving(world)).toBe(false);
  });
});

describe("drive", () => {
  it.each([10, 60, 240])("never leaps and never leaves the world, at %i Hz", (rateHz) => {
    const dtMs = 1_000 / rateHz;
    let world: World = { position: [-10, 10, -10], velocity: [0, 0, 0] };
    const seen = new Set<string>();
    for (let elapsedMs = 0; elapsedMs < 30_000; elapsedMs += dtMs) {
      const next = step({ ...world, velocity: drive(world.position, elapsedMs, dtMs) }, dtMs);
      const way = Math.hypot(...next.position.map((value, axis) => value - (world.position[axis] ?? 0)));
      expect(way).toBeLessThanOrEqual((SPEED * dtMs) / 1_000 + 1e-9);
      expect(Math.max(...next.position.map(Math.abs))).toBeLessThanOrEqual(REACH);
      seen.add(next.position.map((value) => Math.sign(Math.round(value / 4))).join());
      world = next;
    }
    expect(seen.size).toBeGreaterThan(8); // it has been in many corners
  });

  it("has no speed for a step of no length", () => {
    expect(drive([1, 2, 3], 0, 0)).toEqual([0, 0, 0]);
  });
});
