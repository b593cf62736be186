/**
 * What a game throws when tickwire breaks a promise. Everything else that is
 * thrown in a game is a fault of the fuzzer or of tickwire as well, and is reported
 * by its stack.
 */

/** A broken promise, in one sentence with what was expected. */
export class Fault extends Error {
  override readonly name = "Fault";
}

/** Throws a fault unless `holds`. */
export function must(holds: boolean, sentence: () => string): asserts holds {
  if (!holds) throw new Fault(sentence());
}
