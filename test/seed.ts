/**
 * Where randomness begins. The usual run has a fixed seed, so that it says the
 * same twice; the long form (`TICKWIRE_LONG=1`) begins somewhere else each time.
 * `TICKWIRE_SEED` plays a run again that printed its seed.
 */

/** Whether to take the time for many more cases. */
export const isLong: boolean = process.env.TICKWIRE_LONG === "1";

/** A whole number. Whoever uses it prints it. */
export const SEED: number = Number(
  process.env.TICKWIRE_SEED ?? (isLong ? Date.now() % 1_000_000_000 : 14_900),
);
