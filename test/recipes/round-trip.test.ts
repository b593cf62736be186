import { afterEach, describe, expect, it } from "vitest";
import { type Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { python } from "../demo/sockets/foreign.ts";
import { needs } from "../machine.ts";
import { insult, player, recipe, said } from "./recipe.ts";
import { insultByWebSocket, playerAt, pythonPlayer } from "./web.ts";

afterEach(endAll);

describe("the recipe of a round trip", { timeout: 3 * DEADLINE_MS }, () => {
  it("tells a player over WebSocket, who need not send anything", async () => {
    const { port } = await recipe("round-trip");
    const { received } = playerAt(port);
    const [, first] = await received.until(SHOWN);
    expect(Number(first)).toBeLessThan(DEADLINE_MS);
    await received.until(SHOWN);
    expect(received.all.filter((line) => line.startsWith("ping"))).toEqual([]);
  });

  it("shows what the network takes", needs("python3"), async () => {
    const { port } = await recipe("round-trip");
    // The pong to its ping leaves half a second late, and the game shows nothing before it.
    const slow = pythonPlayer(
      port,
      "/",
      `
def frame(opcode, body, now=frame):
    time.sleep(0.5)
    now(opcode, body)
while True: print(receive())`,
    );
    const [, shown] = await slow.out.until(SHOWN);
    expect(Number(shown)).toBeGreaterThanOrEqual(500);
  });

  it("tells a player over TCP, who sends each word back", needs("python3"), async () => {
    const { child } = await recipe("round-trip");
    const { out, err } = await python(
      `
game = socket.create_connection(at)
for line in game.makefile():
    word, rest = line.split(" ", 1)
    if word == "round": break
    game.sendall(b"pong wrong\\npong undefined\\npong \\n")
    time.sleep(0.3)
    game.sendall(f"pong {rest}".encode())
print(line)`,
      await tcpPort(child),
    );
    expect(err).toBe("");
    const [, shown] = SHOWN.exec(out.toString().trim()) ?? [];
    expect(Number(shown)).toBeGreaterThanOrEqual(300);
  });

  it("shows nothing to who does not answer", async () => {
    const { child } = await recipe("round-trip");
    const tcp = await tcpPort(child);
    const silent = player(tcp);
    await silent.received.until(/^ping \S+$/);
    const other = player(tcp);
    for (let round = 0; round < 2; round++) {
      const [, word] = await other.received.until(/^ping (\S+)$/);
      other.send(`pong ${word}\n`);
      await other.received.until(SHOWN);
    }
    expect(silent.received.all).toHaveLength(1); // it was asked once, as nothing has come back
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("round-trip");
    const tcp = await tcpPort(child);
    await insult(child, port, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n");
    await insult(child, tcp, "pong", "pong undefined");
    await insultByWebSocket(child, port, () => "/");
    await playerAt(port).received.until(SHOWN);
    await player(tcp).received.until(/^ping \S+$/);
  });
});

const SHOWN = /^round trip (\d+\.\d) ms$/;

async function tcpPort(child: Child): Promise<number> {
  const [, port] = await said(child, /^TCP on 127\.0\.0\.1:(\d+)$/);
  return Number(port);
}
