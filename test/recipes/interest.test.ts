import { afterEach, describe, expect, it } from "vitest";
import { DEADLINE_MS, endAll } from "../demo/children.ts";
import { insult, player, recipe } from "./recipe.ts";

afterEach(endAll);

describe("the recipe of interest by distance", { timeout: 3 * DEADLINE_MS }, () => {
  it("shows who is near, and no longer who went out of sight", async () => {
    const { port } = await recipe("interest");
    const ada = player(port, "move 3 4");
    await ada.received.until(/^seen $/);
    const bob = player(port, "move -2 -4"); // in another cell, and 9.4 away
    await bob.received.until(/^seen 1:3,4$/);
    await ada.received.until(/^seen 2:-2,-4$/);
    bob.send("move -4 -4\n"); // 10.6 away
    await ada.received.until(/^seen $/);
    await bob.received.until(/^seen $/);
    bob.send("move 3 14\n");
    await ada.received.until(/^seen 2:3,14$/);
    bob.socket.resetAndDestroy();
    await ada.received.until(/^seen $/);
  });

  it("says nothing of those who are far away", async () => {
    const { port } = await recipe("interest");
    const far = player(port, "move 900 900");
    await far.received.until(/^seen $/);
    const ada = player(port, "move 500 0");
    const bob = player(port, "move 500 1", "move 500 2");
    await ada.received.until(/^seen 3:500,2$/);
    await bob.received.until(/^seen 2:500,0$/);
    far.send("jump\n");
    await far.received.until(/^error expected: move X Y$/);
    expect(far.received.all).toEqual(["seen ", "error expected: move X Y"]);
  });

  it("has a longest line, however many stand in one place", async () => {
    const { child, port } = await recipe("interest");
    const crowd = Array.from({ length: 80 }, () => player(port, "move 999 -999"));
    const one = player(port, "move 999 -999");
    await one.received.until(/^seen( \d+:999,-999){50}$/);
    for (const { socket } of crowd) socket.resetAndDestroy();
    await one.received.until(/^seen $/);
    expect(child.err.all).toEqual([]);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("interest");
    await insult(child, port, "move 0 0", "move 999 999");
    await player(port, "move 1 1").received.until(/^seen $/);
  });
});
