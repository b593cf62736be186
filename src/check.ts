/**
 * Checks of arguments, with the same errors everywhere: the name of the argument
 * first, a `TypeError` for a wrong type, a `RangeError` for a wrong value. Every
 * layer may use this file; it knows none of them.
 */

/** Returns `value` if it is a whole number from `least` to `most`; throws otherwise. */
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

/** Like {@link wholeNumber}, but allows `Infinity`, which means no limit. */
export function limit(name: string, value: number, least: number): number {
  return value === Infinity ? value : wholeNumber(name, value, least);
}

/** Returns `value` if it is a duration in milliseconds, from 0 up; fractions and `Infinity` are allowed. */
export function milliseconds(name: string, value: number): number {
  number(name, value);
  if (!(value >= 0)) throw new RangeError(`${name}: expected milliseconds from 0 up, got ${value}`);
  return value;
}

/** Returns `value` if it is a rate above 0; fractions and `Infinity` are allowed. */
export function rate(name: string, value: number): number {
  number(name, value);
  if (!(value > 0)) throw new RangeError(`${name}: expected a number above 0, got ${value}`);
  return value;
}

/** Returns `value` if it is one of `choices`; throws a `TypeError` otherwise. */
export function oneOf<Choice extends string>(
  name: string,
  value: Choice,
  choices: readonly Choice[],
): Choice {
  if (choices.includes(value)) return value;
  throw new TypeError(`${name}: expected one of ${choices.join(", ")}, got ${JSON.stringify(value)}`);
}

/** The type of `value` in words, for error messages. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : typeof value;
}

function number(name: string, value: unknown): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${name}: expected a number, got ${kindOf(value)}`);
}
