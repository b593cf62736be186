/**
 * The caller's mistakes, said the same way everywhere: the argument named
 * first, a `TypeError` for the wrong kind, a `RangeError` for the wrong value.
 * A leaf: every layer may use it, it knows none of them.
 */

/** Answers `value` when it is a whole number from `least` to `most`; throws otherwise. */
export function wholeNumber(
  name: string,
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  number(name, value);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name}: expected a whole number from ${least} to ${most}, got ${value}`);
  }
  return value;
}

/** Like {@link wholeNumber}, where `Infinity` is the word for "no limit". */
export function limit(name: string, value: number, least: number): number {
  return value === Infinity ? value : wholeNumber(name, value, least);
}

/** Answers `value` when it is a length of time in milliseconds, fractions and `Infinity` included. */
export function milliseconds(name: string, value: number): number {
  number(name, value);
  if (!(value >= 0)) throw new RangeError(`${name}: expected milliseconds from 0 up, got ${value}`);
  return value;
}

/** Answers `value` when it is a rate above 0, fractions and `Infinity` included. */
export function rate(name: string, value: number): number {
  number(name, value);
  if (!(value > 0)) throw new RangeError(`${name}: expected a number above 0, got ${value}`);
  return value;
}

/** Answers `value` when it is one of `choices`. */
export function oneOf<Choice extends string>(
  name: string,
  value: Choice,
  choices: readonly Choice[],
): Choice {
  if (choices.includes(value)) return value;
  throw new TypeError(`${name}: expected one of ${choices.join(", ")}, got ${JSON.stringify(value)}`);
}

/** A word for what `value` is, for messages to people. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : typeof value;
}

function number(name: string, value: unknown): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${name}: expected a number, got ${kindOf(value)}`);
}
