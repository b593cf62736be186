/** Moves that make frames pass: polls, flushes, turns of the event loop, waits. */
import { waitForActivity } from "../../../src/index.ts";
import { must } from "../fault.ts";
import type { Game } from "../game.ts";
import { visibleOf } from "../visible.ts";
import { drawAct, pickOf } from "./acts.ts";
import type { Move } from "./move.ts";

export const frameMoves: readonly Move[] = [
  {
    name: "poll one",
    weight: 14,
    play: (game, random) => pickOf(random, game.sides)?.poll(random.between(0, 20)),
  },
  {
    name: "poll all",
    weight: 14,
    play(game, random) {
      const passMs = random.between(0, 20);
      for (const side of game.sides) side.poll(passMs);
    },
  },
  {
    name: "poll after a while",
    weight: 1,
    play: (game, random) => pickOf(random, game.sides)?.poll(random.pick([100, 500, 1_500, 6_000])),
  },
  { name: "flush", weight: 5, play: (game, random) => pickOf(random, game.sides)?.poller.flush() },
  {
    name: "poll, act, flush",
    weight: 4,
    play(game, random) {
      const side = pickOf(random, game.sides);
      side?.poll(random.between(0, 20));
      const end = pickOf(random, game.playable);
      const act = drawAct(game, random, QUIET);
      if (end !== undefined) act(end);
      side?.poller.flush();
    },
  },
  {
    name: "arm a handler",
    weight: 3,
    play: (game, random) => void pickOf(random, game.sides)?.armed.push(drawAct(game, random)),
  },
  { name: "yield", weight: 12, play: (game, random) => yieldTurns(game, random.between(1, 4)) },
  {
    name: "wait for activity",
    weight: 1,
    async play(game, random) {
      const side = pickOf(random, game.sides);
      const signal = random.next() < 0.5 ? game.signals.at(-1)?.signal : undefined;
      const timeoutMs = random.between(0, 5);
      if (side?.state === "in use")
        await standingStill(game, () => waitForActivity(side.poller as never, timeoutMs, signal));
    },
  },
];

const QUIET = [
  "close",
  "abort",
  "end",
  "end, then close",
  "close, then abort",
  "send, then close",
  "send, flush, close",
];

/** Lets the network do something. */
export async function yieldTurns(game: Game, turns: number): Promise<void> {
  await standingStill(game, async () => {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  });
}

/** Waits for `wait`, and looks that no frame moves meanwhile. */
async function standingStill(game: Game, wait: () => Promise<unknown>): Promise<void> {
  const isDisposing = () => game.sides.some(({ state }) => state === "disposing"); // it polls by itself
  const [before, wasDisposing] = [visibleOf(game), isDisposing()];
  await wait();
  if (wasDisposing || isDisposing()) return;
  const now = visibleOf(game);
  for (const [whose, seen] of before) {
    const later = now.get(whose);
    must(later === seen, () => `${whose} changed between two polls, from ${seen} to ${later}`);
  }
}
