/**
 * A registry that does nothing: it notes what it is asked, and the test gives each answer by
 * hand. Its two clocks show what the test has set.
 */
import { type ClaimRules, MOST_IN_DOUBT } from "../../../src/core/claim/contender.ts";
import { encodeLease, type LeaseRecord } from "../../../src/core/claim/lease-record.ts";
import { SharedRegistry } from "../../../src/core/claim/shared-registry.ts";
import type {
  Answer,
  CloseReason,
  LeasingTransport,
  Registry,
  RegistryAnswer,
  RegistryRecord,
  RegistryWatcher,
} from "../../../src/index.ts";

/** What was asked, and not answered yet. */
export interface Asked {
  readonly call: "create" | "update" | "remove" | "read";
  readonly key: string;
  readonly value?: Uint8Array;
  readonly revision?: number;
  readonly answer: (given: RegistryAnswer) => void;
}

/** The registry, and the transport that has it. */
export class ScriptedRegistry implements Registry, LeasingTransport {
  readonly asked: Asked[] = [];
  /** How far the slow clock is behind the fast one. */
  behindMs = 0;
  watcher: RegistryWatcher | undefined;

  registry(): Registry {
    return this;
  }

  attach(): void {}

  create(key: string, value: Uint8Array, answer: Answer): void {
    this.asked.push({ call: "create", key, value, answer });
  }

  update(key: string, value: Uint8Array, revision: number, answer: Answer): void {
    this.asked.push({ call: "update", key, value, revision, answer });
  }

  remove(key: string, revision: number, answer: Answer): void {
    this.asked.push({ call: "remove", key, revision, answer });
  }

  read(key: string, answer: Answer): void {
    this.asked.push({ call: "read", key, answer });
  }

  watch(_pattern: string, watcher: RegistryWatcher): () => void {
    this.watcher = watcher;
    return () => {};
  }

  uniqueName(): string {
    return "me";
  }

  leastMs(polledMs: number): number {
    return polledMs - this.behindMs;
  }

  mostMs(polledMs: number): number {
    return polledMs;
  }

  close(): void {}
}

/** What works on a registry, a step at a time. */
export interface Part {
  step(): unknown;
}

/** A part on a scripted registry, and its time. */
export class Script {
  readonly registry: ScriptedRegistry = new ScriptedRegistry();
  readonly shared: SharedRegistry = new SharedRegistry(this.registry);
  part: Part | undefined;

  /** Lets the part do all it can at that time. */
  at(nowMs: number): this {
    this.shared.begin(nowMs);
    for (let steps = 0; steps < MOST_IN_DOUBT && this.part?.step() === true; steps++);
    return this;
  }

  /** What the part asks now, as `"update 7"`; `undefined` when it waits. */
  get asks(): string | undefined {
    const asked = this.registry.asked.at(-1);
    return asked && (asked.revision === undefined ? asked.call : `${asked.call} ${asked.revision}`);
  }

  /** Answers what is asked, at that time. */
  answer(nowMs: number, given: RegistryAnswer): this {
    this.shared.begin(nowMs);
    const asked = this.registry.asked.pop();
    if (asked === undefined) throw new Error("nothing is asked");
    asked.answer(given);
    return this.at(nowMs);
  }

  /** The watch tells of a record, or that there is none. */
  told(nowMs: number, record: RegistryRecord | undefined): this {
    this.shared.begin(nowMs);
    this.registry.watcher?.changed(RULES.key, record);
    return this.at(nowMs);
  }
}

/** A record of a lease: of this owner, unless it is said. */
export function record(revision: number, lease: Partial<LeaseRecord> = {}): RegistryRecord {
  const value = encodeLease({ owner: "me", number: 1, ttlMs: 3_000, epoch: undefined, meta: null, ...lease });
  return { value, revision };
}

export function found(revision: number, lease: Partial<LeaseRecord> = {}): RegistryAnswer {
  return { kind: "found", record: record(revision, lease) };
}

export const written = (revision: number): RegistryAnswer => ({ kind: "written", revision });
export const ABSENT: RegistryAnswer = { kind: "absent" };
export const CONFLICT: RegistryAnswer = { kind: "conflict" };
const AWAY: CloseReason = { kind: "unreachable", message: "away" };
export const FAILED: RegistryAnswer = { kind: "failed", reason: AWAY };
/** A renewal is due each second, and the lease is sure for two. */
export const RULES: ClaimRules = {
  key: "lease.world.7",
  name: "world.7",
  owner: "me",
  ttlMs: 3_000,
  marginMs: 1_000,
};
