/** The whole arena in one process, frame by frame: what is killed, stopped and cut, and what the players see of it. */
import { describe, expect, test } from "vitest";
import { TTL_MS } from "../../../demo/arena/bus-wire.ts";
import { SteppedArena } from "./local.ts";

/** An arena that plays, with all its bots in. */
function playing(bots?: number, worlds?: number): SteppedArena {
  const played = new SteppedArena(bots, worlds);
  played.until(() => played.held.length === (worlds ?? 2) && played.areAllIn, 6_000);
  return played;
}

/** What each bot has, by who it is. */
function scores(played: SteppedArena): Map<number, number> {
  return new Map(played.bots.map(({ id, score = 0 }) => [id, score]));
}

/** Whether nobody has less than he had, but for what the last snapshot did not know. */
function keepsScores(before: Map<number, number>, after: Map<number, number>, lostAtMost: number): boolean {
  return [...before].every(([id, score]) => (after.get(id) ?? 0) >= score - lostAtMost);
}

describe("an arena in one process", () => {
  test("has a world for each zone, and its bots walk from zone to zone and take sparks", async () => {
    const played = playing();
    expect(played.held.map(({ world, zone }) => `${world} ${zone}`)).toEqual(["world-1 0", "world-2 1"]);
    const counts = new Set<number>();
    played.run(20_000, () => counts.add(played.playersOf("world-1")));
    expect(counts.size).toBeGreaterThan(1); // somebody has gone over
    expect(played.playersOf("world-1") + played.playersOf("world-2")).toBe(8);
    expect([...scores(played).values()].reduce((sum, score) => sum + score, 0)).toBeGreaterThan(10);
    await played.arena.end();
  });

  test("a killed world comes back in another process, from its snapshot, within the lease and a second", async () => {
    const played = playing();
    played.run(5_000);
    const before = scores(played);
    const epoch = Math.max(...played.held.map((held) => held.epoch));
    played.arena.get("world-1").kill();
    const tookMs = played.until(() => played.held.some(({ zone }) => zone === 0), TTL_MS + 1_000);
    expect(tookMs).toBeLessThanOrEqual(TTL_MS + 1_000);
    const [now] = played.held.filter(({ zone }) => zone === 0);
    expect(now?.world).toBe("world-2");
    expect(now?.epoch).toBeGreaterThan(epoch);
    expect(played.said.at(-1)).toMatch(
      /^world-2: plays zone 1 with epoch \d+, from a snapshot of \d+ bytes$/,
    );
    played.until(() => played.areAllIn, 3_000);
    played.run(1_000);
    expect(keepsScores(before, scores(played), 2)).toBe(true);
    await played.arena.end();
  });

  test("its own process gets the zone back by a handover, and loses nobody", async () => {
    const played = playing();
    played.arena.get("world-1").kill();
    played.until(() => played.said.includes("world-2: hands zone 1 over to world-1"), 15_000);
    const before = scores(played);
    played.until(() => played.held.some(({ world, zone }) => world === "world-1" && zone === 0), 500);
    played.run(2_000);
    expect(played.areAllIn).toBe(true);
    expect(keepsScores(before, scores(played), 0)).toBe(true);
    await played.arena.end();
  });

  test("a killed gateway's players are at the other one, and are the same players", async () => {
    const played = playing();
    played.run(5_000);
    const before = scores(played);
    expect(played.playersOf("gateway-1")).toBeGreaterThan(0);
    played.arena.get("gateway-1").kill();
    played.until(() => played.playersOf("gateway-2") === 8 && played.areAllIn, 8_000);
    played.run(1_000);
    expect(scores(played).size).toBe(before.size);
    expect(keepsScores(before, scores(played), 0)).toBe(true);
    expect(played.playersOf("world-1") + played.playersOf("world-2")).toBe(8); // and nobody is there twice
    await played.arena.end();
  });

  test("a stopped gateway that wakes has nobody's say any more", async () => {
    const played = playing();
    played.arena.get("gateway-1").stop();
    played.until(() => played.playersOf("gateway-2") === 8 && played.areAllIn, 12_000);
    played.arena.get("gateway-1").continue();
    played.run(3_000);
    expect([played.playersOf("gateway-1"), played.playersOf("gateway-2")]).toEqual([0, 8]);
    expect(played.areAllIn).toBe(true);
    expect(played.playersOf("world-1") + played.playersOf("world-2")).toBe(8);
    await played.arena.end();
  });

  test("a stopped owner that wakes reads that it has lost its zone before it acts for anybody", async () => {
    const played = playing();
    played.arena.get("world-2").stop();
    played.until(
      () => played.held.some(({ world, zone }) => world === "world-1" && zone === 1),
      TTL_MS + 1_000,
    );
    played.run(1_000);
    played.arena.get("world-2").continue();
    played.step();
    played.step(); // a world has a frame in two
    expect(played.held.filter(({ zone }) => zone === 1).map(({ world }) => world)).toEqual(["world-1"]);
    expect(played.said.at(-1)).toMatch(/^world-2: acts for nobody in zone 2: .* lost/);
    await played.arena.end();
  });

  test("at no frame do two processes play a zone, whoever is killed, stopped and woken", async () => {
    const played = playing();
    const look = (): void => {
      const zones = played.held.map(({ zone }) => zone);
      expect(new Set(zones).size).toBe(zones.length);
    };
    for (const order of [
      "kill world-1",
      "stop world-2",
      "kill world-1",
      "continue world-2",
      "kill gateway-2",
    ]) {
      const [what, name = ""] = order.split(" ");
      played.arena.get(name)[what as "kill" | "stop" | "continue"]();
      played.run(5_000, look);
    }
    played.until(() => played.areAllIn, 15_000);
    await played.arena.end();
  });

  test("without its broker for five seconds it stands still, and then goes on with everybody", async () => {
    const played = playing();
    played.run(3_000);
    const before = scores(played);
    played.arena.cut();
    played.run(5_000);
    expect(played.arena.broker.state).toBe("running");
    expect(played.held).toEqual([]); // nobody may say that he has a zone
    played.until(() => played.held.length === 2, TTL_MS + 1_500);
    played.until(() => played.areAllIn, 3_000);
    played.run(1_000);
    expect(keepsScores(before, scores(played), 2)).toBe(true);
    await played.arena.end();
  });

  test("three worlds are three zones, and one that is killed is played by its neighbour", async () => {
    const played = playing(6, 3);
    expect(played.held.map(({ world, zone }) => `${world} ${zone}`)).toEqual([
      "world-1 0",
      "world-2 1",
      "world-3 2",
    ]);
    played.arena.get("world-2").kill();
    played.until(() => played.held.some(({ zone }) => zone === 1), TTL_MS + 1_000);
    await played.arena.end();
  });
});
