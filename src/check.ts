/**
 * Checks of arguments, with the same errors everywhere: the name of the argument
 * first, a `TypeError` for a wrong type, a `RangeError` for a wrong value. Every
 * layer may use this file; it knows none of them.
 *
 * Options are checked by a table, one check for each: an option without a check
 * is a type error, and an option that is in no table throws.
 */

/** Throws when `value`, which is given, is not valid; `name` is the argument's, for the message. */
export type Check = (name: string, value: unknown) => unknown;

/** A check for every option of `Options`. */
export type Checks<Options> = { readonly [Name in keyof Required<Options>]: Check };

/**
 * Checks that `options` is an object of options that `checks` knows, each valid. An
 * option that is `undefined` counts as not given.
 *
 * @param prefix the name of `options` itself, where it is part of other options
 * @throws TypeError when it is no object, or has an option that `checks` does not know
 * @throws whatever the check of an option throws
 */
export function checkOptions<Options>(options: unknown, checks: Checks<Options>, prefix?: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`${prefix ?? "options"}: expected an object, got ${kindOf(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const fullName = prefix === undefined ? name : `${prefix}.${name}`;
    if (!Object.hasOwn(checks, name)) {
      throw new TypeError(
        `${fullName}: there is no such option; ${suggestionFor(name, Object.keys(checks))}`,
      );
    }
    if (value !== undefined) checks[name as keyof Options](fullName, value);
  }
}

/** A check that the value is `true` or `false`. */
export function isBoolean(name: string, value: unknown): void {
  if (typeof value !== "boolean")
    throw new TypeError(`${name}: expected true or false, got ${kindOf(value)}`);
}

/** A check that the value is a function. */
export function isFunction(name: string, value: unknown): void {
  if (typeof value !== "function") throw new TypeError(`${name}: expected a function, got ${kindOf(value)}`);
}

/** A check that the value is a string of at least one character, and without a NUL, at which the system would cut it. */
export function isText(name: string, value: unknown): void {
  if (typeof value !== "string") throw new TypeError(`${name}: expected a string, got ${kindOf(value)}`);
  if (value === "") throw new RangeError(`${name}: expected a string, got an empty one`);
  if (value.includes("\0"))
    throw new RangeError(`${name}: expected a string without NUL, got ${JSON.stringify(value)}`);
}

/** A check that the value is a port, 0 included. */
export function isPort(name: string, value: unknown): void {
  wholeNumber(name, value, 0, 65_535);
}

/** A check that the value is an AbortSignal. */
export function isAbortSignal(name: string, value: unknown): void {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  if (typeof aborted !== "boolean" || typeof addEventListener !== "function") {
    throw new TypeError(`${name}: expected an AbortSignal, got ${kindOf(value)}`);
  }
}

/** A check that the value is an object of options, by {@link checkOptions}. */
export function areOptions<Options>(checks: Checks<Options>): Check {
  return (name, value) => checkOptions(value, checks, name);
}

/** A check by {@link wholeNumber}. */
export function isWholeNumber(least: number, most?: number): Check {
  return (name, value) => wholeNumber(name, value, least, most);
}

/** A check by {@link limit}. */
export function isLimit(least: number): Check {
  return (name, value) => limit(name, value, least);
}

/** A check by {@link oneOf}. */
export function isOneOf(choices: readonly string[]): Check {
  return (name, value) => oneOf(name, value, choices);
}

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
export function limit(name: string, value: unknown, least: number): number {
  return value === Infinity ? value : wholeNumber(name, value, least);
}

/** Returns `value` if it is a number, and neither NaN nor infinite. */
export function finiteNumber(name: string, value: unknown): number {
  number(name, value);
  if (!Number.isFinite(value)) throw new RangeError(`${name}: expected a finite number, got ${value}`);
  return value;
}

/** Returns `value` if it is a duration in milliseconds, from 0 up; fractions and `Infinity` are allowed. */
export function milliseconds(name: string, value: unknown): number {
  number(name, value);
  if (!(value >= 0)) throw new RangeError(`${name}: expected milliseconds from 0 up, got ${value}`);
  return value;
}

/**
 * Returns `value` if it is a time limit in milliseconds, above 0; fractions are allowed, and
 * `Infinity`, which means no limit. 0 is refused, as in every limit: it could mean either.
 */
export function deadline(name: string, value: unknown): number {
  number(name, value);
  if (!(value > 0)) {
    throw new RangeError(`${name}: expected milliseconds above 0, or Infinity for no limit, got ${value}`);
  }
  return value;
}

/** Returns `value` if it is a rate above 0; fractions and `Infinity` are allowed. */
export function rate(name: string, value: unknown): number {
  number(name, value);
  if (!(value > 0)) throw new RangeError(`${name}: expected a number above 0, got ${value}`);
  return value;
}

/** Returns `value` if it is one of `choices`; throws a `TypeError` otherwise. */
export function oneOf<Choice extends string>(
  name: string,
  value: unknown,
  choices: readonly Choice[],
): Choice {
  if ((choices as readonly unknown[]).includes(value)) return value as Choice;
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

/**
 * Which of `names` was meant by `name`, in words: the one that takes the fewest edits,
 * or all of them when none is near. Upper and lower case are the same.
 */
export function suggestionFor(name: string, names: readonly string[]): string {
  let nearest = "";
  let fewest = Infinity;
  for (const candidate of names) {
    const edits = editsBetween(name.toLowerCase(), candidate.toLowerCase());
    if (edits >= fewest) continue;
    fewest = edits;
    nearest = candidate;
  }
  const isNear = fewest <= Math.max(name.length, nearest.length) / 2;
  return isNear ? `the nearest one is ${nearest}` : `known are ${names.join(", ")}`;
}

/** The Levenshtein distance of two words: how many letters are put in, left out or replaced. */
function editsBetween(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const own = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      own.push(Math.min(replaced, (above[column] ?? 0) + 1, (own[column - 1] ?? 0) + 1));
    }
    above = own;
  }
  return above[to.length] ?? 0;
}
