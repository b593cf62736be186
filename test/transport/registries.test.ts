/** What every registry does, in memory and in a bucket of NATS: of several writers one wins, and revisions only grow. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LeasingTransport, Registry, RegistryAnswer, RegistryRecord } from "../../src/index.ts";
import { memory } from "../../src/index.ts";
import { nats } from "../../src/nats.ts";
import { describeRows, type Needing } from "../rows.ts";
import { Broker } from "./nats/broker.ts";

interface Row extends Needing {
  readonly name: string;
  make(): Promise<LeasingTransport>;
}

let broker: Broker | undefined;
let buckets = 0;

const rows: readonly Row[] = [
  { name: "memory", make: async () => memory() },
  {
    name: "NATS",
    needs: ["nats-server"],
    async make() {
      broker ??= await Broker.start({ jetstream: true });
      return nats({ servers: broker.url, leases: `leases-${++buckets}` });
    },
  },
];

afterAll(async () => {
  await broker?.[Symbol.asyncDispose]();
  broker = undefined;
});

describeRows(rows)("a registry in $name", ({ make }) => {
  let records: Registry;
  let other: Registry;

  beforeAll(async () => {
    const transport = await make();
    [records, other] = [transport.registry(), transport.registry()];
    for (const one of [records, other]) one.attach({ closed: (reason) => expect(reason).toBe(undefined) });
    await until(async () => (await ask(records, "read", "none")).kind === "absent");
    await until(async () => (await ask(other, "read", "none")).kind === "absent");
  });

  afterAll(() => {
    records.close();
    other.close();
  });

  test("writes where there is none, and then no other", async () => {
    const first = await ask(records, "create", "a.1", bytesOf("one"));
    expect(first).toMatchObject({ kind: "written" });
    expect(await ask(other, "create", "a.1", bytesOf("two"))).toEqual({ kind: "conflict" });
    expect(await ask(other, "read", "a.1")).toEqual({
      kind: "found",
      record: { value: bytesOf("one"), revision: revisionOf(first) },
    });
  });

  test("writes over the revision that is there, and over no other", async () => {
    const first = await ask(records, "create", "b", bytesOf("one"));
    const second = await ask(other, "update", "b", bytesOf("two"), revisionOf(first));
    expect(revisionOf(second)).toBeGreaterThan(revisionOf(first));
    for (const wrong of [revisionOf(first), revisionOf(second) + 1, 1])
      expect(await ask(records, "update", "b", bytesOf("three"), wrong)).toEqual({ kind: "conflict" });
    expect(await ask(records, "update", "nothing", bytesOf("x"), revisionOf(second))).toEqual({
      kind: "conflict",
    });
    expect(await ask(records, "read", "b")).toMatchObject({ record: { value: bytesOf("two") } });
  });

  test("removes the revision that is there, and no other; what comes after it is higher", async () => {
    const first = await ask(records, "create", "c", bytesOf("one"));
    expect(await ask(records, "remove", "c", revisionOf(first) + 1)).toEqual({ kind: "conflict" });
    expect(await ask(records, "remove", "c", revisionOf(first))).toMatchObject({ kind: "written" });
    expect(await ask(records, "read", "c")).toEqual({ kind: "absent" });
    const again = await ask(other, "create", "c", bytesOf("two"));
    expect(revisionOf(again)).toBeGreaterThan(revisionOf(first));
  });

  test("lets one of many win that write at once", async () => {
    const written = await ask(records, "create", "d", bytesOf("0"));
    const attempts = Array.from({ length: 20 }, (_, id) =>
      ask(id % 2 ? records : other, "update", "d", bytesOf(`${id}`), revisionOf(written)),
    );
    const kinds = (await Promise.all(attempts)).map(({ kind }) => kind).sort();
    expect(kinds).toEqual([...Array(19).fill("conflict"), "written"]);
  });

  test("tells a watch of what is there, and of each change, by key and by pattern", async () => {
    const told = new Map<string, (string | undefined)[]>();
    const note = (of: string) => (key: string, record: RegistryRecord | undefined) => {
      const list = told.get(of) ?? [];
      const text = `${key} ${record && new TextDecoder().decode(record.value)}`;
      if (list.at(-1) !== text) list.push(text);
      told.set(of, list);
    };
    let ready = 0;
    const first = await ask(records, "create", "e.7", bytesOf("one"));
    const stops = ["e.7", "e.8", "e.*", "*.7", "f.>"].map((pattern) =>
      other.watch(pattern, { changed: note(pattern), ready: () => ready++ }),
    );
    await until(() => told.get("e.*")?.length === 1 && told.get("e.7")?.length === 1 && ready >= 3);
    const second = await ask(records, "update", "e.7", bytesOf("two"), revisionOf(first));
    await until(() => told.get("e.*")?.length === 2 && told.get("e.7")?.length === 2);
    await ask(records, "remove", "e.7", revisionOf(second));
    const all = ["e.7 one", "e.7 two", "e.7 undefined"];
    await until(() => told.get("e.*")?.length === 3 && told.get("e.7")?.length === 3);
    await until(() => told.get("*.7")?.length === 3);
    expect([told.get("e.*"), told.get("e.7"), told.get("*.7")]).toEqual([all, all, all]);
    expect([told.get("f.>"), told.get("e.8")?.filter((text) => text !== "e.8 undefined") ?? []]).toEqual([
      undefined,
      [],
    ]);
    for (const stop of stops) stop();
    await ask(records, "create", "e.7", bytesOf("three"));
    expect(told.get("e.*")?.length).toBe(3);
  });

  test("names its users differently", () => {
    expect(records.uniqueName()).not.toBe(other.uniqueName());
  });
});

function ask(records: Registry, call: "read", key: string): Promise<RegistryAnswer>;
function ask(records: Registry, call: "create", key: string, value: Uint8Array): Promise<RegistryAnswer>;
function ask(
  records: Registry,
  call: "update",
  key: string,
  value: Uint8Array,
  revision: number,
): Promise<RegistryAnswer>;
function ask(records: Registry, call: "remove", key: string, revision: number): Promise<RegistryAnswer>;
function ask(records: Registry, call: keyof Registry, ...args: readonly unknown[]): Promise<RegistryAnswer> {
  return new Promise((resolve) => Reflect.apply(records[call], records, [...args, resolve]));
}

function revisionOf(answer: RegistryAnswer): number {
  if (answer.kind !== "written") throw new Error(`expected written, got ${JSON.stringify(answer)}`);
  return answer.revision;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function until(isThere: () => boolean | Promise<boolean>): Promise<void> {
  for (const giveUpMs = performance.now() + 30_000; performance.now() < giveUpMs; ) {
    if (await isThere()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("it did not come");
}
