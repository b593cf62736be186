import { afterEach, describe, expect, it } from "vitest";
import { type Caller, type Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { ended, insult, player, recipe } from "./recipe.ts";

afterEach(endAll);

describe("the recipe of a cluster", { timeout: 3 * DEADLINE_MS }, () => {
  it("brings the players of a room together, and spreads rooms over processes", async () => {
    const { port } = await recipe("cluster", "2");
    const [ada, bob] = [await join(port, "red"), await join(port, "red")];
    expect(bob.world).toBe(ada.world);
    expect(bob.process).toBe(ada.process);
    await ada.caller.received.until(/^player 2 is in red of process \d+$/);
    bob.caller.send("hi\n");
    await ada.caller.received.until(/^player 2 says hi$/);
    const eve = await joinAnother(port, ada.process);
    eve.caller.send("alone\n");
    await eve.caller.received.until(/^player \d+ says alone$/);
    expect(ada.caller.received.all.filter((line) => line.includes("alone"))).toEqual([]);
  });

  it(
    "outlives a world that is killed, whose players find each other in another process",
    needs("signals"),
    async () => {
      const { child, port } = await recipe("cluster", "2");
      const [ada, bob] = [await join(port, "red"), await join(port, "red")];
      const eve = await joinAnother(port, ada.process);
      process.kill(ada.process, "SIGKILL");
      await Promise.all([ended(ada.caller), ended(bob.caller)]);
      const [next, other] = [await join(port, "red"), await join(port, "red")];
      expect(next.process).not.toBe(ada.process);
      expect(next.process).not.toBe(eve.process);
      expect(other.process).toBe(next.process);
      other.caller.send("again\n");
      await next.caller.received.until(/says again$/);
      eve.caller.send("still here\n");
      await eve.caller.received.until(/says still here$/);
      expect(child.process.exitCode).toBe(null);
    },
  );

  it("takes its worlds along when it ends", needs("signals"), async () => {
    const { child, port } = await recipe("cluster", "2");
    const { caller } = await join(port, "red");
    await child.kill("SIGKILL");
    await ended(caller);
  });

  it("has no room in two worlds, whatever a player says", async () => {
    const { port } = await recipe("cluster", "2");
    const ada = await join(port, "red");
    const eve = await joinAnother(port, ada.process);
    const lost = player(eve.world, "room red");
    await lost.received.until(/^error expected: room NAME/);
    await ended(lost);
  });

  it("is ended by no stranger, and neither is a world", async () => {
    const { child, port } = await recipe("cluster", "2");
    const { caller, world } = await join(port, "red");
    await insult(child, port, "room red", "room __proto__");
    await insult(child, world, "room red", "room __proto__");
    caller.send("hi\n");
    await caller.received.until(/says hi$/);
    expect(worldsOf(child)).toHaveLength(2); // none was started again
  });
});

interface Place {
  readonly caller: Caller;
  /** The port of the world, and its process. */
  readonly world: number;
  readonly process: number;
}

/** Asks the front for a room until it has a place, and goes there. */
async function join(front: number, room: string): Promise<Place> {
  for (;;) {
    const [, port] = await player(front, `room ${room}`).received.until(
      /^(?:go 127\.0\.0\.1 (\d+)|error not yet.*)$/,
    );
    if (port === undefined) continue;
    const caller = player(Number(port), `room ${room}`);
    try {
      const [, process] = await caller.received.until(new RegExp(`is in ${room} of process (\\d+)$`));
      return { caller, world: Number(port), process: Number(process) };
    } catch (error) {
      if (caller.received.all.length > 0) throw error; // else this world has died, and the front did not know yet
    }
  }
}

/** A player in a room that is in another process than this one. */
async function joinAnother(front: number, process: number): Promise<Place> {
  for (let number = 0; ; number++) {
    const place = await join(front, `blue${number}`);
    if (place.process !== process) return place;
  }
}

/** The lines of the worlds that have started. */
function worldsOf({ out }: Child): string[] {
  return out.all.filter((line) => /^world \d+ is process \d+$/.test(line));
}
