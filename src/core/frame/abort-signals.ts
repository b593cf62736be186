/**
 * The AbortSignals that somebody waits for. Each signal has one listener of this
 * file, however many wait for it: Node warns of a leak at the eleventh listener of
 * one signal, and a program often has one signal for all that it does.
 */

/** Calls `call` when `signal` aborts, which it has not done yet. Returns a function that forgets the call. */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const calls = callsOf.get(signal) ?? listenTo(signal);
  calls.add(call);
  return () => {
    // Once only: those who wait for the signal later have another set.
    if (calls.delete(call) && calls.size === 0) forget(signal);
  };
}

function listenTo(signal: AbortSignal): Calls {
  const calls: Calls = new Set();
  callsOf.set(signal, calls);
  signal.addEventListener("abort", handleAbort);
  return calls;
}

function handleAbort(this: AbortSignal): void {
  const calls = callsOf.get(this);
  forget(this);
  for (const call of calls ?? []) call();
}

function forget(signal: AbortSignal): void {
  callsOf.delete(signal);
  signal.removeEventListener("abort", handleAbort);
}

type Calls = Set<() => void>;

const callsOf = new WeakMap<AbortSignal, Calls>();
