/**
 * A registry: small records by key, each with a revision, where of several writers
 * one wins. What `lease(transport, …)` stands on.
 *
 *     core ── create, update, remove, read, watch ──▶ registry (the transport's)
 *     core ◀── one answer to each call; changed, closed ── registry
 *
 * Decides nothing about leases. The transport implements `Registry`, the core asks.
 */
import type { CloseReason } from "./close-reason.ts";

/** Records by key, as a transport provides them. */
export interface Registry {
  /** Sets the event handler. Called once, before any other call. */
  attach(events: RegistryEvents): void;
  /** Writes a record under a key that has none. Where there is one, that is a `conflict`. */
  create(key: string, value: Uint8Array, answer: Answer): void;
  /** Writes over the record with that revision. Where there is another one, or none, that is a `conflict`. */
  update(key: string, value: Uint8Array, revision: number, answer: Answer): void;
  /** Removes the record with that revision. Where there is another one, or none, that is a `conflict`. */
  remove(key: string, revision: number, answer: Answer): void;
  /** Reads the record of a key, as of some moment between the call and its answer: never an older one. */
  read(key: string, answer: Answer): void;
  /**
   * Tells `watcher` of the record of a key now, or that there is none, and of each later change, soon; with `*` for
   * any part of the key and `>` for all that follow, of all such keys that have one. Changes may be missed while a network is away.
   * Returns a function that ends it.
   */
  watch(pattern: string, watcher: RegistryWatcher): () => void;
  /** A text that no other user of these records has. */
  uniqueName(): string;
  /**
   * The time in milliseconds, for whoever waits for somebody else's lease to end: of a clock
   * that is rather slow, and does not count what this machine has slept through.
   * `polledMs` is the time that was given to `poll`, which is real time for no registry but one of tests.
   */
  leastMs(polledMs: number): number;
  /** The time in milliseconds, for whoever holds a lease: of a clock that is rather fast, and counts a sleep. */
  mostMs(polledMs: number): number;
  /** Ends it: no answer and no event comes any more. Its records stay. */
  close(): void;
}

/** The events of a registry, which the core handles. None of these calls throws. */
export interface RegistryEvents {
  /** The registry cannot work, now or ever, such as with wrong credentials. Called once, and last. */
  closed(reason: CloseReason): void;
}

/** The handler for what a watch tells. None of these calls throws. */
export interface RegistryWatcher {
  /** The record of `key` is this one now; `undefined`: there is none. */
  changed(key: string, record: RegistryRecord | undefined): void;
  /** All that was there when the watch began has been told. */
  ready?(): void;
  /** The watch may have missed changes; it begins again by itself. */
  failed?(reason: CloseReason): void;
}

/** The handler for the answer to one call, called once; it may be called before that call returns. Does not throw. */
export type Answer = (answer: RegistryAnswer) => void;

/** What a registry answers. */
export type RegistryAnswer =
  /** The record was written, and has that revision; of a removal, any number. */
  | { readonly kind: "written"; readonly revision: number }
  /** Nothing was written: the key has another revision. */
  | { readonly kind: "conflict" }
  /** The record that was read. */
  | { readonly kind: "found"; readonly record: RegistryRecord }
  /** There is no record to read. */
  | { readonly kind: "absent" }
  /** Nobody knows: the call may have had its effect, or may still have it. */
  | { readonly kind: "failed"; readonly reason: CloseReason };

/** One record. */
export interface RegistryRecord {
  /** Lent for good: nobody writes to it. */
  readonly value: Uint8Array;
  /** A number that only grows, over all keys and all times: no two records ever have the same. */
  readonly revision: number;
}
