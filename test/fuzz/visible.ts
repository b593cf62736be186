/**
 * All that a game sees of a frame by looking: it changes in polls and in calls of the
 * game, and by nothing else. What is new in the interface is a name here.
 */
import { inspect } from "node:util";
import type { Game } from "./game.ts";
import type { PollerSide } from "./poller-side.ts";

/** What is visible now, by whose it is. */
export function visibleOf(game: Game): Map<string, string> {
  const seen = new Map<string, string>();
  for (const [index, side] of game.sides.entries()) seen.set(`the poller ${index}`, ofPoller(side));
  for (const { connection, number } of game.ends) seen.set(`end ${number}`, textOf(connection, CONNECTION));
  for (const [index, { listener }] of game.spots.entries()) {
    const members = [...listener.connections].map(({ id }) => id);
    seen.set(`listener ${index}`, `${textOf(listener, LISTENER)} of ${members}`);
  }
  return seen;
}

function ofPoller({ poller }: PollerSide): string {
  return `${JSON.stringify(poller.stats)} with ${poller.ready.map(({ id }) => id)} ready`;
}

export function textOf<Of extends object>(whole: Of, names: readonly (keyof Of)[]): string {
  return names
    .map((name) => [name, whole[name]])
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${String(name)} ${inspect(value, { depth: 3, breakLength: Infinity })}`)
    .join(", ");
}

export const CONNECTION = [
  "state",
  "closeReason",
  "localAddress",
  "remoteAddress",
  "failedAttempts",
  "security",
  "protocol",
  "request",
  "linked",
  "downMs",
  "rttMs",
  "jitterMs",
  "frameRttMs",
  "clock",
  "recvEnded",
  "pendingBytes",
  "stats",
] as const;
export const LISTENER = ["state", "address", "closeReason", "stats"] as const;
