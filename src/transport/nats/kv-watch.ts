/**
 * What follows the keys of a bucket, over all connections.
 *
 *     one key: its subject is heard, and says when to read it ──▶ changed
 *     a pattern: a consumer of the bucket ──▶ changed
 *
 * A key is not followed by a consumer: thousands of claims wait in one process, and a
 * thousand consumers take a second to make, and 40 KiB of the broker each.
 */
import type { Answer, RegistryAnswer, RegistryRecord, RegistryWatcher } from "../../port/registry.ts";
import type { Bus, BusSubscription } from "./bus.ts";
import { type Bucket, reasonOfBucket } from "./kv.ts";

/** A watch, over all connections. */
export interface Watch {
  readonly watcher: RegistryWatcher;
  /** Begins, or begins again, with the bucket of another connection. */
  begin(bucket: Bucket): void;
  end(): void;
}

/** Follows one key. What is heard on its subject need not have been written, or may not be yet, so it is read. */
export class KeyWatch implements Watch {
  readonly watcher: RegistryWatcher;
  readonly #key: string;
  readonly #read: (answer: Answer) => void;
  readonly #subscription: BusSubscription;
  #lastRevision: number | undefined;
  #isReading = false;
  #isHinted = false;
  #isEnded = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    key: string,
    watcher: RegistryWatcher,
    bus: Bus,
    subject: string,
    read: (answer: Answer) => void,
  ) {
    this.#key = key;
    this.watcher = watcher;
    this.#read = read;
    this.#subscription = bus.subscribe(subject, undefined, () => this.#look(AGAIN_MS));
  }

  begin(): void {
    this.#look([]);
  }

  end(): void {
    this.#isEnded = true;
    this.#subscription.end();
    clearTimeout(this.#timer);
  }

  /** Reads the key; again after each of `againMs`, as long as nothing has changed. */
  #look(againMs: readonly number[]): void {
    clearTimeout(this.#timer);
    if (this.#isReading) {
      this.#isHinted = true;
      return;
    }
    this.#isReading = true;
    this.#read((answer) => {
      this.#isReading = false;
      if (this.#isEnded) return;
      const hasChanged = this.#tell(answer);
      const [nextMs, ...laterMs] = againMs;
      if (this.#isHinted) {
        this.#isHinted = false;
        this.#look(AGAIN_MS);
      } else if (!hasChanged && nextMs !== undefined) {
        this.#timer = setTimeout(() => this.#look(laterMs), nextMs);
        this.#timer.unref();
      }
    });
  }

  #tell(answer: RegistryAnswer): boolean {
    if (answer.kind !== "found" && answer.kind !== "absent") return false;
    const record: RegistryRecord | undefined = answer.kind === "found" ? answer.record : undefined;
    const hasChanged = record?.revision !== this.#lastRevision;
    this.#lastRevision = record?.revision;
    this.watcher.changed(this.#key, record);
    return hasChanged;
  }
}

/** Follows all keys of a pattern. */
export class PatternWatch implements Watch {
  readonly watcher: RegistryWatcher;
  readonly #pattern: string;
  #stop: (() => void) | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Counts the beginnings, so that an older one ends by itself. */
  #run = 0;

  constructor(pattern: string, watcher: RegistryWatcher) {
    this.#pattern = pattern;
    this.watcher = watcher;
  }

  begin(bucket: Bucket): void {
    this.end();
    const run = this.#run;
    const { generation } = bucket;
    void this.#follow(bucket, run).catch((error: unknown) => {
      if (run === this.#run) this.watcher.failed?.(reasonOfBucket(error));
    });
    // A consumer says nothing when its bucket is deleted and made anew.
    this.#timer = setInterval(() => {
      bucket.isStill(generation).then(
        (isStill) => {
          if (run === this.#run && (!isStill || this.#stop === undefined)) this.begin(bucket);
        },
        () => {}, // asked again
      );
    }, CHECK_MS);
    this.#timer.unref();
  }

  end(): void {
    this.#run++;
    this.#stop?.();
    this.#stop = undefined;
    clearInterval(this.#timer);
  }

  async #follow(bucket: Bucket, run: number): Promise<void> {
    const count = await bucket.count(this.#pattern);
    if (run !== this.#run) return;
    const { stop, ended } = await bucket.watch(this.#pattern, (key, record, isLast) => {
      if (run !== this.#run) return;
      this.watcher.changed(key, record);
      if (isLast) this.watcher.ready?.();
    });
    if (run !== this.#run) {
      stop();
      return;
    }
    this.#stop = stop;
    if (count === 0) this.watcher.ready?.();
    await ended;
    if (run === this.#run) this.#stop = undefined; // begun again by the next check
  }
}

/** How soon a key is read again that somebody has written to, and that is as it was: it may not be stored yet. */
const AGAIN_MS: readonly number[] = [20, 100, 500];
const CHECK_MS = 5_000;
