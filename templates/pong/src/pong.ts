/** The rules: pure, so that they are tested without a network. The field is 1 wide and 1 high, with 0, 0 at the top left. */

export type Side = "left" | "right";
/** Up, not at all, or down. */
export type Move = -1 | 0 | 1;

export interface Pong {
  readonly ball: { x: number; y: number; vx: number; vy: number };
  /** The middle of each paddle. */
  readonly paddles: Record<Side, number>;
  readonly score: Record<Side, number>;
}

export const PADDLE_HEIGHT = 0.2;
export const BALL_SIZE = 0.02;
const PADDLE_SPEED = 0.9;
const BALL_SPEED = 0.5;

export function newPong(): Pong {
  return {
    ball: { x: 0.5, y: 0.5, vx: BALL_SPEED, vy: BALL_SPEED / 2 },
    paddles: { left: 0.5, right: 0.5 },
    score: { left: 0, right: 0 },
  };
}

/** The game, `dtS` seconds later. */
export function step({ ball, paddles, score }: Pong, dtS: number, moves: Readonly<Record<Side, Move>>): void {
  for (const side of ["left", "right"] as const) {
    const wanted = paddles[side] + moves[side] * PADDLE_SPEED * dtS;
    paddles[side] = Math.min(1 - PADDLE_HEIGHT / 2, Math.max(PADDLE_HEIGHT / 2, wanted));
  }
  ball.x += ball.vx * dtS;
  ball.y += ball.vy * dtS;
  if (ball.y < 0 || ball.y > 1) {
    ball.y = Math.min(1, Math.max(0, ball.y));
    ball.vy = -ball.vy;
  }
  if (ball.x >= 0 && ball.x <= 1) return;
  const side = ball.x < 0 ? "left" : "right";
  if (Math.abs(ball.y - paddles[side]) <= PADDLE_HEIGHT / 2) {
    ball.x = side === "left" ? 0 : 1;
    ball.vx = -ball.vx * 1.05; // a little faster each time
    ball.vy = ((ball.y - paddles[side]) / PADDLE_HEIGHT) * 2 * BALL_SPEED;
    return;
  }
  score[side === "left" ? "right" : "left"]++;
  Object.assign(ball, { x: 0.5, y: 0.5, vx: side === "left" ? BALL_SPEED : -BALL_SPEED });
}
