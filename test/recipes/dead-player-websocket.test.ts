import { afterEach, describe, expect, it } from "vitest";
import { Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { insult, recipe } from "./recipe.ts";
import { insultByWebSocket, playerAt, pythonPlayer } from "./web.ts";

afterEach(endAll);

describe("the recipe of a dead player over WebSocket", { timeout: 3 * DEADLINE_MS }, () => {
  it("finds one that was stopped, and keeps one that never sends", needs("signals"), async () => {
    const { child, port } = await recipe("dead-player-websocket", "5");
    const alive = playerAt(port);
    await alive.status;
    const dead = silent(port);
    await dead.out.until(/^open$/);
    await dead.out.until(/^ping$/);
    dead.process.kill("SIGSTOP");
    const [, id] = await child.out.until(/^player (\d+) is dead: /);
    expect(id).toBe("2");
    await alive.send("hi"); // ws has answered the pings meanwhile
    await alive.received.until(/^hi$/);
    expect(child.out.all.filter((line) => line.startsWith("player 1"))).toEqual([]);
  });

  it("finds one that answers no ping, and keeps one that does", needs("python3"), async () => {
    const { child, port } = await recipe("dead-player-websocket", "4");
    const alive = pythonPlayer(port, "/", "print(receive())");
    await alive.out.until(/^status 101$/);
    pythonPlayer(port, "/", "receive(answers_pings=False)");
    pythonPlayer(port, "/", "receive(answers_pings=False)");
    await child.out.until(/^player [23] is dead: /);
    await child.out.until(/^player [23] is dead: /);
    expect(child.out.all.filter((line) => line.startsWith("player 1"))).toEqual([]);
  });

  it("tells it apart from one that left", async () => {
    const { child, port } = await recipe("dead-player-websocket", "60");
    const first = playerAt(port);
    await first.status;
    first.socket.close();
    await child.out.until(/^player 1 left: /);
    const second = playerAt(port);
    await second.status;
    second.socket.terminate();
    await child.out.until(/^player 2 left: /);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("dead-player-websocket", "60");
    await insult(child, port, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n");
    await insultByWebSocket(child, port, () => "/");
    const player = playerAt(port);
    await player.send("hi");
    await player.received.until(/^hi$/);
  });
});

/** A player of the ws package in a process of its own, which never sends. */
function silent(port: number): Child {
  const script = `
    import { WebSocket } from "ws";
    const socket = new WebSocket("ws://127.0.0.1:${port}");
    socket.on("open", () => console.log("open")).on("ping", () => console.log("ping"));`;
  return new Child(process.execPath, ["--input-type=module", "-e", script]);
}
