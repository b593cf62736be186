/**
 * Records inside the process, for leases in tests: each call is answered at once, with a
 * revision that counts all writes. A part of `memory.ts`, which decides when calls are
 * held, released or lost. Its time is that of `poll(now)`, so a test steps it.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Answer, Registry, RegistryRecord, RegistryWatcher } from "../../port/registry.ts";

/** All the records of one network in memory. */
export class MemoryRecords {
  readonly #records = new Map<string, RegistryRecord>();
  readonly #watches = new Set<MemoryWatch>();
  #waiting: { readonly call: () => void; readonly lose: () => void }[] = [];
  #isHeld = false;
  #lastRevision = 0;
  #users = 0;

  open(): Registry {
    return new MemoryRegistry(this, `memory-${++this.#users}`);
  }

  hold(): void {
    this.#isHeld = true;
  }

  /** Makes all calls that wait, in order. */
  release(): void {
    this.#isHeld = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { call } of waiting) call();
  }

  /** Drops all calls that wait: each is answered that nobody knows. */
  dropWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { lose } of waiting) lose();
  }

  /** Makes a call, now or when it is released. */
  call(call: () => void, lose: () => void): void {
    if (this.#isHeld) this.#waiting.push({ call, lose });
    else call();
  }

  get(key: string): RegistryRecord | undefined {
    return this.#records.get(key);
  }

  /** Writes a record, or removes it where there is no value, if the one that is there has that revision. */
  write(key: string, value: Uint8Array | undefined, revision: number | undefined, answer: Answer): void {
    if (this.#records.get(key)?.revision !== revision) {
      answer({ kind: "conflict" });
      return;
    }
    const record = value && { value, revision: ++this.#lastRevision };
    if (record === undefined) this.#records.delete(key);
    else this.#records.set(key, record);
    answer({ kind: "written", revision: this.#lastRevision });
    for (const watch of this.#watches) watch.tell(key, record);
  }

  watch(pattern: string, watcher: RegistryWatcher): () => void {
    const watch = new MemoryWatch(pattern, watcher);
    this.#watches.add(watch);
    this.call(
      () => this.#begin(watch),
      () => {},
    );
    return () => this.#watches.delete(watch);
  }

  #begin(watch: MemoryWatch): void {
    if (!this.#watches.has(watch)) return;
    const { pattern, watcher } = watch;
    if (!/[*>]/.test(pattern)) watcher.changed(pattern, this.#records.get(pattern));
    else for (const [key, record] of this.#records) watch.tell(key, record);
    watcher.ready?.();
  }
}

class MemoryWatch {
  readonly pattern: string;
  readonly watcher: RegistryWatcher;
  readonly #words: readonly string[];

  constructor(pattern: string, watcher: RegistryWatcher) {
    this.pattern = pattern;
    this.#words = pattern.split(".");
    this.watcher = watcher;
  }

  tell(key: string, record: RegistryRecord | undefined): void {
    if (this.#matches(key.split("."))) this.watcher.changed(key, record);
  }

  #matches(parts: readonly string[]): boolean {
    const words = this.#words;
    if (words.at(-1) === ">") return parts.length >= words.length && this.#begins(parts, words.length - 1);
    return parts.length === words.length && this.#begins(parts, words.length);
  }

  #begins(parts: readonly string[], count: number): boolean {
    for (let index = 0; index < count; index++) {
      if (this.#words[index] !== "*" && this.#words[index] !== parts[index]) return false;
    }
    return true;
  }
}

class MemoryRegistry implements Registry {
  readonly #records: MemoryRecords;
  readonly #name: string;
  readonly #stops = new Set<() => void>();
  #isClosed = false;

  constructor(records: MemoryRecords, name: string) {
    this.#records = records;
    this.#name = name;
  }

  attach(): void {}

  create(key: string, value: Uint8Array, answer: Answer): void {
    this.#call(answer, (open) => this.#records.write(key, new Uint8Array(value), undefined, open));
  }

  update(key: string, value: Uint8Array, revision: number, answer: Answer): void {
    this.#call(answer, (open) => this.#records.write(key, new Uint8Array(value), revision, open));
  }

  remove(key: string, revision: number, answer: Answer): void {
    this.#call(answer, (open) => this.#records.write(key, undefined, revision, open));
  }

  read(key: string, answer: Answer): void {
    this.#call(answer, (open) => {
      const record = this.#records.get(key);
      open(record === undefined ? { kind: "absent" } : { kind: "found", record });
    });
  }

  watch(pattern: string, watcher: RegistryWatcher): () => void {
    const stop = this.#records.watch(pattern, watcher);
    this.#stops.add(stop);
    return () => {
      this.#stops.delete(stop);
      stop();
    };
  }

  uniqueName(): string {
    return this.#name;
  }

  leastMs(polledMs: number): number {
    return polledMs;
  }

  mostMs(polledMs: number): number {
    return polledMs;
  }

  close(): void {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    this.#stops.clear();
  }

  /** Makes a call whose answer is not heard after the close, though it has its effect. */
  #call(answer: Answer, make: (answer: Answer) => void): void {
    const answerOpen: Answer = (given) => {
      if (!this.#isClosed) answer(given);
    };
    this.#records.call(
      () => make(answerOpen),
      () => answerOpen({ kind: "failed", reason: CUT }),
    );
  }
}

const CUT: CloseReason = { kind: "reset", message: "the memory network was cut" };
