/**
 * Random draws that depend on where they are made, and on nothing that was drawn
 * before: a hash of the seed, the link, the direction, the effect and the place.
 *
 *     seed, link, direction ──▶ Draws ── effect, place ──▶ a number from 0 to 1
 *
 * So a link that is added, or an effect that is switched on, changes no other draw.
 * The hash is MurmurHash3's for 32 bits, which is public domain. Knows no time.
 */

/** What a draw is for. Each has draws of its own. */
export const EFFECT = {
  jitter: 1,
  loss: 2,
  pause: 3,
  stall: 4,
  duplicate: 5,
  reorder: 6,
  overtaking: 7,
} as const;

export type Effect = (typeof EFFECT)[keyof typeof EFFECT];

/** The draws of one direction of one link. */
export class Draws {
  readonly #hash: number;

  /** @param path what tells these draws from all others: whole numbers, beginning with the seed */
  constructor(...path: readonly number[]) {
    this.#hash = path.reduce((hash, value) => mixWhole(hash, value), 0);
  }

  /** Other draws, which `ordinal` tells from those of its like. */
  branch(ordinal: number): Draws {
    return new Draws(this.#hash >>> 0, ordinal);
  }

  /** A number from 0 up to, and without, 1; always the same for the same place. */
  uniform(effect: Effect, place: number, part: number = 0): number {
    const hash = mix(mixWhole(mix(this.#hash, effect), place), part);
    return (finished(hash) >>> 0) / 2 ** 32;
  }

  /** A number from 0 up with that mean, of an exponential distribution. */
  exponential(effect: Effect, place: number, mean: number): number {
    return -Math.log(1 - this.uniform(effect, place)) * mean;
  }
}

/** Mixes in a whole number of up to 53 bits. */
function mixWhole(hash: number, value: number): number {
  return mix(mix(hash, value | 0), Math.floor(value / 2 ** 32));
}

function mix(hash: number, value: number): number {
  const scrambled = Math.imul(rotated(Math.imul(value, 0xcc9e2d51), 15), 0x1b873593);
  return (Math.imul(rotated(hash ^ scrambled, 13), 5) + 0xe6546b64) | 0;
}

function finished(hash: number): number {
  let bits = hash ^ (hash >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

function rotated(bits: number, by: number): number {
  return (bits << by) | (bits >>> (32 - by));
}
