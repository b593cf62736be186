/**
 * One player of an evening: a poller of its own on a line of its own, and habits. Comes,
 * talks, listens, leaves, and comes again.
 */
import type { ConditionedTransport, Transport } from "../../src/index.ts";
import { Poller } from "../../src/index.ts";
import { closePoller, disposePoller } from "../fuzz/moves/pollers.ts";
import type { PollerSide } from "../fuzz/poller-side.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";
import { lineOf, randomOf } from "./plan.ts";
import type { SimulatedEnd } from "./simulated-end.ts";
import type { Caller, World } from "./world.ts";

/** What a player does when nothing is wrong. */
interface Habits {
  readonly sendChance: number;
  readonly mostAtOnce: number;
  readonly keyChance: number;
  readonly takeChance: number;
  readonly returnFrames: number;
  readonly latestChance: number;
}

/** One player. */
export class Player implements Caller {
  readonly number: number;
  readonly random: SeededRandom;
  readonly line: ConditionedTransport;
  readonly way: Transport;
  readonly hasSessions: boolean;
  side: PollerSide;
  /** Its present connection, or the last one. */
  end: SimulatedEnd | undefined;
  /** The frames until which it polls nothing, takes nothing, and does not come back. */
  stalledUntil = 0;
  deafUntil = 0;
  awayUntil = 0;
  /** The frames until which it says nothing. */
  quietUntil = 0;
  readonly #world: World;
  readonly #habits: Habits;

  constructor(world: World, ordinal: number) {
    this.#world = world;
    this.number = ordinal;
    const random = randomOf(world.plan.seed, 100 + ordinal);
    this.random = random;
    this.#habits = {
      sendChance: random.pick([0.05, 0.3, 1]),
      mostAtOnce: random.pick([1, 1, 4, 30]),
      keyChance: random.pick([0, 0, 0.3, 0.9]),
      takeChance: random.pick([1, 1, 0.5, 0.1]),
      returnFrames: random.pick([1, 5, 40]),
      latestChance: random.pick([0, 0, 0.1]),
    };
    const sessionRandom = randomOf(world.plan.seed, 10_000 + ordinal);
    this.hasSessions = sessionRandom.next() < (world.plan.sessions?.share ?? 0);
    this.line = world.lineFor(lineOf(random), random.between(1, 1_000_000), this.hasSessions);
    this.way = world.wayOver(this.line, this.hasSessions ? sessionRandom : undefined);
    this.side = this.newSide();
    this.awayUntil = random.pick([0, 0, random.between(1, 40)]);
  }

  newSide(): PollerSide {
    const { plan } = this.#world;
    return this.#world.addSide(new Poller({ ...plan.client, clock: this.#world.clock }), "near");
  }

  /** Its frame. */
  step(frame: number): void {
    if (this.side.state !== "in use") {
      if (frame < this.awayUntil) return;
      this.side = this.newSide();
      this.end = undefined;
    }
    if (frame < this.stalledUntil) return;
    this.#world.poll(this.side);
    const isOver = this.end === undefined || this.end.connection.state === "closed";
    if (isOver && frame >= this.awayUntil) this.#come(frame);
    if (frame >= this.quietUntil) this.talk();
    if (frame >= this.deafUntil) this.#take();
    this.side.poller.flush();
  }

  /** Sends what it sends in a frame. */
  talk(): void {
    const { end, random } = this;
    const { sendChance, mostAtOnce, keyChance } = this.#habits;
    if (end === undefined || random.next() > sendChance) return;
    for (let count = random.between(1, mostAtOnce); count > 0; count--) {
      end.send(random.next() < keyChance ? random.pick(KEYS) : undefined);
    }
  }

  /** Its program ends, in one way or the other, and is begun again some frames later. */
  quit(isOrderly: boolean, againAtFrame: number): void {
    if (this.side.state !== "in use") return;
    if (isOrderly) {
      closePoller(this.side);
      this.#world.leaving.push(this.side);
    } else disposePoller(this.side);
    this.awayUntil = againAtFrame;
  }

  #come(frame: number): void {
    this.awayUntil = frame + this.random.between(1, this.#habits.returnFrames);
    this.end = this.#world.connect(this);
    if (this.random.next() < 0.9) this.end.send();
  }

  #take(): void {
    const { end, random } = this;
    const { takeChance, latestChance } = this.#habits;
    if (end === undefined || end.discards || random.next() > takeChance) return;
    const { language } = this.#world.plan;
    if (language.keepsMessages && random.next() < latestChance) end.takeLatest(this.#world.parties);
    else end.take(random.pick([1, 10, Infinity]), this.#world.parties);
  }
}

export const KEYS = ["where", "what", "who"] as const;
