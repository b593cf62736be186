/**
 * The guard of a replay: names what a frame of the game asks that is in no recording, by
 * throwing where it asks.
 */

/** Gives `times` on, and lets nobody ask for chance or the date between two of them. */
export function* withoutChance(times: Iterable<number>): Generator<number, void, undefined> {
  for (const nowMs of times) {
    const restore = forbid();
    try {
      yield nowMs;
    } finally {
      restore();
    }
  }
}

/** Returns a function that allows it again. */
function forbid(): () => void {
  const { random } = Math;
  const { now } = Date;
  Math.random = () => refuse("Math.random()", "a generator that begins with recording.header.seed");
  Date.now = () => refuse("Date.now()", "the time of the frame");
  return () => {
    Math.random = random;
    Date.now = now;
  };
}

function refuse(call: string, instead: string): never {
  throw new Error(`${call}: no recording has what it answers; use ${instead}`);
}
