/**
 * The time for which a lease is held: renews its record, and knows until when nobody else
 * can have it.
 *
 *     update by revision, each ttlMs / 3 ──▶ written ──▶ sure until its *sending* + ttlMs − marginMs
 *
 * The others count the same record from when they saw it, which is later than its sending,
 * and wait for the whole of ttlMs. Renewals leave in frames alone: who stalls renews
 * nothing. A renewal without an answer is looked up, as it may have got there, and a
 * conflict is the end, unless it may be with an own renewal.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { RegistryAnswer, RegistryRecord } from "../../port/registry.ts";
import { CALL_SHARE, type ClaimRules, MOST_IN_DOUBT, RETRY_MS, type Taken } from "./contender.ts";
import { decodeLease, encodeLease } from "./lease-record.ts";
import { PendingCall, UNANSWERED } from "./pending-call.ts";
import type { SharedRegistry } from "./shared-registry.ts";

/** One lease that was taken. */
export class Tenure {
  /** The revision of its first record: higher than that of any owner before. */
  readonly epoch: number;
  /** Why it is over, when another one has the lease; `undefined` while nobody can say so. */
  lost: CloseReason | undefined;
  /** Whether the lease was given back, or needs not to be. */
  isOver = false;
  lastFailure: CloseReason | undefined;
  readonly #shared: SharedRegistry;
  readonly #rules: ClaimRules;
  readonly #metaOf: () => unknown;
  readonly #call: PendingCall;
  #revision: number;
  #number: number;
  /** When the last record was sent that is known to be written, by the fast clock. */
  #confirmedMs: number;
  /** When each record was sent that is not known to be written. */
  readonly #sentMs = new Map<number, number>();
  /** Whether a record may have been written without our knowing. */
  #isInDoubt = false;
  #needsRead = false;
  #waitUntilMs = -Infinity;
  #isEnding = false;
  #isRemoving = false;

  constructor(
    shared: SharedRegistry,
    rules: ClaimRules,
    taken: Taken,
    metaOf: () => unknown,
    notify: () => void,
  ) {
    this.#shared = shared;
    this.#rules = rules;
    this.#metaOf = metaOf;
    this.#call = new PendingCall(notify);
    this.epoch = this.#revision = taken.revision;
    this.#number = taken.number;
    this.#confirmedMs = taken.sentMs;
  }

  /** Whether nobody else can have the lease now. */
  get isSure(): boolean {
    const { ttlMs, marginMs } = this.#rules;
    return this.#shared.mostMs < this.#confirmedMs + ttlMs - marginMs;
  }

  /** When it has something to do without being told; by the fast clock. */
  get dueMs(): number {
    const { ttlMs, marginMs } = this.#rules;
    const workMs = this.#call.isPending
      ? this.#call.dueMs(this.#timeoutMs)
      : Math.max(this.#waitUntilMs, this.#isEnding ? -Infinity : this.#renewalMs); // what is looked up is due already
    return Math.min(workMs, this.#confirmedMs + ttlMs - marginMs);
  }

  /** Hears the answer to what was asked. Returns whether there was one. */
  takeAnswer(): boolean {
    const answer = this.#call.take(this.#shared.mostMs, this.#timeoutMs);
    if (answer === undefined) return false;
    this.#handle(answer);
    return true;
  }

  /** Asks for what is due. Returns whether anything was. */
  act(): boolean {
    if (this.isOver || this.lost !== undefined || this.#call.isPending) return false;
    const { registry, mostMs } = this.#shared;
    if (this.#isEnding && !this.isSure) {
      this.isOver = true; // it is nobody's by itself
      return true;
    }
    if (mostMs < this.#waitUntilMs) return false;
    if (this.#needsRead) this.#call.begin(mostMs, (answer) => registry.read(this.#rules.key, answer));
    else if (this.#isEnding) this.#remove();
    else if (mostMs >= this.#renewalMs) this.#renew();
    else return false;
    return true;
  }

  /** Gives the lease back, so that others need not wait. */
  end(): void {
    this.#isEnding = true;
  }

  /** Asks no more. */
  stop(): void {
    this.#call.drop();
  }

  #renew(): void {
    const { registry, mostMs } = this.#shared;
    const { key, owner, ttlMs } = this.#rules;
    const number = ++this.#number;
    this.#sentMs.set(number, mostMs);
    this.#sentMs.delete(number - MOST_IN_DOUBT);
    const value = encodeLease({ owner, number, ttlMs, epoch: this.epoch, meta: this.#metaOf() });
    this.#call.begin(mostMs, (answer) => registry.update(key, value, this.#revision, answer));
  }

  #remove(): void {
    const { registry, mostMs } = this.#shared;
    this.#isRemoving = true;
    this.#call.begin(mostMs, (answer) => registry.remove(this.#rules.key, this.#revision, answer));
  }

  #handle(answer: RegistryAnswer): void {
    switch (answer.kind) {
      case "written":
        if (this.#isRemoving) this.isOver = true;
        else this.#confirm(answer.revision, this.#number);
        return;
      case "conflict":
        if (this.#isInDoubt) this.#needsRead = true;
        else this.#lose("another owner has it");
        return;
      case "found":
        this.#look(answer.record);
        return;
      case "absent":
        this.#lose("its record is gone");
        return;
      case "failed":
        this.lastFailure = answer.reason;
        this.#isInDoubt = this.#needsRead = true;
        if (answer !== UNANSWERED) this.#waitUntilMs = this.#shared.mostMs + RETRY_MS;
    }
  }

  /** Looks whose record it is that was read. */
  #look(record: RegistryRecord): void {
    if (record.revision < this.#revision) {
      this.#waitUntilMs = this.#shared.mostMs + RETRY_MS; // from a server that is behind
      return;
    }
    const lease = decodeLease(record.value, record.revision);
    if (lease?.owner !== this.#rules.owner) {
      this.#lose("another owner has it");
      return;
    }
    this.#needsRead = false;
    this.#revision = record.revision;
    this.#confirmedMs = Math.max(this.#confirmedMs, this.#sentMs.get(lease.number) ?? -Infinity);
  }

  #confirm(revision: number, number: number): void {
    this.#revision = revision;
    this.#confirmedMs = this.#sentMs.get(number) ?? this.#confirmedMs;
    this.#sentMs.clear();
    this.#isInDoubt = false;
    this.lastFailure = undefined;
  }

  #lose(why: string): void {
    if (this.#isEnding) this.isOver = true;
    else
      this.lost = {
        kind: "reset",
        code: "taken",
        message: `the lease of ${this.#rules.name} is lost: ${why}`,
      };
  }

  get #timeoutMs(): number {
    return this.#rules.ttlMs * CALL_SHARE;
  }

  get #intervalMs(): number {
    return this.#rules.ttlMs / 3;
  }

  get #renewalMs(): number {
    return this.#confirmedMs + this.#intervalMs;
  }
}
