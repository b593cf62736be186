/**
 * The snapshot beside a lease. A new owner writes that of the last one again, under its own
 * epoch, before it holds the lease: from then on the revision is another one, and what the
 * old owner saves late is a conflict.
 *
 *     read ──▶ write again under this epoch ──▶ fenced ──▶ save, one at a time, by revision
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Answer, RegistryAnswer, RegistryRecord } from "../../port/registry.ts";
import { type ClaimRules, RETRY_MS } from "./contender.ts";
import { PendingCall } from "./pending-call.ts";
import type { SharedRegistry } from "./shared-registry.ts";
import { decodeSnapshot, encodeSnapshot, snapshotKey } from "./snapshot-record.ts";

/** The snapshot of one lease that was taken. */
export class SavedState {
  /** What the owner before has saved last; `undefined` when nobody has saved anything. */
  previous: Uint8Array | undefined;
  /** Whether no earlier owner can write the snapshot any more. */
  isFenced = false;
  /** Why it is over, when a later owner has written the snapshot. */
  lost: CloseReason | undefined;
  lastFailure: CloseReason | undefined;
  readonly #shared: SharedRegistry;
  readonly #rules: ClaimRules;
  readonly #epoch: number;
  readonly #key: string;
  readonly #call: PendingCall;
  /** The revision of the record that is there; `undefined` when there is none. */
  #revision: number | undefined;
  #number = 0;
  /** What is to be written, and not known to be. */
  #value: Uint8Array | undefined;
  #next: Uint8Array | undefined;
  #needsRead = true;
  #waitUntilMs = -Infinity;

  constructor(shared: SharedRegistry, rules: ClaimRules, epoch: number, notify: () => void) {
    this.#shared = shared;
    this.#rules = rules;
    this.#epoch = epoch;
    this.#key = snapshotKey(rules.name);
    this.#call = new PendingCall(notify);
  }

  /** Whether something that was given to {@link save} is not known to be written. */
  get isSaving(): boolean {
    return this.isFenced && (this.#value !== undefined || this.#next !== undefined);
  }

  /** When it has something to do without being told; by the fast clock. */
  get dueMs(): number {
    if (this.#call.isPending) return this.#call.dueMs(this.#timeoutMs);
    return this.#needsRead || this.#value !== undefined ? this.#waitUntilMs : Infinity;
  }

  /** Saves `bytes`, which is its own, after what is being saved now. */
  save(bytes: Uint8Array): void {
    if (this.#value === undefined) this.#value = this.#encode(bytes);
    else this.#next = bytes;
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
    const { registry, mostMs } = this.#shared;
    if (this.lost !== undefined || this.#call.isPending || mostMs < this.#waitUntilMs) return false;
    if (this.#needsRead) {
      this.#call.begin(mostMs, (answer) => registry.read(this.#key, answer));
      return true;
    }
    const value = this.#value;
    if (value === undefined) return false;
    this.#call.begin(mostMs, (answer: Answer) => {
      if (this.#revision === undefined) registry.create(this.#key, value, answer);
      else registry.update(this.#key, value, this.#revision, answer);
    });
    return true;
  }

  /** Asks no more. */
  stop(): void {
    this.#call.drop();
  }

  #handle(answer: RegistryAnswer): void {
    switch (answer.kind) {
      case "written":
        this.#handleWritten(answer.revision);
        return;
      case "conflict":
        this.#needsRead = true;
        return;
      case "found":
        this.#look(answer.record);
        return;
      case "absent":
        this.#needsRead = false;
        this.#revision = undefined;
        if (!this.isFenced) this.#value = this.#encode(undefined);
        return;
      case "failed":
        this.lastFailure = answer.reason;
        if (answer.reason.code === TOO_LARGE) this.#forget(); // it will never fit
        this.#needsRead = true;
        this.#waitUntilMs = this.#shared.mostMs + RETRY_MS;
    }
  }

  /** Looks whose record it is that was read: of an earlier owner, of this one, or of a later one. */
  #look({ value, revision }: RegistryRecord): void {
    this.#needsRead = false;
    this.#revision = revision;
    const found = decodeSnapshot(value, revision); // what a stranger has written here is written over
    if (found !== undefined && found.epoch > this.#epoch) {
      const message = `the lease of ${this.#rules.name} is lost: a later owner has saved its snapshot`;
      this.lost = { kind: "reset", code: "taken", message };
    } else if (found?.epoch === this.#epoch) {
      if (!this.isFenced) this.previous = found.bytes; // the answer to that write was lost
      if (found.number === this.#number) this.#handleWritten(revision);
    } else if (!this.isFenced) {
      this.previous = found?.bytes;
      this.#value = this.#encode(found?.bytes);
    }
  }

  #handleWritten(revision: number): void {
    this.#revision = revision;
    this.isFenced = true;
    this.lastFailure = undefined;
    this.#forget();
  }

  /** Goes on with what is to be saved after that. */
  #forget(): void {
    this.#value = undefined;
    const next = this.#next;
    this.#next = undefined;
    if (next !== undefined) this.save(next);
  }

  #encode(bytes: Uint8Array | undefined): Uint8Array {
    return encodeSnapshot({ epoch: this.#epoch, number: ++this.#number, bytes });
  }

  get #timeoutMs(): number {
    return this.#rules.ttlMs / 2; // a snapshot may be a thousand times as long as a lease
  }
}

/** The code of a registry that cannot take a value of such a size. */
const TOO_LARGE = "max_payload";
