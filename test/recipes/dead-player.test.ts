import { afterEach, describe, expect, it } from "vitest";
import { Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { ended, insult, player, recipe } from "./recipe.ts";

afterEach(endAll);

describe("the recipe of a dead player", { timeout: 3 * DEADLINE_MS }, () => {
  it("finds one that was stopped, and keeps one that sends", needs("python3", "signals"), async () => {
    const { child, port } = await recipe("dead-player", "5");
    const alive = beating(port);
    await alive.out.until(/^1$/);
    const dead = beating(port);
    await dead.out.until(/^1$/);
    dead.process.kill("SIGSTOP");
    const [, id] = await child.out.until(/^player (\d+) is dead: /);
    expect(id).toBe("2");
    const beats = alive.out.all.length;
    await alive.out.until(new RegExp(`^${beats + 10}$`)); // a second and a half later it is still there
    expect(child.out.all.filter((line) => line.startsWith("player 1"))).toEqual([]);
  });

  it("finds one that never sends", async () => {
    const { child, port } = await recipe("dead-player", "1");
    const silent = player(port);
    await ended(silent);
    await child.out.until(/^player 1 is dead: /);
  });

  it("tells it apart from one that left", async () => {
    const { child, port } = await recipe("dead-player", "60");
    player(port, "").socket.end();
    await child.out.until(/^player 1 left: the peer closed the connection$/);
    player(port, "").socket.resetAndDestroy();
    await child.out.until(/^player 2 left: /);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("dead-player", "60");
    await insult(child, port, "x");
    await player(port, "hi").received.until(/^hi$/);
  });
});

/** A player of Python's who sends a line six times a second, and counts the answers. */
function beating(port: number): Child {
  return new Child("python3", [
    "-uc",
    `
import socket, time
sock = socket.create_connection(("127.0.0.1", ${port}))
for beat in range(1, 1000):
    sock.sendall(b"\\n")
    assert sock.recv(1) == b"\\n"
    print(beat)
    time.sleep(1 / 6)`,
  ]);
}
