/** The game on the server: who plays, and one tick of it. Knows no socket, so a test plays it in memory. */
import type { Connection, Listener } from "tickwire";
import type { Input, View } from "./messages.ts";
import { type Move, newPong, type Pong, type Side, step } from "./pong.ts";

type Player = Connection<Input, View>;

export class Game {
  readonly pong: Pong = newPong();
  /** The first two who come; the others watch, and move up. */
  readonly players: Record<Side, Player | undefined> = { left: undefined, right: undefined };
  readonly #moves: Record<Side, Move> = { left: 0, right: 0 };
  readonly #server: Listener<Input, View>;

  constructor(server: Listener<Input, View>) {
    this.#server = server;
  }

  /** One tick, between `poll()` and `flush()`. */
  tick(dtMs: number): void {
    while (this.#server.tryAccept() !== undefined);
    this.#server.drain((player, { move }) => {
      const side = this.#sideOf(player);
      if (side !== undefined) this.#moves[side] = move;
    });
    this.#seat();
    if (this.players.left !== undefined && this.players.right !== undefined) {
      step(this.pong, dtMs / 1_000, this.#moves);
    }
    const { ball, paddles, score } = this.pong;
    this.#server.broadcast({ ball: [ball.x, ball.y], paddles, score });
  }

  #sideOf(player: Player): Side | undefined {
    if (player === this.players.left) return "left";
    return player === this.players.right ? "right" : undefined;
  }

  /** Frees the places of those who left, and gives them to who waits longest. */
  #seat(): void {
    for (const side of ["left", "right"] as const) {
      if (this.players[side]?.state === "open") continue;
      this.#moves[side] = 0;
      this.players[side] = undefined;
      for (const player of this.#server.connections) {
        if (player.state !== "open" || this.#sideOf(player) !== undefined) continue;
        this.players[side] = player;
        break;
      }
    }
  }
}
