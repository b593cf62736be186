/** Moves of single ends, on either side: come, send, take, hold, leave. */
import { goodbyeOf } from "../goodbyes.ts";
import { ACTS, drawAct, KEYS, pickOf } from "./acts.ts";
import type { Move } from "./move.ts";

export const endMoves: readonly Move[] = [
  {
    name: "connect",
    weight: 4,
    play(game, random) {
      const side = pickOf(
        random,
        game.clients.filter(({ state }) => state === "in use"),
      );
      if (side !== undefined && game.playable.length < MOST_ENDS) game.connect(side, random);
    },
  },
  {
    name: "abort the signal",
    weight: 0.3,
    play(game) {
      game.signals.at(-1)?.abort(new Error("the game's reason"));
      game.signals.push(new AbortController());
    },
  },
  {
    name: "send",
    weight: 20,
    play(game, random) {
      const end = pickOf(random, game.playable);
      for (let count = random.between(1, 8); count > 0; count--) end?.send();
    },
  },
  {
    name: "send a lot",
    weight: 2,
    play(game, random) {
      const end = pickOf(random, game.playable);
      const most = random.pick([50, 200, 1_000]);
      for (let count = 0; count < most && end?.send() === true; count++);
    },
  },
  {
    name: "send with keys",
    weight: 8,
    play(game, random) {
      const end = pickOf(random, game.playable);
      for (let count = random.between(1, 12); count > 0; count--) {
        const key = random.next() < 0.85 ? random.pick(KEYS) : undefined;
        end?.send(key);
      }
    },
  },
  {
    name: "take some",
    weight: 10,
    play(game, random) {
      const most = random.between(1, 10);
      const end = pickOf(random, game.playable);
      if (end?.discards === false) end.take(most, game.parties);
    },
  },
  {
    name: "take all of one side",
    weight: 6,
    play(game, random) {
      const side = pickOf(random, game.sides);
      for (const end of side?.ends.values() ?? []) {
        if (end.isAccepted && !end.discards) end.take(Infinity, game.parties);
      }
    },
  },
  {
    name: "take the latest",
    weight: 2,
    play(game, random) {
      const end = pickOf(random, game.playable);
      if (end?.discards === false && game.rules.language.keepsMessages) end.takeLatest(game.parties);
    },
  },
  { name: "hold", weight: 1.5, play: (game, random) => pickOf(random, game.playable)?.connection.hold() },
  {
    name: "release",
    weight: 2.5,
    play: (game, random) => pickOf(random, game.playable)?.connection.release(),
  },
  {
    name: "close with a goodbye",
    weight: 1,
    play: (game, random) => pickOf(random, game.playable)?.close(goodbyeOf(random)),
  },
  { name: "close", weight: 1, play: (game, random) => pickOf(random, game.playable)?.close() },
  { name: "end", weight: 0.7, play: (game, random) => pickOf(random, game.playable)?.end() },
  { name: "abort", weight: 0.5, play: (game, random) => pickOf(random, game.playable)?.abort() },
  {
    name: "act",
    weight: 2,
    play(game, random) {
      const end = pickOf(random, game.playable);
      const act = drawAct(
        game,
        random,
        Object.keys(ACTS).filter((name) => name !== "throw"),
      );
      if (end !== undefined) act(end);
    },
  },
];

/** Enough for them to meet, few enough for a step to be cheap. */
const MOST_ENDS = 24;
