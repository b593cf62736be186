/**
 * Those who wait for the next poll to have something to do. Each is woken once, and
 * told no reason: it looks for itself.
 */

/** Those who wait on one poller. */
export class Waiters {
  readonly #wakes = new Set<() => void>();

  /** Whether nobody waits, which is the usual case. */
  get isEmpty(): boolean {
    return this.#wakes.size === 0;
  }

  /** Has `wake` called once. Returns a function that takes it away again. */
  add(wake: () => void): () => void {
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  }

  /** Wakes all who wait now. */
  wake(): void {
    if (this.isEmpty) return;
    const wakes = [...this.#wakes];
    this.#wakes.clear();
    for (const wake of wakes) wake();
  }
}
