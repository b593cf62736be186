/** Moves that close or dispose whole pollers in the middle of a game. Clients are replaced; the server is not. */
import type { Game } from "../game.ts";
import { mustBeDeliberate, type PollerSide } from "../poller-side.ts";
import { pickOf } from "./acts.ts";
import type { Move } from "./move.ts";

export const pollerMoves: readonly Move[] = [
  {
    name: "close a client's poller",
    weight: 0.2,
    play: (game, random) => replace(game, random, closePoller),
  },
  {
    name: "dispose a client's poller",
    weight: 0.2,
    play: (game, random) => replace(game, random, disposePoller),
  },
  {
    name: "dispose a client's poller, awaited",
    weight: 0.2,
    play: (game, random) => replace(game, random, (side) => disposeAwaited(game, side)),
  },
];

function replace(game: Game, random: Parameters<Move["play"]>[1], stop: (side: PollerSide) => void): void {
  const side = pickOf(
    random,
    game.clients.filter(({ state }) => state === "in use"),
  );
  if (side === undefined || game.clients.length > MOST_CLIENTS) return;
  stop(side);
  game.addClient(random);
}

export function closePoller(side: PollerSide): void {
  for (const end of side.ends.values()) end.noteClosed(false);
  side.state = "closed";
  side.poller.close();
}

export function disposePoller(side: PollerSide): void {
  for (const end of side.ends.values()) if (end.connection.state !== "closed") end.noteClosed(true);
  side.state = "disposed";
  side.poller[Symbol.dispose]();
}

/** It polls by itself meanwhile. */
export function disposeAwaited(game: Game, side: PollerSide): void {
  for (const end of side.ends.values()) end.noteClosed(false);
  side.state = "disposing";
  game.pending.push(
    side.poller[Symbol.asyncDispose]()
      .catch(mustBeDeliberate) // the first error of a handler is the dispose's
      .finally(() => {
        side.state = "closed";
      }),
  );
}

const MOST_CLIENTS = 8;
