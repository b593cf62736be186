/**
 * Values to JSON text. JSON writes NaN as null, a map as {} and a function as
 * nothing at all; such a value is refused here, at the call, with the path to it,
 * as the other side could only wonder at what arrives.
 *
 * Two ways lead to the same text. Plain data is looked through by a walk that is
 * quick and gives up at anything unusual. Whatever it gives up on, values with
 * `toJSON` among them, is looked at by a replacer, which is slow and exact.
 */
import { escaped } from "./escaped.ts";

/**
 * The JSON of `message`.
 *
 * @throws TypeError when it contains what JSON cannot carry, or itself
 * @throws RangeError when it has more than `maxDepth` levels
 * @throws whatever a getter or a `toJSON` of the caller throws
 */
export function jsonOf(message: unknown, maxDepth: number): string {
  if (isPlainData(message, maxDepth)) return JSON.stringify(message);
  const writer = new CheckedWriter(maxDepth);
  return JSON.stringify(message, function (this: object, key, value: unknown) {
    return writer.checked(this, key, value);
  });
}

/** Whether JSON carries `value` as it is. May say no to unusual values that it does carry. */
function isPlainData(value: unknown, levels: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return value - value === 0; // false for NaN and the infinities
    case "object":
      return value === null || (levels > 0 && isPlainObject(value, levels - 1));
    default:
      return false;
  }
}

/** The same for an object whose contents have `levels` levels left. */
function isPlainObject(value: object, levels: number): boolean {
  if ((value as { toJSON?: unknown }).toJSON !== undefined) return false;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      if (typeof item === "number" ? item - item !== 0 : !isPlainData(item, levels)) return false;
    }
    return true;
  }
  if (!isPlain(value) && (tagOf(value) !== "Object" || !hasFields(value))) return false;
  for (const name of Object.keys(value)) {
    const field = (value as Record<string, unknown>)[name];
    if (field !== undefined && !isPlainData(field, levels)) return false;
  }
  return true;
}

/** Looks at each value that JSON.stringify is about to write. */
class CheckedWriter {
  readonly #maxDepth: number;
  /** The objects around the value that is looked at, from the outermost. */
  readonly #holders: object[] = [];
  /** For each of them, its key in the one before. */
  readonly #keys: string[] = [];

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  /** Returns `value`, which is `holder[key]`, or what its `toJSON` gave. */
  checked(holder: object, key: string, value: unknown): unknown {
    this.#enter(holder);
    if (ArrayBuffer.isView(Object.getOwnPropertyDescriptor(holder, key)?.value)) {
      throw this.#refusal(key, "bytes"); // a Buffer has a toJSON, which nobody reads again
    }
    const problem = problemOf(value);
    if (problem === "undefined" && this.#holders.length > 1 && !Array.isArray(holder)) return undefined;
    if (problem !== undefined) throw this.#refusal(key, problem);
    if (typeof value === "object" && value !== null) this.#push(value, key);
    return value;
  }

  /** Leaves the objects that are written, up to `holder`. */
  #enter(holder: object): void {
    if (this.#holders.length === 0) this.#holders.push(holder); // JSON's own, around the message
    while (this.#holders.at(-1) !== holder) {
      this.#holders.pop();
      this.#keys.pop();
    }
  }

  #push(value: object, key: string): void {
    if (this.#holders.includes(value)) throw this.#refusal(key, "a value inside itself");
    if (this.#holders.length > this.#maxDepth) {
      throw new RangeError(`message: expected at most ${this.#maxDepth} levels of arrays and objects`);
    }
    this.#holders.push(value);
    this.#keys.push(key);
  }

  #refusal(key: string, problem: string): TypeError {
    const steps = [...this.#keys, key].slice(1);
    const path = steps.map((step, index) => stepOf(this.#holders[index + 1], step)).join("");
    return new TypeError(`message${bounded(path)}: JSON cannot carry ${problem}`);
  }
}

/** What is wrong with a value, in words; `undefined` when JSON carries it. */
function problemOf(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : String(value);
    case "object":
      return value === null ? undefined : problemOfObject(value);
    case "undefined":
      return "undefined";
    default:
      return `a ${typeof value}`;
  }
}

function problemOfObject(value: object): string | undefined {
  if (Array.isArray(value) || isPlain(value)) return undefined;
  const tag = tagOf(value);
  if (tag === "Number") return problemOf(Number(value));
  if (tag === "String" || tag === "Boolean") return undefined;
  if (NEVER_CARRIED.has(tag)) return `${/^[AEIOU]/.test(tag) ? "an" : "a"} ${tag}`;
  return hasFields(value) ? undefined : "an object of a class, as it has no fields of its own";
}

/** Whether `value` is an object as literals make them, in whichever realm, or has no prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The name of a built-in class; `Object` for most others. */
function tagOf(value: object): string {
  const text: string = Object.prototype.toString.call(value); // such as "[object Map]"
  return text.substring("[object ".length, text.length - 1);
}

function hasFields(value: object): boolean {
  return Object.keys(value).length > 0;
}

/** One step of a path: `.x`, `[3]` or `["a b"]`. */
function stepOf(holder: object | undefined, key: string): string {
  if (Array.isArray(holder)) return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(escaped(key, 40))}]`;
}

/** The beginning and the end of a long path. */
function bounded(path: string): string {
  return path.length <= 200 ? path : `${path.substring(0, 100)}…${path.substring(path.length - 100)}`;
}

/** Built-in classes whose contents JSON does not see, whatever fields they have besides. */
const NEVER_CARRIED: ReadonlySet<string> = new Set(
  "ArrayBuffer SharedArrayBuffer BigInt Error Map Promise RegExp Set Symbol WeakMap WeakRef WeakSet".split(
    " ",
  ),
);
