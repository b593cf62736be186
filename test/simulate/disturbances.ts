/**
 * What goes wrong in an evening, a row each: the network, the machines, the people and
 * the programs. A new one is a row here.
 */
import type { Direction } from "../../src/index.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";
import type { Evening } from "./evening.ts";
import { lineOf, randomOf } from "./plan.ts";
import { KEYS, type Player } from "./player.ts";
import type { SimulatedEnd } from "./simulated-end.ts";

/** One thing that goes wrong. */
export interface Disturbance {
  readonly name: string;
  readonly play: (evening: Evening, random: SeededRandom) => void;
}

/**
 * What goes wrong in the evening of that seed. Each has some of them only, so that those
 * that hide others are away in many.
 */
export function disturbancesOf(seed: number): (evening: Evening) => void {
  const random = randomOf(seed, 2);
  const some = DISTURBANCES.filter(() => random.next() < 0.5);
  return (evening) => {
    if (some.length === 0 || random.next() >= evening.plan.chance) return;
    const one = random.pick(some);
    evening.digest.add(one.name);
    one.play(evening, random);
  };
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
      if (evening.serverLine !== undefined && random.next() < 0.5) evening.serverLine.cut();
      else evening.wire.cut();
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
      const line = evening.serverLine;
      const direction = random.pick(DIRECTIONS);
      line?.blackhole(direction);
      evening.later(framesOf(random), () => line?.heal());
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
      (random.next() < 0.8 ? player.line : evening.serverLine)?.set(conditions);
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
    end.isCut = true;
    if (end.peer !== undefined) (end.peer as SimulatedEnd).isCut = true;
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
