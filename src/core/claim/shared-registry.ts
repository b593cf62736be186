/**
 * The registry of one transport, opened once for all claims and listings of a poller,
 * and its time as of this frame.
 *
 *     poll ── begin ──▶ leastMs, mostMs ┊ claims, listings
 *
 * Time is read once in a frame, at its start: what is sent in the frame leaves later
 * than that, so an owner who counts from it gives up too early, never too late.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Registry } from "../../port/registry.ts";

/** One registry, and who uses it. */
export class SharedRegistry {
  readonly registry: Registry;
  /** The time for who waits for the lease of another; see `Registry.leastMs`. */
  leastMs: number = -Infinity;
  /** The time for who holds a lease. */
  mostMs: number = -Infinity;
  /** Why it can never work; `undefined` while it may. */
  closeReason: CloseReason | undefined;
  readonly #users = new Set<() => void>();
  #claims = 0;
  readonly #name: string;

  constructor(registry: Registry) {
    this.registry = registry;
    registry.attach({
      closed: (reason) => {
        this.closeReason ??= reason;
        for (const notify of this.#users) notify();
      },
    });
    this.#name = registry.uniqueName();
  }

  /** Takes the time of a frame. Neither clock goes back, whatever time the game gives. */
  begin(nowMs: number): void {
    this.leastMs = Math.max(this.leastMs, this.registry.leastMs(nowMs));
    this.mostMs = Math.max(this.mostMs, this.registry.mostMs(nowMs));
  }

  /** A text that no other claim has, of this process or another one. */
  newOwner(): string {
    return `${this.#name}.${++this.#claims}`;
  }

  /** Adds a user, whose `notify` is called when the registry has closed. */
  add(notify: () => void): void {
    this.#users.add(notify);
  }

  /** Takes a user away. Returns whether it was the last one. */
  remove(notify: () => void): boolean {
    this.#users.delete(notify);
    return this.#users.size === 0;
  }
}
