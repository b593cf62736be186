/**
 * What can be done to one end from anywhere: between frames, in a handler, in a
 * visitor of `drain`, in an accepting loop. A new act is a line here.
 */
import type { Goodbye } from "../../../src/index.ts";
import type { SeededRandom } from "../../soak/seeded-random.ts";
import type { ConnectionEnd } from "../connection-end.ts";
import type { Game } from "../game.ts";
import { goodbyeOf } from "../goodbyes.ts";
import { type Act, Deliberate } from "../poller-side.ts";
import { closeListener } from "./listeners.ts";

type Doing = (game: Game, end: ConnectionEnd, random: SeededRandom) => void;

export const ACTS: Readonly<Record<string, Doing>> = {
  close: (_, end) => end.close(),
  "close with a goodbye": (_, end, random) => end.close(goodbyeOf(random)),
  "send, then close with a goodbye": (_, end, random) => {
    end.send();
    end.close(goodbyeOf(random));
  },
  abort: (_, end) => end.abort(),
  end: (_, end) => end.end(),
  "end, then close": (_, end) => {
    end.end();
    end.close();
  },
  "close, then abort": (_, end) => {
    end.close();
    end.abort();
  },
  "flush, close, flush, abort": (game, end) => {
    flushOf(game, end);
    end.close();
    flushOf(game, end);
    end.abort();
  },
  send: (_, end) => void end.send(),
  "send a lot": (_, end, random) => {
    for (let count = random.between(1, 60); count > 0; count--) end.send();
  },
  "send, then close": (_, end) => {
    end.send();
    end.close();
  },
  "send, flush, close": (game, end) => {
    end.send();
    flushOf(game, end);
    end.close();
  },
  "send the newest": (_, end, random) => void end.send(random.pick(KEYS)),
  hold: (_, end) => end.connection.hold(),
  release: (_, end) => end.connection.release(),
  "take one": (game, end) => void (end.discards || end.take(1, game.parties)),
  flush: (game, end) => flushOf(game, end),
  broadcast: (game, end, random) => broadcast(game, end, random),
  "close another": (game, _, random) => void pickOf(random, game.playable)?.close(),
  "abort another": (game, _, random) => void pickOf(random, game.playable)?.abort(),
  "close the listener": (game, _, random) => {
    const spot = pickOf(random, game.openSpots);
    if (spot !== undefined && random.next() < 0.2) closeListener(game, spot, mayBe(random));
  },
  throw() {
    throw new Deliberate("the game throws");
  },
};

/** An act that is drawn now, and done later, with chance of its own. */
export function drawAct(game: Game, random: SeededRandom, names: readonly string[] = Object.keys(ACTS)): Act {
  const name = random.pick(names);
  const later = random.between(0, 1_000_000_000) + random.between(0, 1_000);
  game.note(`      armed: ${name}`);
  return (end) => ACTS[name]?.(game, end, new (random.constructor as typeof SeededRandom)(later));
}

/** Now and then a goodbye. */
export function mayBe(random: SeededRandom): Goodbye | undefined {
  return random.next() < 0.4 ? goodbyeOf(random) : undefined;
}

export function flushOf(game: Game, end: ConnectionEnd): void {
  game.sides.find(({ ends }) => [...ends.values()].includes(end))?.poller.flush();
}

export function broadcast(game: Game, end: ConnectionEnd | undefined, random: SeededRandom): void {
  const spot = pickOf(random, game.spots);
  if (spot === undefined) return;
  const except = end?.side === "far" && random.next() < 0.5 ? end : undefined;
  game.broadcast(spot, random.next() < 0.4 ? random.pick(KEYS) : undefined, except);
}

/** One of these; `undefined` where there are none. */
export function pickOf<One>(random: SeededRandom, all: readonly One[]): One | undefined {
  const at = random.next(); // drawn in any case
  return all[Math.floor(at * all.length)];
}

export const KEYS = ["where", "what", "who"] as const;
