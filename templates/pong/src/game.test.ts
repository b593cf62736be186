/** The game and its rules, without a network: `memory()` stands in for it, and time is an argument. */
import { memory, Poller } from "tickwire";
import { describe, expect, test } from "vitest";
import { Game } from "./game.ts";
import { pageCodec, serverCodec } from "./messages.ts";
import { newPong, step } from "./pong.ts";

describe("the rules", () => {
  test("count a ball that passes a paddle", () => {
    const pong = newPong();
    pong.paddles.right = 0.1;
    Object.assign(pong.ball, { x: 0.99, y: 0.9, vx: 1, vy: 0 });
    step(pong, 0.1, { left: 0, right: 0 });
    expect(pong.score).toEqual({ left: 1, right: 0 });
  });

  test("send a ball back that hits a paddle", () => {
    const pong = newPong();
    Object.assign(pong.ball, { x: 0.99, y: 0.5, vx: 1, vy: 0 });
    step(pong, 0.1, { left: 0, right: 0 });
    expect(pong.ball.vx).toBeLessThan(0);
    expect(pong.score).toEqual({ left: 0, right: 0 });
  });
});

describe("the game", () => {
  test("moves each player's paddle, and shows it to both", () => {
    const net = new Poller();
    const network = memory();
    const game = new Game(net.listen(network, serverCodec));
    const [left, right] = [net.connect(network, pageCodec), net.connect(network, pageCodec)];
    let nowMs = 0;
    const frame = (): void => {
      net.poll((nowMs += 100));
      game.tick(100);
      net.flush();
    };
    for (let i = 0; i < 3; i++) frame();
    left.trySend({ move: -1 });
    right.trySend({ move: 1 });
    for (let i = 0; i < 3; i++) frame();
    const view = left.tryRecvLatest();
    expect(view?.paddles.left).toBeLessThan(0.5);
    expect(view?.paddles.right).toBeGreaterThan(0.5);
    expect(right.tryRecvLatest()).toEqual(view);
  });

  test("gives the place of a player who left to the next one", () => {
    const net = new Poller();
    const network = memory();
    const game = new Game(net.listen(network, serverCodec));
    const pages = [1, 2, 3].map(() => net.connect(network, pageCodec));
    const frame = (nowMs: number): void => {
      net.poll(nowMs);
      game.tick(10);
      net.flush();
    };
    for (let i = 0; i < 3; i++) frame(i);
    const { left, right } = game.players;
    expect([left?.state, right?.state]).toEqual(["open", "open"]);
    pages[0]?.abort();
    for (let i = 3; i < 6; i++) frame(i);
    expect(game.players.right).toBe(right);
    expect(game.players.left?.state).toBe("open");
    expect(game.players.left).not.toBe(left);
  });
});
