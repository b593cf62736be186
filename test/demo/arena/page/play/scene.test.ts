/** Where everybody is drawn, by what the zones have told. */
import { describe, expect, test } from "vitest";
import { Scene } from "../../../../../demo/arena/page/play/scene.ts";
import type { State } from "../../../../../demo/arena/shared/play-wire.ts";
import { REST } from "../../../../../demo/arena/shared/rules.ts";

const SELF = 1;
const OTHER = 2;

/** A zone of which everybody is told: at `x`, by a world whose time is `worldMs`, `lateMs` before the gateway's. */
function state(worldMs: number, x: number, { zone = 0, epoch = 5, lateMs = 4, id = OTHER } = {}): State {
  const shown = { id, x: x * 100, y: 1_000, dx: 0, dy: 0, score: 3, seq: 0, gateway: 0 };
  const players = [shown];
  const look = {
    zone,
    epoch,
    world: "world-1",
    worldMs,
    gateways: ["arena.process.gateway-2"],
    players,
    sparks: [],
  };
  return { kind: "state", ...look, atMs: worldMs + 10_000 + lateMs };
}

/** A scene that has been told of a walker for a second, a unit a state. */
function walked(): Scene {
  const scene = new Scene();
  scene.greet(SELF, 2);
  for (let tick = 0; tick < 30; tick++) scene.receive(state(tick * 100, tick), tick * 100);
  return scene;
}

/** Where the other one is drawn, at that time of the gateway. */
function xAt(scene: Scene, serverMs: number): number | undefined {
  return scene.figures(serverMs, 0, 16, REST).find(({ id }) => id === OTHER)?.x;
}

describe("others", () => {
  test("are drawn a tenth of a second ago, between two states", () => {
    const scene = walked();
    // At 12,854 of the gateway the zone's time was 2,850, and 100 before that 2,750.
    expect(xAt(scene, 12_854)).toBeCloseTo(27.5, 6);
    expect(xAt(scene, 12_904)).toBeCloseTo(28, 6);
  });

  test("stand still where their zone saw them last, and are not guessed on", () => {
    const scene = walked();
    expect(xAt(scene, 13_004)).toBe(29);
    expect(xAt(scene, 60_000)).toBe(29);
    const [stand] = scene.stands(14_004, 0);
    expect(stand).toMatchObject({ zone: 0, world: "world-1", epoch: 5, silentMs: 1_000 });
  });

  test("go on after their world stood still and has less time behind it", () => {
    const scene = walked();
    for (let tick = 30; tick < 70; tick++)
      scene.receive(state(tick * 100, tick, { lateMs: 604 }), tick * 100);
    const [stand] = scene.stands(6_900 + 10_604, 0);
    expect(stand?.silentMs).toBe(0);
    expect(xAt(scene, 6_900 + 10_604)).toBeCloseTo(68, 6);
  });

  test("begin anew with another epoch", () => {
    const scene = walked();
    scene.receive(state(200, 3, { epoch: 9 }), 3_000);
    expect(xAt(scene, 20_000)).toBe(3);
    expect(scene.stands(20_000, 0)[0]).toMatchObject({ epoch: 9 });
  });

  test("who are in two zones for a moment are where they came last", () => {
    const scene = walked();
    scene.receive(state(50, 33, { zone: 1 }), 3_000);
    expect(scene.figures(13_004, 0, 16, REST)).toHaveLength(1);
    expect(xAt(scene, 13_004)).toBe(33);
  });
});

describe("this page's player", () => {
  test("walks at once by his wish, and is drawn back softly to where his world has him", () => {
    const scene = new Scene();
    scene.greet(SELF, 2);
    const told = state(0, 20, { id: SELF });
    scene.receive(told, 0);
    expect(scene.figures(undefined, 0, 16, REST).at(-1)).toMatchObject({ x: 20, isSelf: true });
    const [ahead] = scene.figures(undefined, 16, 16, { dx: 1, dy: 0 });
    expect(ahead?.x).toBeGreaterThan(20.1);
    for (let frame = 0; frame < 200; frame++) scene.figures(undefined, 16, 16, REST);
    expect(scene.self?.x).toBeCloseTo(20, 2);
  });

  test("does not walk while his zone stands still", () => {
    const scene = new Scene();
    scene.greet(SELF, 2);
    scene.receive(state(0, 20, { id: SELF }), 0);
    scene.figures(10_004, 0, 16, REST);
    for (let frame = 0; frame < 60; frame++) scene.figures(20_000, 0, 16, { dx: 1, dy: 0 });
    expect(scene.self?.x).toBeCloseTo(20, 6);
  });

  test("is at once where he was taken to", () => {
    const scene = new Scene();
    scene.greet(SELF, 2);
    scene.receive(state(0, 20, { id: SELF }), 0);
    scene.figures(undefined, 0, 16, REST);
    scene.receive(state(33, 5, { id: SELF }), 33);
    expect(scene.figures(undefined, 33, 16, REST).at(-1)?.x).toBe(5);
  });
});
