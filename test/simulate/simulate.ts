/**
 * Plays evenings one after the other, each from its seed alone, until one fails.
 */
import { disturbancesOf } from "./disturbances.ts";
import { Evening, type EveningOptions } from "./evening.ts";
import { finish } from "./finish.ts";
import { planOf } from "./plan.ts";

/** How an evening went. */
export interface Outcome {
  readonly seed: number;
  readonly frames: number;
  readonly polls: number;
  readonly messages: number;
  /** The same for two runs of one seed in which the same was visible. */
  readonly hash: string;
  readonly failure: { readonly frame: number; readonly error: unknown } | undefined;
}

/** Plays the evening of that seed; its server's side into `recording`, where one is given. */
export function simulate(
  seed: number,
  options: EveningOptions & { frames?: number | undefined } = {},
): Outcome {
  const plan = planOf(seed, options.frames);
  const evening = new Evening(plan, options);
  const disturb = disturbancesOf(seed);
  let failure: Outcome["failure"];
  try {
    while (evening.frame < plan.frames) {
      evening.step();
      disturb(evening);
    }
    // Before the end, as what ends all of it is no part of the game.
    options.recording?.close();
    finish(evening);
  } catch (error) {
    failure = { frame: evening.frame, error };
    evening.digest.add("failed", evening.frame, String(error));
    options.recording?.close();
    for (const { poller } of evening.sides) poller[Symbol.dispose]();
  }
  const { digest, frame, sides } = evening;
  const sum = (name: "polls" | "receivedMessages"): number =>
    sides.reduce((count, { poller }) => count + poller.stats[name], 0);
  const [polls, messages] = [sum("polls"), sum("receivedMessages")];
  return { seed, frames: frame, polls, messages, hash: digest.finish(), failure };
}
