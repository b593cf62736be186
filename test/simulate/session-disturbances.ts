/**
 * What goes wrong in evenings with sessions besides: lines that die at a bad moment, and
 * strangers. A new one is a row here.
 */
import type { SeededRandom } from "../soak/seeded-random.ts";
import type { Disturbance } from "./disturbance.ts";
import type { Evening } from "./evening.ts";
import type { Player } from "./player.ts";

export const SESSION_DISTURBANCES: readonly Disturbance[] = [
  {
    name: "a player's line dies five times in a row",
    play(evening, random) {
      const player = playerOf(evening, random);
      const apart = random.pick([1, 2, 5, 20]);
      for (let time = 0; time < 5; time++) evening.later(1 + time * apart, () => cut(evening, player));
    },
  },
  {
    name: "a line dies after a silence",
    play(evening, random) {
      const player = playerOf(evening, random);
      const frames = Math.ceil(random.pick([1_000, 10_000]) / evening.plan.tickMs);
      for (const one of [...evening.players, evening.server]) one.quietUntil = evening.frame + frames;
      evening.later(frames, () => cut(evening, player));
    },
  },
  {
    name: "a player is in a lift",
    play(evening, random) {
      const { line } = playerOf(evening, random);
      line.blackhole();
      evening.later(Math.ceil(random.pick([6_000, 15_000]) / evening.plan.tickMs), () => line.heal());
    },
  },
  {
    name: "a player changes its network, and its old line is never told",
    play(evening, random) {
      const player = playerOf(evening, random);
      const { end } = player;
      if (end?.connection.state !== "open" || !end.connection.linked) return;
      player.line.blackhole(undefined, end.connection);
    },
  },
  {
    name: "a player's line dies, and either end leaves meanwhile",
    play(evening, random) {
      const player = playerOf(evening, random);
      const near = player.end;
      const one = random.next() < 0.5 ? near : (near?.peer as typeof near);
      if (near?.connection.state !== "open" || !near.connection.linked || random.next() < 0.7)
        cut(evening, player);
      else player.line.blackhole(random.pick(["send", "receive"] as const), near.connection);
      const how = random.pick(["close", "close", "end", "abort"] as const);
      if (random.next() < 0.3) one?.send();
      evening.later(random.pick([1, 2, 5]), () => one?.[how]());
    },
  },
  {
    name: "the end of a stream is lost with its line, after a silence",
    play(evening, random) {
      const player = playerOf(evening, random);
      const frames = Math.ceil(1_000 / evening.plan.tickMs) + 1;
      for (const one of [...evening.players, evening.server]) one.quietUntil = evening.frame + frames + 5;
      const near = player.end;
      const one = random.next() < 0.5 ? near : (near?.peer as typeof near);
      evening.later(frames, () => one?.end());
      evening.later(frames + random.pick([0, 1, 2]), () => cut(evening, player));
    },
  },
  {
    name: "two lines say the same at once",
    play(evening, random) {
      evening.sessions.doubleNext();
      cut(evening, playerOf(evening, random));
    },
  },
  { name: "a line is said again", play: (evening, random) => evening.sessions.replay(random) },
  { name: "somebody guesses a token", play: (evening, random) => evening.sessions.guess(random) },
  {
    name: "somebody has stolen a token",
    play(evening, random) {
      const port = evening.sessions.steal(random);
      const robbed = port === undefined ? undefined : evening.endFrom(port);
      if (robbed !== undefined) evening.rob(robbed);
    },
  },
  {
    name: "somebody speaks no session",
    play(evening, random) {
      evening.sessions.babble(random);
    },
  },
];

function cut(evening: Evening, player: Player): void {
  for (const one of evening.ends) {
    if (one.owner !== player.number) continue;
    one.noteCut();
    (one.peer as typeof one | undefined)?.noteCut();
  }
  player.line.cut();
}

/** One who has sessions, if there is one. */
function playerOf({ players }: Evening, random: SeededRandom): Player {
  const some = players.filter(({ hasSessions }) => hasSessions);
  return random.pick(some.length > 0 ? some : players);
}
