import { afterEach, describe, expect, it } from "vitest";
import { type Caller, DEADLINE_MS, endAll } from "../demo/children.ts";
import { ended, insult, player, recipe } from "./recipe.ts";

afterEach(endAll);

describe("the recipe of coming back", { timeout: 3 * DEADLINE_MS }, () => {
  it("gives the player back to who says its token, after a reset", async () => {
    const { port } = await recipe("reconnect");
    const first = player(port, "new", "play", "play");
    const token = await tokenOf(first);
    await first.received.until(/^you have 2 points$/);
    first.socket.resetAndDestroy();
    const second = player(port, token, "play");
    expect(await tokenOf(second)).toBe(token);
    await second.received.until(/^you have 3 points$/);
  });

  it("lets the token win over a connection that is still there", async () => {
    const { port } = await recipe("reconnect");
    const first = player(port, "new", "play");
    const token = await tokenOf(first);
    await first.received.until(/^you have 1 points$/);
    const second = player(port, token, "play");
    await second.received.until(/^you have 2 points$/);
    await ended(first);
    second.send("play\n"); // the end of the first has taken nothing from it
    await second.received.until(/^you have 3 points$/);
  });

  it("forgets who does not come back, and refuses a token of nobody", async () => {
    const { child, port } = await recipe("reconnect", "100");
    const first = player(port, "new", "play");
    const token = await tokenOf(first);
    await first.received.until(/^you have 1 points$/);
    first.socket.end();
    await child.out.until(/^forgot a player with 1 points$/);
    const late = player(port, token);
    await ended(late);
    expect(late.received.all).toEqual(["error expected: new, or a token of a player who is here"]);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("reconnect");
    await insult(child, port, "new", "__proto__");
    await tokenOf(player(port, "new"));
  });
});

async function tokenOf(caller: Caller): Promise<string> {
  const [, token = ""] = await caller.received.until(/^token ([\w-]{36})$/);
  return token;
}
