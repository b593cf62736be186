/** Who has the cube: the hand while it moves it, others while it rests. */
import { describe, expect, test } from "vitest";
import { Cube } from "../../../../demo/cube/page/cube.ts";
import { asSeenFrom, glide, REST, restingAt, together, type Wish } from "../../../../demo/cube/page/glide.ts";
import { REACH, SPEED, type World } from "../../../../demo/cube/shared/world.ts";

const RIGHT: Wish = [1, 0, 0];

describe("a wish", () => {
  test("becomes speed within a moment, and stops as softly, exactly at rest", () => {
    let world: World = restingAt([0, 0, 0]);
    world = glide(world, RIGHT, 16);
    expect(world.velocity[0]).toBeGreaterThan(0);
    expect(world.velocity[0]).toBeLessThan(SPEED / 2);
    for (let frame = 0; frame < 60; frame++) world = glide(world, RIGHT, 16);
    expect(world.velocity[0]).toBeCloseTo(SPEED, 1);
    for (let frame = 0; frame < 60; frame++) world = glide(world, REST, 16);
    expect(world.velocity).toEqual([0, 0, 0]);
    expect(glide(world, REST, 16)).toBe(world);
  });

  test("goes as far on a slow screen as on a fast one", () => {
    const wayAt = (hz: number): number => {
      let world: World = restingAt([-5, 0, 0]);
      for (let frame = 0; frame < hz; frame++) world = glide(world, RIGHT, 1_000 / hz);
      return world.position[0];
    };
    expect(Math.abs(wayAt(30) - wayAt(144))).toBeLessThan(0.15);
  });

  test("ends at a wall", () => {
    let world: World = restingAt([9, 0, 0]);
    for (let frame = 0; frame < 120; frame++) world = glide(world, RIGHT, 16);
    expect(world.position).toEqual([REACH, 0, 0]);
  });

  test("adds up with others, to no more than one", () => {
    expect(together(RIGHT, [1, 0, -0.5], [-0.25, 0, 0])).toEqual([1, 0, -0.5]);
    expect(together(RIGHT, [-1, 0, 0])).toEqual(REST);
    expect(together()).toEqual(REST);
  });

  test("means left in the picture, from whichever side one looks", () => {
    const quarter = Math.PI / 2;
    expect(asSeenFrom(0.4, RIGHT)).toEqual([1, 0, 0]);
    expect(asSeenFrom(quarter, RIGHT)).toEqual([0, 0, -1]);
    expect(asSeenFrom(2 * quarter, RIGHT)).toEqual([-1, 0, 0]);
    expect(asSeenFrom(-quarter, RIGHT)).toEqual([0, 0, 1]);
    expect(asSeenFrom(quarter + 0.5, [0, 0, -1])).toEqual([-1, 0, 0]);
    expect(asSeenFrom(-2 * quarter, [0, 0.5, 0])).toEqual([0, 0.5, 0]);
  });
});

describe("the cube", () => {
  test("owes the process nothing while it only follows", () => {
    const cube = new Cube();
    cube.receive([1, 2, 3], 0);
    cube.frame(0);
    cube.steer(REST, 16);
    expect(cube.owed).toBeUndefined();
    expect(cube.position).toEqual([1, 2, 3]);
  });

  test("in the hand is where the hand has it, at once and to the thousandth", () => {
    const cube = new Cube();
    cube.steer(RIGHT, 16);
    const [x] = cube.frame(16);
    expect(x).toBeGreaterThan(0);
    expect(cube.position).toEqual([Number(x.toFixed(3)), 0, 0]);
    expect(cube.owed).toEqual(cube.position);
    cube.markSent();
    expect(cube.owed).toBeUndefined();
  });

  test("in the hand does not listen to others; at rest it does again", () => {
    const cube = new Cube();
    for (let frame = 0; frame < 10; frame++) cube.steer(RIGHT, 16);
    cube.receive([-9, 0, 0], 160);
    cube.markSent();
    const held = cube.frame(160);
    expect(held[0]).toBeGreaterThan(0);
    for (let frame = 0; frame < 60; frame++) cube.steer(REST, 16);
    cube.markSent();
    const rested = cube.frame(1_200);
    expect(rested).toEqual(cube.position);
    cube.receive([0, 5, 0], 1_300);
    for (let atMs = 1_300; atMs < 2_300; atMs += 16) cube.frame(atMs);
    expect(cube.frame(2_300)).toEqual([0, 5, 0]);
  });

  test("keeps its own move for a process that cannot receive it now, and takes no older position for it", () => {
    const cube = new Cube();
    cube.put([4, 0, 0]);
    cube.release();
    cube.receive([1, 0, 0], 10);
    expect(cube.position).toEqual([4, 0, 0]);
    expect(cube.owed).toEqual([4, 0, 0]);
    cube.markSent();
    cube.receive([1, 0, 0], 20);
    expect(cube.position).toEqual([1, 0, 0]);
  });

  test("is put no farther than the walls, and said once for each place", () => {
    const cube = new Cube();
    cube.put([40, -40, 3]);
    expect(cube.owed).toEqual([REACH, -REACH, 3]);
    cube.markSent();
    cube.put([41, -40, 3]);
    expect(cube.owed).toBeUndefined();
  });

  test("is taken up where it is seen, also from the middle of a glide", () => {
    const cube = new Cube();
    cube.frame(0);
    cube.receive([8, 0, 0], 0);
    for (let atMs = 0; atMs <= 100; atMs += 16) cube.frame(atMs);
    const [seen] = cube.shown;
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(8);
    cube.steer(RIGHT, 16);
    expect(Math.abs(cube.frame(112)[0] - seen)).toBeLessThan(0.2);
  });
});
