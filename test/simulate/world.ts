/**
 * What a player and the server of an evening ask of it. Apart from the evening, which has
 * both.
 */
import type { ConditionedTransport, Conditions, Frame, Poller, Transport } from "../../src/index.ts";
import type { Party, Side } from "../fuzz/party.ts";
import type { PollerSide } from "../fuzz/poller-side.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";
import type { Digest } from "./digest.ts";
import type { Plan } from "./plan.ts";
import type { SimulatedEnd } from "./simulated-end.ts";

/** An evening, for who plays in it. */
export interface World {
  readonly plan: Plan;
  readonly digest: Digest;
  readonly parties: ReadonlyMap<number, Party>;
  /** The ways on which its server listens: bare, and over sessions where the evening has them. */
  readonly serverTransports: readonly Transport[];
  /** Pollers that were closed, and are polled until all of theirs is over. */
  readonly leaving: PollerSide[];
  /** The clock of budgets: it goes on by each look, as a real one does. */
  readonly clock: () => number;
  addSide(poller: Poller, which: Side): PollerSide;
  /** A player's line on the network of this evening. */
  lineFor(conditions: Conditions, seed: number, hasSessions: boolean): ConditionedTransport;
  /** How a player connects over its line. */
  wayOver(line: ConditionedTransport, sessionRandom: SeededRandom | undefined): Transport;
  /** The next frame of one poller, and what must hold in it. */
  poll(side: PollerSide): Frame | undefined;
  /** A player connects. */
  connect(caller: Caller): SimulatedEnd;
  /** Does what a game may do to one of its connections, from anywhere. */
  actOn(end: SimulatedEnd, random: SeededRandom): void;
}

/** Who connects. */
export interface Caller {
  readonly number: number;
  readonly side: PollerSide;
  readonly line: ConditionedTransport;
  /** What it connects with: its line, or sessions over that. */
  readonly way: Transport;
  readonly hasSessions: boolean;
  readonly random: SeededRandom;
}
