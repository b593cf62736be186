/**
 * All claims and listings of one poller, with the registries that they use, one of each
 * transport. The first thing that a frame does is to judge each of them.
 */
import type { LeasingTransport } from "./lease.ts";
import { SharedRegistry } from "./shared-registry.ts";

/** A claim, or a listing. */
export interface ClaimsMember {
  /** When it has something to do without being told, by the fast clock of its registry. */
  readonly dueMs: number;
  update(): void;
}

/** The claims and listings of one poller. */
export class Claims {
  readonly #registries = new Map<LeasingTransport, SharedRegistry>();
  readonly #members = new Map<ClaimsMember, SharedRegistry>();

  /** The registry of `transport`, which is opened if it is not yet, or has closed. */
  open(transport: LeasingTransport): SharedRegistry {
    let shared = this.#registries.get(transport);
    if (shared === undefined || shared.closeReason !== undefined) {
      shared = new SharedRegistry(transport.registry());
      this.#registries.set(transport, shared);
    }
    return shared;
  }

  add(member: ClaimsMember, shared: SharedRegistry): void {
    this.#members.set(member, shared);
  }

  /** Takes a member away, and closes its registry if it was the last one there. */
  remove(member: ClaimsMember, shared: SharedRegistry, notify: () => void): void {
    this.#members.delete(member);
    if (!shared.remove(notify)) return;
    for (const [transport, known] of this.#registries)
      if (known === shared) this.#registries.delete(transport);
    shared.registry.close();
  }

  /** Judges all of them, at the start of a frame. */
  judge(nowMs: number): void {
    for (const shared of this.#registries.values()) shared.begin(nowMs);
    for (const member of this.#members.keys()) member.update();
  }

  /** The delay until one of them needs a poll, in milliseconds; `Infinity` when none does. */
  get dueInMs(): number {
    let soonestMs = Infinity;
    for (const [member, { mostMs }] of this.#members) {
      if (mostMs === -Infinity) return 0; // it has seen no frame yet
      soonestMs = Math.min(soonestMs, member.dueMs - mostMs);
    }
    return Math.max(0, soonestMs);
  }
}
