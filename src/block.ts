/**
 * A wait that blocks: of a loop, or a thread, that lets nothing else of Node run
 * meanwhile. For Node's side of the library alone; a page may not block.
 */

/** Blocks this thread for so many milliseconds. */
export function blockFor(timeoutMs: number): void {
  Atomics.wait(NOBODYS, 0, 0, timeoutMs);
}

/** A word that nobody changes. */
const NOBODYS = new Int32Array(new SharedArrayBuffer(4));
