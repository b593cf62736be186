/**
 * Leases over NATS: the records of one bucket, over all losses of the connection. While the
 * broker is away each call is answered at once that nobody knows.
 *
 *     calls ──▶ bucket of this connection ──▶ answers
 *     watches, begun again with each connection ──▶ changed
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type {
  Answer,
  Registry,
  RegistryAnswer,
  RegistryEvents,
  RegistryWatcher,
} from "../../port/registry.ts";
import type { Bus, BusUser } from "./bus.ts";
import { type Bucket, BucketError, isGone, openBucket, reasonOfBucket } from "./kv.ts";
import { KeyWatch, PatternWatch, type Watch } from "./kv-watch.ts";
import { RealClock } from "./real-clock.ts";

/** The registry of one poller. */
export class NatsRegistry implements Registry, BusUser {
  readonly #bus: Bus;
  readonly #bucketName: string;
  readonly #clock = new RealClock();
  readonly #watches = new Set<Watch>();
  #events: RegistryEvents | undefined;
  #bucket: Promise<Bucket> | undefined;
  #failure: CloseReason = STARTING;
  #isClosed = false;

  constructor(bus: Bus, bucketName: string) {
    this.#bus = bus;
    this.#bucketName = bucketName;
  }

  attach(events: RegistryEvents): void {
    this.#events = events;
    this.#bus.use(this);
  }

  create(key: string, value: Uint8Array, answer: Answer): void {
    this.#ask(answer, (bucket) => bucket.create(key, value));
  }

  update(key: string, value: Uint8Array, revision: number, answer: Answer): void {
    this.#ask(answer, (bucket) => bucket.update(key, value, revision));
  }

  remove(key: string, revision: number, answer: Answer): void {
    this.#ask(answer, (bucket) => bucket.remove(key, revision));
  }

  read(key: string, answer: Answer): void {
    this.#ask(answer, async (bucket) => {
      const record = await bucket.read(key);
      return record === undefined ? ABSENT : { kind: "found", record };
    });
  }

  watch(pattern: string, watcher: RegistryWatcher): () => void {
    const watch = /[*>]/.test(pattern)
      ? new PatternWatch(pattern, watcher)
      : new KeyWatch(pattern, watcher, this.#bus, subjectOf(this.#bucketName, pattern), (answer) =>
          this.read(pattern, answer),
        );
    this.#watches.add(watch);
    if (this.#bucket !== undefined) this.#begin(watch, this.#bucket);
    return () => {
      this.#watches.delete(watch);
      watch.end();
    };
  }

  uniqueName(): string {
    return crypto.randomUUID();
  }

  leastMs(): number {
    return this.#clock.leastMs();
  }

  mostMs(): number {
    return this.#clock.mostMs();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#bucket = undefined;
    for (const watch of this.#watches) watch.end();
    this.#watches.clear();
    this.#bus.leave(this);
  }

  // What the bus tells.

  opened(): void {
    this.#open();
  }

  resumed(): void {
    this.#open();
  }

  trouble(reason: CloseReason): void {
    this.#failure = reason;
    for (const watch of this.#watches) watch.watcher.failed?.(reason);
  }

  suspended(reason: CloseReason): void {
    this.#bucket = undefined;
    this.trouble(reason);
  }

  closed(reason: CloseReason): void {
    this.#end(reason);
  }

  /** Opens the bucket over the connection that there is now, and begins all watches again. */
  #open(): Promise<Bucket> | undefined {
    const { connection } = this.#bus;
    if (connection === undefined || this.#isClosed) return undefined;
    const opening = openBucket(connection, this.#bucketName);
    this.#bucket = opening;
    opening.catch((error: unknown) => {
      if (this.#bucket !== opening) return;
      this.#bucket = undefined;
      if (error instanceof BucketError) this.#end(error.reason);
      else this.trouble(reasonOfBucket(error));
    });
    for (const watch of this.#watches) this.#begin(watch, opening);
    return opening;
  }

  #begin(watch: Watch, opening: Promise<Bucket>): void {
    opening.then(
      (bucket) => {
        if (this.#bucket === opening && this.#watches.has(watch)) watch.begin(bucket);
      },
      () => {}, // told by whoever has opened it
    );
  }

  #ask(answer: Answer, ask: (bucket: Bucket) => Promise<RegistryAnswer>): void {
    const opening = this.#bucket ?? this.#open();
    if (opening === undefined) {
      answer({ kind: "failed", reason: this.#failure });
      return;
    }
    opening.then(ask).then(
      (given) => {
        if (!this.#isClosed) answer(given);
      },
      (error: unknown) => {
        if (this.#isClosed) return;
        if (this.#bucket === opening && isGone(error)) this.#bucket = undefined; // the next call makes it anew
        answer({ kind: "failed", reason: reasonOfBucket(error) });
      },
    );
  }

  #end(reason: CloseReason): void {
    if (this.#isClosed) return;
    this.close();
    this.#events?.closed(reason);
  }
}

function subjectOf(bucketName: string, key: string): string {
  return `$KV.${bucketName}.${key}`;
}

const ABSENT: RegistryAnswer = { kind: "absent" };
const STARTING: CloseReason = {
  kind: "unreachable",
  message: "the broker of the leases was not reached yet",
};
