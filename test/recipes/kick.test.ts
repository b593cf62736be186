import { afterEach, describe, expect, it } from "vitest";
import { DEADLINE_MS, endAll } from "../demo/children.ts";
import { python } from "../demo/sockets/foreign.ts";
import { needs } from "../machine.ts";
import { ended, insult, player, recipe } from "./recipe.ts";

afterEach(endAll);

describe("the recipe of a kick", { timeout: 3 * DEADLINE_MS }, () => {
  it("tells the reason to the player and to the log, and receives nothing more", async () => {
    const { child, port } = await recipe("kick");
    const honest = player(port, "score 7", "score 5");
    await honest.received.until(/^you have 12$/);
    const cheat = player(port, "score 7", "score 101", "score 7", "score 7");
    await ended(cheat);
    expect(cheat.received.all).toEqual(["you have 7", "kicked: nobody makes 101 points at once"]);
    await child.out.until(/^player 2 left: nobody makes 101 points at once$/);
    honest.send("score 1\n");
    await honest.received.until(/^you have 13$/);
    honest.socket.end();
    await child.out.until(/^player 1 left: the peer closed the connection$/);
  });

  it("is read by Python to its end, with the reason last", needs("python3"), async () => {
    const { port } = await recipe("kick");
    const { out, err } = await python(
      `
sock = socket.create_connection(at)
sock.sendall(b"score 999\\n")
print(sock.makefile().read(), end="")`,
      port,
    );
    expect([out.toString(), err]).toEqual(["kicked: nobody makes 999 points at once\n", ""]);
  });

  it("does not wait for one who reads nothing and floods", async () => {
    const { child, port } = await recipe("kick");
    const flood = player(port);
    flood.socket.pause();
    flood.send("score 1\n".repeat(400_000));
    flood.send("score 101\n");
    await child.out.until(/^player 1 left: nobody makes 101 points at once$/);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("kick");
    await insult(child, port, "score 1", "score 1000");
    await player(port, "score 3").received.until(/^you have 3$/);
  });
});
