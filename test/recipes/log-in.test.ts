import { afterEach, describe, expect, it } from "vitest";
import { Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { ended, insult, player, recipe } from "./recipe.ts";

afterEach(endAll);

describe("the recipe of the first message", { timeout: 3 * DEADLINE_MS }, () => {
  it("knows each player by its token, and keeps its points", async () => {
    const { child, port } = await recipe("log-in");
    const ada = player(port, "login 8f3a", "play", "play");
    const bob = player(port, "login c41d", "play");
    await ada.received.until(/^hello ada$/);
    await ada.received.until(/^ada has 2 points$/);
    await bob.received.until(/^bob has 1 points$/);
    ada.socket.end();
    await child.out.until(/^ada left with 2 points$/);
  });

  it("closes who says something else, after a word why", async () => {
    const { child, port } = await recipe("log-in");
    for (const first of ["login 8f3b", "play", "login", "login __proto__", ""]) {
      const stranger = player(port, first, "play");
      await ended(stranger);
      expect(stranger.received.all).toEqual(["error expected: login TOKEN"]);
      await child.out.until(/^nobody left with 0 points$/);
    }
  });

  it("closes who says nothing", async () => {
    const { child, port } = await recipe("log-in");
    const silent = player(port);
    await ended(silent);
    await child.out.until(/^nobody left with 0 points$/);
  });

  it("takes a person with nc", needs("nc"), async () => {
    const { port } = await recipe("log-in");
    const person = new Child("nc", ["127.0.0.1", `${port}`], "pipe");
    person.type("login 8f3a\n");
    await person.out.until(/^hello ada$/);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("log-in");
    await insult(child, port, "login 8f3a", "login x");
    await player(port, "login 8f3a").received.until(/^hello ada$/);
  });
});
