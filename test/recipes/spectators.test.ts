import { afterEach, describe, expect, it } from "vitest";
import { Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { ended, insult, player, recipe } from "./recipe.ts";

afterEach(endAll);

describe("the recipe of spectators", { timeout: 3 * DEADLINE_MS }, () => {
  it("shows them what the players do, from where these are", async () => {
    const { port } = await recipe("spectators");
    const ada = player(port, "play", "right", "right");
    await ada.received.until(/^player 1 is at 2$/);
    const eve = player(port, "watch");
    await eve.received.until(/^player 1 is at 2$/);
    const bob = player(port, "play", "left");
    await eve.received.until(/^player 3 is at -1$/);
    ada.send("right\n");
    for (const one of [ada, bob, eve]) await one.received.until(/^player 1 is at 3$/);
  });

  it("shows them to a person with nc", needs("nc"), async () => {
    const { port } = await recipe("spectators");
    const ada = player(port, "play", "right");
    await ada.received.until(/^player 1 is at 1$/);
    const person = new Child("nc", ["127.0.0.1", `${port}`], "pipe");
    person.type("watch\n");
    await person.out.until(/^player 1 is at 1$/);
  });

  it("closes a spectator who plays, and one too many, each after a word why", async () => {
    const { port } = await recipe("spectators", "1");
    const ada = player(port, "play");
    await ada.received.until(/^player 1 is at 0$/);
    const eve = player(port, "watch");
    await eve.received.until(/^player 1 is at 0$/);
    const second = player(port, "watch");
    await ended(second);
    expect(second.received.all).toEqual(["error 1 watch already"]);
    eve.send("left\n");
    await ended(eve);
    expect(eve.received.all.at(-1)).toBe("error expected: play, then left or right; or watch");
    const third = player(port, "watch"); // there is room again
    await third.received.until(/^player 1 is at 0$/);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("spectators");
    await insult(child, port, "play", "watch", "left");
    await player(port, "play").received.until(/is at 0$/);
  });
});
