/**
 * Who waits for a lease: watches its record, and takes it when there is none, or when it
 * was not renewed for as long as it lives.
 *
 *     watch ──▶ sighting ── unchanged for its ttlMs? ──▶ read again ──▶ update by revision ──▶ taken
 *
 * Needs no clock that agrees with another one: the time of a record counts from when this
 * process has seen it. Of many who take it at once the revision lets one win. A take
 * without an answer is looked up: the record says whose it is.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Answer, RegistryAnswer, RegistryRecord } from "../../port/registry.ts";
import { decodeLease, encodeLease, type LeaseRecord } from "./lease-record.ts";
import { PendingCall } from "./pending-call.ts";
import type { SharedRegistry } from "./shared-registry.ts";

/** What a claim is about, and who it is to the others. */
export interface ClaimRules {
  readonly key: string;
  readonly name: string;
  readonly owner: string;
  readonly ttlMs: number;
  readonly marginMs: number;
}

/** What was seen of the record of a lease. */
interface Sighting {
  /** The record, and its revision; `undefined` when there is none. */
  readonly record: RegistryRecord | undefined;
  /** What it says; `undefined` also when it is no record of ours. */
  readonly lease: LeaseRecord | undefined;
  /** When it was seen first, by the slow clock. */
  readonly sinceMs: number;
  /** Whether it was read again after its time. */
  isConfirmed: boolean;
}

/** A lease that was taken. */
export interface Taken {
  readonly revision: number;
  /** How many records were sent so far. */
  readonly number: number;
  /** When the record was sent, by the fast clock. */
  readonly sentMs: number;
}

/** One claim that waits. */
export class Contender {
  /** The lease, once it is taken. */
  taken: Taken | undefined;
  lastFailure: CloseReason | undefined;
  readonly #shared: SharedRegistry;
  readonly #rules: ClaimRules;
  readonly #metaOf: () => unknown;
  readonly #call: PendingCall;
  readonly #stopWatch: () => void;
  #sighting: Sighting | undefined;
  #told: { readonly record: RegistryRecord | undefined } | undefined;
  #isTaking = false;
  /** Whether it wants the lease no more, and only looks whether it has it. */
  #isEnding = false;
  /** How many records were sent, and when each of the last ones was, by the fast clock. */
  #number = 0;
  readonly #sentMs = new Map<number, number>();
  #waitUntilMs = -Infinity;
  /** When it reads by itself for the first time, as the watch has told nothing. */
  #readFromMs: number | undefined;

  constructor(shared: SharedRegistry, rules: ClaimRules, metaOf: () => unknown, notify: () => void) {
    this.#shared = shared;
    this.#rules = rules;
    this.#metaOf = metaOf;
    this.#call = new PendingCall(notify);
    this.#stopWatch = shared.registry.watch(rules.key, {
      changed: (_key, record) => {
        this.#told = { record };
        notify();
      },
      failed: (reason) => {
        this.lastFailure = reason;
      },
    });
  }

  /** What is known of who has the lease now. */
  get holder(): { readonly lease: LeaseRecord; readonly revision: number } | undefined {
    const { lease, record } = this.#sighting ?? {};
    return lease === undefined || record === undefined ? undefined : { lease, revision: record.revision };
  }

  /** Whether it may have taken the lease, and does not know it yet. */
  get isTaking(): boolean {
    return this.#isTaking;
  }

  /** When it has something to do without being told; by the fast clock, which is early rather than late. */
  get dueMs(): number {
    if (this.#call.isPending) return this.#call.dueMs(this.#timeoutMs);
    const { leastMs, mostMs } = this.#shared;
    const sighting = this.#sighting;
    if (sighting === undefined) return Math.max(this.#waitUntilMs, this.#readFromMs ?? mostMs);
    const waitsMs = sighting.record === undefined ? 0 : sighting.sinceMs + this.#ttlOf(sighting) - leastMs;
    return Math.max(this.#waitUntilMs, mostMs + Math.max(0, waitsMs));
  }

  /** Does what can be done now. Returns whether it has got on. */
  step(): boolean {
    const told = this.#told;
    if (told !== undefined) {
      this.#told = undefined;
      this.#see(told.record);
    }
    const answer = this.#call.take(this.#shared.mostMs, this.#timeoutMs);
    if (answer !== undefined) this.#handle(answer);
    if (this.taken !== undefined) return true;
    if (this.#call.isPending || this.#shared.mostMs < this.#waitUntilMs) return answer !== undefined;
    if (this.#isEnding && !this.#isTaking) return answer !== undefined;
    const sighting = this.#sighting;
    if (sighting !== undefined && sighting.record !== undefined) {
      if (this.#shared.leastMs - sighting.sinceMs < this.#ttlOf(sighting)) return answer !== undefined;
      if (sighting.isConfirmed) this.#take(sighting.record.revision);
      else this.#read();
    } else if (sighting !== undefined) this.#take(undefined);
    else {
      this.#readFromMs ??= this.#shared.mostMs + RETRY_MS;
      if (this.#shared.mostMs < this.#readFromMs) return answer !== undefined;
      this.#read();
    }
    return true;
  }

  /** Takes nothing more; `isTaking` tells whether it may have taken the lease before. */
  end(): void {
    this.#isEnding = true;
  }

  /** Watches and asks no more. */
  stop(): void {
    this.#stopWatch();
    this.#call.drop();
  }

  #read(): void {
    const { registry, mostMs } = this.#shared;
    this.#call.begin(mostMs, (answer) => registry.read(this.#rules.key, answer));
  }

  #take(revision: number | undefined): void {
    const { registry, mostMs } = this.#shared;
    const { key, owner, ttlMs } = this.#rules;
    const number = ++this.#number;
    this.#sentMs.set(number, mostMs);
    this.#sentMs.delete(number - MOST_IN_DOUBT);
    const value = encodeLease({ owner, number, ttlMs, epoch: undefined, meta: this.#metaOf() });
    this.#isTaking = true;
    this.#call.begin(mostMs, (answer: Answer) => {
      if (revision === undefined) registry.create(key, value, answer);
      else registry.update(key, value, revision, answer);
    });
  }

  #handle(answer: RegistryAnswer): void {
    switch (answer.kind) {
      case "written":
        this.#taken(answer.revision, this.#number);
        return;
      case "conflict":
        this.#sighting = undefined; // somebody else was first, or an earlier attempt of our own
        this.#readFromMs = -Infinity;
        return;
      case "found":
        this.#see(answer.record, true);
        return;
      case "absent":
        this.#see(undefined, true);
        return;
      case "failed":
        this.lastFailure = answer.reason;
        this.#readFromMs = -Infinity;
        this.#waitUntilMs = this.#shared.mostMs + RETRY_MS;
        this.#sighting = undefined; // a take may have got there, so the record is looked at before the next
    }
  }

  /** Looks at the record of the lease, which was just read, or told of by the watch. */
  #see(record: RegistryRecord | undefined, isRead = false): void {
    if (isRead) this.#isTaking = false;
    if (record === undefined) {
      this.#sighting = { record, lease: undefined, sinceMs: this.#shared.leastMs, isConfirmed: isRead };
      return;
    }
    const { revision } = record;
    const known = this.#sighting;
    if (known?.record !== undefined && known.record.revision >= revision) {
      const isOld = this.#shared.leastMs - known.sinceMs >= this.#ttlOf(known);
      if (known.record.revision === revision) known.isConfirmed = isRead && isOld;
      return; // an older one comes late
    }
    const lease = decodeLease(record.value, revision);
    if (lease?.owner === this.#rules.owner) this.#taken(revision, lease.number);
    this.#sighting = { record, lease, sinceMs: this.#shared.leastMs, isConfirmed: false };
  }

  #taken(revision: number, number: number): void {
    this.taken = { revision, number: this.#number, sentMs: this.#sentMs.get(number) ?? -Infinity };
  }

  #ttlOf({ lease }: Sighting): number {
    return lease?.ttlMs ?? this.#rules.ttlMs;
  }

  get #timeoutMs(): number {
    return this.#rules.ttlMs * CALL_SHARE;
  }
}

/**
 * How long an answer may take, of the life of a lease: a renewal that leaves after a third of it can be lost,
 * and looked up in time; and a server that is slow is not asked twice.
 */
export const CALL_SHARE: number = 1 / 3;
/** After a failure: four attempts a second trouble no server, and delay nobody who waits for seconds. */
export const RETRY_MS = 250;
/** Of how many records without an answer the times of sending are known: those of some seconds. */
export const MOST_IN_DOUBT = 64;
