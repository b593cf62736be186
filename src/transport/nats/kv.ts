/**
 * A bucket of JetStream's key-value store: the one file that loads `@nats-io/kv`, at the first
 * lease. It is required, as the client is, and its types are written out as far as they are used.
 *
 * The revisions here are those of the bucket, moved up by when it was made: those of one
 * that was deleted and made again begin at 1, and an epoch must never come again. So it is
 * looked at again with each reading whether the bucket is still the same one.
 */
import { createRequire } from "node:module";
import type { CloseReason } from "../../port/close-reason.ts";
import type { RegistryAnswer, RegistryRecord } from "../../port/registry.ts";
import { plainView } from "../node/plain-bytes.ts";
import type { NatsConnection } from "./client.ts";
import { reasonOfNats } from "./reasons.ts";

/** A bucket that cannot be used, now or ever. */
export class BucketError extends Error {
  readonly reason: CloseReason;

  constructor(reason: CloseReason) {
    super(reason.message);
    this.reason = reason;
  }
}

/**
 * Opens a bucket, and makes it where there is none: in files, with the last value of each key.
 *
 * @throws BucketError when no attempt will do
 */
export async function openBucket(connection: NatsConnection, name: string): Promise<Bucket> {
  const { Kvm } = load();
  let bucket: Kv;
  try {
    // Not `allow_direct`: any server of a cluster answers such a reading, also one that is behind.
    bucket = await new Kvm(connection).create(name, { history: 1, storage: "file", allow_direct: false });
  } catch (error) {
    if (nameOf(error) !== "JetStreamNotEnabled") throw error;
    const message = "leases need JetStream, which is not enabled on this broker: nats-server --jetstream";
    throw new BucketError({ kind: "failed", code: "jetstream", message, cause: error });
  }
  const status = await bucket.status();
  if (status.storage !== "file") {
    const message = `the bucket ${name} is kept in memory: its revisions begin again with each start of the broker`;
    throw new BucketError({ kind: "failed", code: "storage", message });
  }
  return new Bucket(bucket, status);
}

/** One bucket, while a connection lasts. */
export class Bucket {
  readonly #bucket: Kv;
  #base: number;
  #checking: Promise<void> | undefined;
  #checkedMs = -Infinity;
  #question = { promise: Promise.resolve(), isOver: true };
  #nextQuestion: Promise<void> | undefined;

  constructor(bucket: Kv, status: KvStatus) {
    this.#bucket = bucket;
    this.#base = baseOf(status);
  }

  /** An epoch begins with it, so it is looked at afterwards in which bucket that was. */
  async create(key: string, value: Uint8Array): Promise<RegistryAnswer> {
    await this.#check();
    const base = this.#base;
    const answer = await this.#written(base, () => this.#bucket.create(key, value));
    if (answer.kind !== "written") return answer;
    await this.#checkNow();
    if (this.#base === base) return answer;
    throw new Error("the bucket was made anew"); // the record says what came of it
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<RegistryAnswer> {
    await this.#check();
    const base = this.#base;
    const sequence = revision - base;
    if (sequence < 1) return CONFLICT; // of a bucket that is gone
    return this.#written(base, () => this.#bucket.update(key, value, sequence));
  }

  async remove(key: string, revision: number): Promise<RegistryAnswer> {
    await this.#check();
    const base = this.#base;
    const sequence = revision - base;
    if (sequence < 1) return CONFLICT;
    return this.#written(base, async () => {
      await this.#bucket.delete(key, { previousSeq: sequence });
      return sequence;
    });
  }

  async read(key: string): Promise<RegistryRecord | undefined> {
    await this.#check();
    const entry = await this.#bucket.get(key);
    return entry === null ? undefined : this.#recordOf(entry);
  }

  /** How many keys there are of a pattern. */
  async count(pattern: string): Promise<number> {
    let count = 0;
    for await (const _key of await this.#bucket.keys(pattern)) count++;
    return count;
  }

  /** Follows all keys of a pattern, their records now included. `isLast`: of those that there were. */
  async watch(
    pattern: string,
    changed: (key: string, record: RegistryRecord | undefined, isLast: boolean) => void,
  ): Promise<{ stop(): void; readonly ended: Promise<void> }> {
    const entries = await this.#bucket.watch({ key: pattern });
    const follow = async (): Promise<void> => {
      for await (const entry of entries) changed(entry.key, this.#recordOf(entry), entry.delta === 0);
    };
    return { stop: () => entries.stop(), ended: follow() };
  }

  /** A number for the bucket as it is known; another one when it was made anew. */
  get generation(): number {
    return this.#base;
  }

  /** Looks whether the bucket is still the one with that number. */
  async isStill(generation: number): Promise<boolean> {
    await this.#check();
    return this.#base === generation;
  }

  #recordOf(entry: KvEntry): RegistryRecord | undefined {
    if (entry.operation !== "PUT") return undefined;
    return { value: plainView(entry.value), revision: this.#base + entry.revision };
  }

  /** Looks whether the bucket was made anew. Those who ask within a moment share the answer: it costs the broker a count. */
  #check(): Promise<void> {
    const isRecent = performance.now() < this.#checkedMs + CHECK_MS;
    return isRecent && this.#checking !== undefined ? this.#checking : this.#checkNow();
  }

  /** The same by a question that leaves after this call. One is under way at a time, and those who ask meanwhile share the next. */
  #checkNow(): Promise<void> {
    const { promise: underWay, isOver } = this.#question;
    if (isOver) return this.#ask();
    const next = (): Promise<void> => {
      this.#nextQuestion = undefined;
      return this.#ask();
    };
    this.#nextQuestion ??= underWay.then(next, next);
    return this.#nextQuestion;
  }

  #ask(): Promise<void> {
    this.#checkedMs = performance.now();
    const checking = this.#bucket.status().then(
      (status) => {
        this.#base = baseOf(status);
      },
      (error) => {
        if (this.#checking === checking) this.#checking = undefined;
        throw error;
      },
    );
    this.#checking = checking;
    const question = { promise: checking, isOver: false };
    this.#question = question;
    const end = (): void => {
      question.isOver = true;
    };
    checking.then(end, end);
    return checking;
  }

  async #written(base: number, write: () => Promise<number>): Promise<RegistryAnswer> {
    try {
      return { kind: "written", revision: base + (await write()) };
    } catch (error) {
      if (WRONG_SEQUENCE.has(codeOf(error) as number)) return { kind: "conflict" };
      throw error;
    }
  }
}

/** Whether an error of a bucket says that it is gone, or that nobody answers for it now. */
export function isGone(error: unknown): boolean {
  return codeOf(error) === STREAM_NOT_FOUND || nameOf(error) === "JetStreamNotEnabled";
}

/** The reason for an error of a bucket. */
export function reasonOfBucket(error: unknown): CloseReason {
  if (error instanceof BucketError) return error.reason;
  if (isGone(error)) return GONE;
  if (nameOf(error) === "InvalidArgumentError" && String(error).includes("max_payload"))
    return {
      kind: "failed",
      code: "max_payload",
      message: "it is larger than the broker takes",
      cause: error,
    };
  if (nameOf(error) === "TimeoutError") return UNANSWERED;
  return reasonOfNats(error);
}

function load(): KvPackage {
  try {
    return createRequire(import.meta.url ?? __filename)("@nats-io/kv");
  } catch (cause) {
    const message = "leases over NATS need a package: npm install @nats-io/kv";
    throw new BucketError({ kind: "failed", code: "ERR_MODULE_NOT_FOUND", message, cause });
  }
}

/**
 * What all revisions of a bucket are moved up by: sixty-four for each millisecond until it was made.
 * A bucket has never had more writes than that, so those of the next one are higher.
 */
function baseOf({ streamInfo }: KvStatus): number {
  const madeMs = Date.parse(streamInfo.created);
  return Number.isFinite(madeMs) ? Math.max(0, Math.floor(madeMs)) * 64 : 0;
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined;
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | undefined)?.code;
}

/** What is used of the package. */
interface KvPackage {
  readonly Kvm: new (connection: NatsConnection) => { create(name: string, options: object): Promise<Kv> };
}

interface Kv {
  create(key: string, value: Uint8Array): Promise<number>;
  update(key: string, value: Uint8Array, sequence: number): Promise<number>;
  delete(key: string, options: { readonly previousSeq: number }): Promise<void>;
  get(key: string): Promise<KvEntry | null>;
  keys(pattern: string): Promise<AsyncIterable<string>>;
  watch(options: { readonly key: string }): Promise<AsyncIterable<KvEntry> & { stop(): void }>;
  status(): Promise<KvStatus>;
}

interface KvEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: number;
  readonly operation: string;
  /** How many follow that were there before. */
  readonly delta: number;
}

interface KvStatus {
  readonly storage: string;
  readonly streamInfo: { readonly created: string };
}

const CONFLICT: RegistryAnswer = { kind: "conflict" };
/** The codes of JetStream for a write that expects another sequence; the second one of newer servers. */
const WRONG_SEQUENCE: ReadonlySet<number> = new Set([10_071, 10_164]);
/** Far less than it takes to delete a bucket, make it anew and have leases in it that are over. */
const CHECK_MS = 250;
const STREAM_NOT_FOUND = 10_059;
const GONE: CloseReason = {
  kind: "failed",
  code: "jetstream",
  message: "the bucket of leases is gone, or no server answers for it",
};
const UNANSWERED: CloseReason = { kind: "timeout", message: "the broker has not answered for the leases" };
