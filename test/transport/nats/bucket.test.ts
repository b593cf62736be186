/**
 * A bucket of leases that is deleted and made anew beneath a process: no revision of the new one is
 * taken for one of the old one, though they begin again. The store is a part of the test.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Bucket, reasonOfBucket } from "../../../src/transport/nats/kv.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

/** A bucket of JetStream, as its client shows it, which can be deleted and made anew. */
class Store {
  #madeMs = Date.UTC(2026, 0, 1);
  #sequence = 0;
  readonly #last = new Map<string, { sequence: number; value: Uint8Array }>();
  /** How often it was asked for its state. */
  looks = 0;
  /** What happens behind the next write. */
  afterWrite = (): void => {};

  makeAnew(): void {
    this.#madeMs += 1_000;
    this.#sequence = 0;
    this.#last.clear();
  }

  async create(key: string, value: Uint8Array): Promise<number> {
    return this.#write(key, value, undefined);
  }

  async update(key: string, value: Uint8Array, sequence: number): Promise<number> {
    return this.#write(key, value, sequence);
  }

  async delete(key: string, { previousSeq }: { previousSeq: number }): Promise<void> {
    this.#write(key, undefined, previousSeq);
  }

  async get(key: string) {
    const found = this.#last.get(key);
    return found === undefined
      ? null
      : { key, value: found.value, revision: found.sequence, operation: "PUT", delta: 0 };
  }

  async status() {
    this.looks++;
    return { storage: "file", streamInfo: { created: new Date(this.#madeMs).toISOString() } };
  }

  keys(): never {
    throw new Error("nobody asks");
  }

  watch(): never {
    throw new Error("nobody asks");
  }

  #write(key: string, value: Uint8Array | undefined, sequence: number | undefined): number {
    if (this.#last.get(key)?.sequence !== sequence)
      throw Object.assign(new Error("wrong last sequence"), { code: 10_071 });
    this.#sequence++;
    if (value === undefined) this.#last.delete(key);
    else this.#last.set(key, { sequence: this.#sequence, value });
    this.afterWrite();
    return this.#sequence;
  }
}

async function opened(store = new Store()) {
  return { store, bucket: new Bucket(store, await store.status()) };
}

const VALUE = Uint8Array.of(1);

describe("a bucket that was made anew", () => {
  test("has higher revisions than the one before, though its sequences begin again", async () => {
    const { store, bucket } = await opened();
    const first = await bucket.create("a", VALUE);
    vi.advanceTimersByTime(1_000);
    store.makeAnew();
    const second = await bucket.create("a", VALUE);
    expect(first.kind === "written" && second.kind === "written").toBe(true);
    expect((second as { revision: number }).revision).toBeGreaterThan(
      (first as { revision: number }).revision,
    );
    expect((await bucket.read("a"))?.revision).toBe((second as { revision: number }).revision);
  });

  test("gives no lease by a number of the one before: what was created meanwhile has failed, and is read", async () => {
    const { store, bucket } = await opened();
    const { revision } = (await bucket.create("a", VALUE)) as { revision: number };
    store.makeAnew(); // within the moment in which nobody looks again
    const reason = await bucket.create("a", VALUE).then(
      () => undefined,
      (error: unknown) => reasonOfBucket(error),
    );
    expect(reason).toMatchObject({ kind: "failed" });
    expect((await bucket.read("a"))?.revision).toBeGreaterThan(revision);
  });

  test.each(["update", "remove"] as const)(
    "has no record that an owner of the one before may %s",
    async (call) => {
      const { store, bucket } = await opened();
      const { revision } = (await bucket.create("a", VALUE)) as { revision: number };
      vi.advanceTimersByTime(1_000);
      store.makeAnew();
      await store.create("a", VALUE); // with the same sequence
      const answer = call === "update" ? bucket.update("a", VALUE, revision) : bucket.remove("a", revision);
      expect(await answer).toEqual({ kind: "conflict" });
    },
  );
});

describe("whether a bucket is still the same one", () => {
  test("is asked once by those who ask within a moment, and again after it", async () => {
    const { store, bucket } = await opened();
    store.looks = 0;
    await Promise.all(["a", "b", "c"].map((key) => bucket.read(key)));
    expect(store.looks).toBe(1);
    vi.advanceTimersByTime(249);
    await bucket.read("a");
    expect(store.looks).toBe(1);
    vi.advanceTimersByTime(1);
    await bucket.read("a");
    expect(store.looks).toBe(2);
  });

  test("is asked again after each first record, once for all that come together", async () => {
    const { store, bucket } = await opened();
    store.looks = 0;
    await Promise.all(Array.from({ length: 100 }, (_, id) => bucket.create(`${id}`, VALUE)));
    expect(store.looks).toBeGreaterThanOrEqual(2);
    expect(store.looks).toBeLessThanOrEqual(4);
  });
});

test("a write against another revision is a conflict, and any other error is one", async () => {
  const { store, bucket } = await opened();
  const { revision } = (await bucket.create("a", VALUE)) as { revision: number };
  expect(await bucket.create("a", VALUE)).toEqual({ kind: "conflict" });
  expect(await bucket.update("a", VALUE, revision + 1)).toEqual({ kind: "conflict" });
  expect(await bucket.update("a", VALUE, 1)).toEqual({ kind: "conflict" });
  expect(await bucket.update("a", VALUE, revision)).toEqual({ kind: "written", revision: revision + 1 });
  expect(await bucket.remove("a", revision)).toEqual({ kind: "conflict" });
  expect((await bucket.remove("a", revision + 1)).kind).toBe("written");
  expect(await bucket.read("a")).toBeUndefined();
  store.afterWrite = () => {
    throw new Error("the disk is full");
  };
  await expect(bucket.create("a", VALUE)).rejects.toThrow("the disk is full");
});
