/**
 * What goes wrong in an evening, a row each: the network, the machines, the people and
 * the programs. A new one is a row here.
 */
import type { Direction } from "../../src/index.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";
import type { Disturbance } from "./disturbance.ts";
import type { Evening } from "./evening.ts";
import { lineOf, randomOf } from "./plan.ts";
import { KEYS, type Player } from "./player.ts";
import { SESSION_DISTURBANCES } from "./session-disturbances.ts";
import type { SimulatedEnd } from "./simulated-end.ts";

/**
 * What goes wrong in the evening of that seed. Each has some of them only, so that those
 * that hide others are away in many.
 */
export function disturbancesOf(seed: number): (evening: Evening) => void {
  const random = randomOf(seed, 2);
  const some = DISTURBANCES.filter(() => random.next() < 0.5);
  const sessionRandom = randomOf(seed, 4);
  const someOfSessions = SESSION_DISTURBANCES.filter(() => sessionRandom.next() < 0.5);
  return (evening) => {
    if (random.next() < evening.plan.chance) playAny(some, evening, random);
    const hasSessions = evening.plan.sessions !== undefined;
    if (hasSessions && sessionRandom.next() < evening.plan.chance)
      playAny(someOfSessions, evening, sessionRandom);
  };
}

function playAny(some: readonly Disturbance[], evening: Evening, random: SeededRandom): void {
  if (some.length === 0) return;
  const one = random.pick(some);
  evening.digest.add(one.name);
  one.play(evening, random);
}

export const DISTURBANCES: readonly Disturbance[] = [
  {
    name: "a player's line is cut",
    play(evening, random) {
      const player = random.pick(evening.players);
      const { end } = player;
      if (random.next() < 0.5 && end?.connection.state === "open") {
        markCut([end]);
        player.line.cut(end.connection);
      } else {
        markCut(endsOf(evening, player));
        player.line.cut();
      }
    },
  },
  {
    name: "the server's cable is pulled",
    play(evening, random) {
      markCut(evening.ends);
      const isLine = evening.serverLines.length > 0 && random.next() < 0.5;
      for (const line of isLine ? evening.serverLines : [evening.wire]) line.cut();
    },
  },
  {
    name: "a player's line is a blackhole",
    play(evening, random) {
      const { line } = random.pick(evening.players);
      line.blackhole(random.pick(DIRECTIONS));
      evening.later(framesOf(random), () => line.heal());
    },
  },
  {
    name: "the server's line is a blackhole",
    play(evening, random) {
      const lines = evening.serverLines;
      const direction = random.pick(DIRECTIONS);
      for (const line of lines) line.blackhole(direction);
      evening.later(framesOf(random), () => {
        for (const line of lines) line.heal();
      });
    },
  },
  {
    name: "all wires are held, and let go byte by byte",
    play(evening, random) {
      evening.wire.hold();
      for (let count = random.between(1, 6); count > 0; count--) {
        const sizeBytes = random.pick([0, 1, 7, 100]);
        evening.later(count, () => evening.wire.release(sizeBytes));
      }
      evening.later(random.between(7, 20), () => evening.wire.release());
    },
  },
  {
    name: "a network changes",
    play(evening, random) {
      const conditions = lineOf(random);
      const player = random.pick(evening.players);
      for (const line of random.next() < 0.8 ? [player.line] : evening.serverLines) line.set(conditions);
    },
  },
  {
    name: "a frame is late",
    play: (evening, random) => void (evening.nowMs += random.pick([100, 1_000, 4_000, 20_000])),
  },
  {
    name: "a program stands still",
    play(evening, random) {
      const who = random.next() < 0.3 ? evening.server : random.pick(evening.players);
      who.stalledUntil = evening.frame + framesOf(random);
    },
  },
  {
    name: "a game takes no messages",
    play(evening, random) {
      const who = random.next() < 0.3 ? evening.server : random.pick(evening.players);
      who.deafUntil = evening.frame + framesOf(random);
    },
  },
  {
    name: "a queue is filled",
    play(evening, random) {
      const { end } = random.pick(evening.players);
      const which = random.next() < 0.5 ? end : (end?.peer as SimulatedEnd | undefined);
      const key = random.next() < 0.3 ? random.pick(KEYS) : undefined;
      const most = random.pick([20, 100, 300]);
      for (let count = 0; count < most && which?.send(key) === true; count++);
    },
  },
  {
    name: "the server is restarted",
    play(evening, random) {
      evening.server.restart(evening.frame + random.pick([1, 3, 40]), random.next() < 0.5);
    },
  },
  {
    name: "the listener is closed",
    play(evening, random) {
      evening.server.closeListener();
      evening.server.downUntil = evening.frame + random.pick([1, 3, 40]);
    },
  },
  {
    name: "a player leaves",
    play(evening, random) {
      const { end } = random.pick(evening.players);
      const how = random.pick(["close", "abort", "end"] as const);
      if (random.next() < 0.5) end?.send();
      end?.[how]();
      if (random.next() < 0.2) end?.[random.pick(["close", "abort", "end"] as const)]();
    },
  },
  {
    name: "a player's program ends",
    play(evening, random) {
      const player = random.pick(evening.players);
      player.quit(random.next() < 0.5, evening.frame + random.pick([1, 3, 40]));
    },
  },
  {
    name: "a phone goes into a tunnel, and its player leaves",
    play(evening, random) {
      const player = random.pick(evening.players);
      player.line.blackhole();
      player.quit(random.next() < 0.3, evening.frame + random.pick([1, 3, 40]));
      evening.later(framesOf(random), () => player.line.heal());
    },
  },
  {
    name: "the server sends somebody away",
    play(evening, random) {
      const end = random.pick(evening.players).end?.peer as SimulatedEnd | undefined;
      end?.[random.pick(["close", "abort", "end"] as const)]();
    },
  },
  {
    name: "messages are held back",
    play(evening, random) {
      const { end } = random.pick(evening.players);
      const which = random.next() < 0.5 ? end : (end?.peer as SimulatedEnd | undefined);
      which?.connection.hold();
      evening.later(framesOf(random), () => which?.connection.release());
    },
  },
  { name: "a signal is aborted", play: (evening) => evening.abortSignal() },
  {
    name: "a handler acts",
    play(evening, random) {
      const side = random.pick(evening.sides);
      side.armed.push((end) => evening.actOn(end as SimulatedEnd, random));
    },
  },
];

function markCut(ends: readonly SimulatedEnd[]): void {
  for (const end of ends) {
    end.noteCut();
    (end.peer as SimulatedEnd | undefined)?.noteCut();
  }
}

/** All that a player has ever opened: what it has given up may still be on its line. */
function endsOf(evening: Evening, player: Player): SimulatedEnd[] {
  return evening.ends.filter(({ owner }) => owner === player.number);
}

function framesOf(random: SeededRandom): number {
  return random.pick([1, 3, 10, 40, 150]);
}

const DIRECTIONS: readonly (Direction | undefined)[] = ["send", "receive", undefined];
