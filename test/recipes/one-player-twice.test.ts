import { afterEach, describe, expect, it } from "vitest";
import { DEADLINE_MS, endAll } from "../demo/children.ts";
import { ended, insult, player, recipe } from "./recipe.ts";

afterEach(endAll);

describe("the recipe of one player twice", { timeout: 3 * DEADLINE_MS }, () => {
  it("lets the new one in, tells the old one, and keeps the name when the old one has left", async () => {
    const { port } = await recipe("one-player-twice");
    const bob = player(port, "login bob");
    await bob.received.until(/^hello bob$/);
    const old = player(port, "login ada");
    await old.received.until(/^hello ada$/);
    for (let round = 0; round < 3; round++) {
      const next = player(port, "login bob");
      await next.received.until(/^hello bob$/);
      next.socket.end();
      await ended(next);
    }
    await ended(bob);
    expect(bob.received.all).toEqual(["hello bob", "error you have logged in elsewhere"]);
    const ada = player(port, "login ada");
    await ada.received.until(/^hello ada$/);
    await ended(old);
    ada.send("who\n");
    await ada.received.until(/^online: (bob )?ada$/);
  });

  it("takes no line of the old one any more", async () => {
    const { port } = await recipe("one-player-twice");
    const old = player(port, "login ada");
    await old.received.until(/^hello ada$/);
    const ada = player(port, "login ada");
    await ada.received.until(/^hello ada$/);
    old.send("who\n".repeat(1_000));
    await ended(old);
    expect(old.received.all).toEqual(["hello ada", "error you have logged in elsewhere"]);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("one-player-twice");
    await insult(child, port, "login ada", "login __proto__");
    await player(port, "login ada").received.until(/^hello ada$/);
  });
});
