import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { ended, insult, player, recipe } from "./recipe.ts";

afterEach(endAll);

const GOODBYE = "the server goes down; come again in a minute";

describe("the recipe of a shutdown", { timeout: 3 * DEADLINE_MS, ...needs("signals") }, () => {
  it("tells everyone, after what they are owed, and ends by itself", async () => {
    const { child, port } = await recipe("shutdown");
    const players = ["a", "b", "c"].map((name) => player(port, name));
    for (const [index, one] of players.entries()) await one.received.until(new RegExp(`^${"abc"[index]}$`));
    child.process.kill("SIGTERM");
    for (const [index, one] of players.entries()) {
      await ended(one);
      expect(one.received.all).toEqual(["abc"[index], GOODBYE]);
    }
    await child.out.until(/^told 3 players$/);
    await child.out.until(/^all have left$/);
    expect(await child.exit()).toBe(0);
    expect(await refusal(port)).toBe("ECONNREFUSED");
  });

  it("tells a person with nc, too, by Ctrl-C", needs("nc"), async () => {
    const { child, port } = await recipe("shutdown");
    const person = new Child("nc", ["127.0.0.1", `${port}`], "pipe");
    person.type("hi\n");
    await person.out.until(/^hi$/);
    child.process.kill("SIGINT");
    await person.out.until(new RegExp(`^${GOODBYE}$`));
    person.process.stdin?.end();
    expect(await child.exit()).toBe(0);
  });

  it("waits for nobody who reads nothing", async () => {
    const { child, port } = await recipe("shutdown");
    const deaf = player(port);
    deaf.socket.pause();
    deaf.send(`${"x".repeat(900)}\n`.repeat(20_000));
    const other = player(port, "hi");
    await other.received.until(/^hi$/);
    child.process.kill("SIGTERM");
    await child.out.until(/^all have left$/);
    expect(await child.exit()).toBe(0);
  });

  it("ends at once at the second signal", async () => {
    const { child, port } = await recipe("shutdown");
    const deaf = player(port, "hi");
    await deaf.received.until(/^hi$/);
    deaf.socket.pause();
    child.process.kill("SIGTERM");
    await child.out.until(/^told 1 players$/);
    child.process.kill("SIGTERM");
    expect([0, "SIGTERM"]).toContain(await child.exit()); // 0 where the first was quicker
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("shutdown");
    await insult(child, port, "x");
    await player(port, "hi").received.until(/^hi$/);
  });
});

/** What becomes of a connection to `port`. */
function refusal(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => resolve(undefined));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}
