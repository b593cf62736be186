import { afterEach, describe, expect, it } from "vitest";
import { Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { insult, player, recipe } from "./recipe.ts";

afterEach(endAll);

describe("the recipe of rooms", { timeout: 3 * DEADLINE_MS }, () => {
  it("carries a line to the others of the room alone", async () => {
    const { port } = await recipe("rooms");
    const ada = player(port, "join red");
    await ada.received.until(/^player 1 is in red, as one of 1$/);
    const bob = player(port, "join red");
    await bob.received.until(/^player 2 is in red, as one of 2$/);
    const eve = player(port, "join blue");
    await eve.received.until(/^player 3 is in blue, as one of 1$/);
    ada.send("hi\n");
    await bob.received.until(/^player 1: hi$/);
    ada.send("join blue\n");
    await bob.received.until(/^player 1 has left red$/);
    await eve.received.until(/^player 1 is in blue, as one of 2$/);
    expect(eve.received.all).toHaveLength(2);
    ada.socket.resetAndDestroy();
    await eve.received.until(/^player 1 has left blue$/);
  });

  it("forgets a room with its last player, and counts nobody twice", async () => {
    const { port } = await recipe("rooms");
    const ada = player(port, "join red", "join red", "join blue", "join red");
    await ada.received.until(/in blue/);
    await ada.received.until(/^player 1 is in red, as one of 1$/);
    expect(ada.received.all.filter((line) => !line.endsWith("as one of 1"))).toEqual([]);
  });

  it("takes a person with nc, who is in no room yet", needs("nc"), async () => {
    const { port } = await recipe("rooms");
    const person = new Child("nc", ["127.0.0.1", `${port}`], "pipe");
    person.type("hi\njoin red\n");
    await person.out.until(/^error expected: join ROOM$/);
    await person.out.until(/^player 1 is in red, as one of 1$/);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("rooms");
    await insult(child, port, "join red", "join __proto__", "join constructor");
    await player(port, "join blue").received.until(/is in blue, as one of 1$/);
  });
});
