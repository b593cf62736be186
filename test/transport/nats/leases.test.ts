/**
 * Leases over a real broker: owners that are killed, stopped past their time, and woken; a broker that is
 * away for less and for more than that; buckets that are deleted beneath, or are none of ours.
 */
import { createRequire } from "node:module";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Claim, lease, leases, Poller } from "../../../src/index.ts";
import { nats } from "../../../src/nats.ts";
import { Child, endAll } from "../../demo/children.ts";
import { needs } from "../../machine.ts";
import { Broker } from "./broker.ts";

const TTL_MS = 1_500;
const OWNER = new URL("lease-owner.ts", import.meta.url).pathname;

let broker: Broker;
let pollers: Poller[] = [];
/** The connections of an operator. */
let operators: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  broker = await Broker.start({ jetstream: true });
});

afterEach(async () => {
  await endAll();
  for (const poller of pollers) poller[Symbol.dispose]();
  pollers = [];
  await Promise.all(operators.map((connection) => connection.close()));
  operators = [];
  await broker[Symbol.asyncDispose]();
});

/** A poller of this process that claims a lease, by a connection of its own. */
function claimant(ttlMs = TTL_MS, name = "world.7"): { poller: Poller; claim: Claim } {
  const poller = newPoller();
  poller.on("unhold", () => {});
  return { poller, claim: poller.claim(lease(nats({ servers: broker.url }), name, { ttlMs })) };
}

function newPoller(): Poller {
  const poller = new Poller();
  pollers.push(poller);
  return poller;
}

/** Polls all of them, as loops do, until it is so. */
async function until(isThere: () => boolean, giveUpMs = 60_000): Promise<void> {
  for (const endMs = performance.now() + giveUpMs; performance.now() < endMs; ) {
    for (const poller of pollers) {
      poller.poll();
      poller.flush();
    }
    if (isThere()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("it did not come");
}

async function pass(lengthMs: number): Promise<void> {
  const endMs = performance.now() + lengthMs;
  await until(() => performance.now() >= endMs);
}

function owner(): Child {
  return new Child(
    process.execPath,
    ["--import", "tsx", OWNER, broker.url, "world.7", String(TTL_MS)],
    "pipe",
  );
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

describe("a lease over NATS", needs("nats-server"), () => {
  test("is held by one, waited for by others, listed, and given on with its state", async () => {
    const one = claimant(60_000);
    await until(() => one.claim.state === "held");
    const other = claimant(60_000);
    const listing = other.poller.list(leases(nats({ servers: broker.url }), "world.*"));
    await until(() => other.claim.holder !== undefined && listing.state === "open");
    expect(other.claim.state).toBe("waiting");
    expect(other.claim.holder).toEqual({ epoch: one.claim.epoch, meta: undefined });
    expect(listing.entries).toEqual([{ name: "world.7", epoch: one.claim.epoch, meta: undefined }]);
    one.claim.transfer(bytesOf("tick 900"));
    await until(() => other.claim.state === "held"); // long before its time is over
    expect(other.claim.epoch).toBeGreaterThan(one.claim.epoch);
    expect(text(other.claim.snapshot)).toBe("tick 900");
    await until(() => listing.entries[0]?.epoch === other.claim.epoch);
  });

  test("of a process that is killed is another's after its time, from the last snapshot", async () => {
    const child = owner();
    const [, epoch] = await child.out.until(/^held (\d+)/);
    child.type("save tick-60\n");
    const other = claimant();
    const listing = other.poller.list(leases(nats({ servers: broker.url }), ">"));
    await until(() => other.claim.holder?.epoch === Number(epoch));
    await pass(300);
    await child.kill("SIGKILL");
    expect(other.claim.state).toBe("waiting");
    await until(() => other.claim.state === "held");
    expect([text(other.claim.snapshot), other.claim.epoch > Number(epoch)]).toEqual(["tick-60", true]);
    await until(() => listing.entries[0]?.epoch === other.claim.epoch);
  });

  test("of a process that was stopped past its time is lost before its tick acts, each time", async () => {
    let [first, second] = [owner(), owner()];
    await Promise.all([first, second].map((child) => child.out.until(/^begun/)));
    const heldBy = (child: Child) => child.out.all.some((line) => line.startsWith("held"));
    await until(() => heldBy(first) || heldBy(second));
    if (heldBy(second)) [first, second] = [second, first];
    for (let round = 0; round < 3; round++) {
      await first.out.until(/^act/);
      first.process.kill("SIGSTOP");
      const [, epoch, heldMs] = await second.out.until(/^held (\d+) (\d+)/);
      first.process.kill("SIGCONT");
      const [line] = await first.out.until(/^over.*/);
      expect(line).toMatch(/^over ttlMs/);
      const acts = first.out.all.filter((said) => said.startsWith("act"));
      const [, oldEpoch, lastMs] = acts.at(-1)?.split(" ") ?? [];
      expect(Number(lastMs)).toBeLessThan(Number(heldMs));
      expect(Number(epoch)).toBeGreaterThan(Number(oldEpoch));
      await first.kill("SIGKILL");
      [first, second] = [second, owner()];
      await second.out.until(/^begun/);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  });

  test("goes on when the broker was away for less than its time: stopped, or killed and started again", async () => {
    const { claim } = claimant(10_000);
    await until(() => claim.state === "held");
    const { epoch } = claim;
    broker.freeze();
    await pass(1_000);
    broker.thaw();
    await broker.kill();
    await pass(1_000);
    await broker.restart();
    await pass(11_000);
    expect([claim.state, claim.epoch, claim.closeReason]).toEqual(["held", epoch, undefined]);
  });

  test("is lost when the broker is away for more than its time, and one of those who claim it has it afterwards", async () => {
    const one = claimant();
    await until(() => one.claim.state === "held");
    const other = claimant();
    await until(() => other.claim.holder !== undefined);
    await broker.kill();
    await until(() => one.claim.state === "lost");
    expect(one.claim.closeReason?.code).toBe("ttlMs");
    const again = one.poller.claim(lease(nats({ servers: broker.url }), "world.7", { ttlMs: TTL_MS }));
    await pass(500);
    expect([again.state, other.claim.state]).toEqual(["waiting", "waiting"]);
    expect(again.lastFailure).toBeDefined();
    await broker.restart();
    await until(() => [again.state, other.claim.state].includes("held"));
    await pass(2 * TTL_MS);
    expect([again.state, other.claim.state].sort()).toEqual(["held", "waiting"]);
    const winner = again.state === "held" ? again : other.claim;
    expect(winner.epoch).toBeGreaterThan(one.claim.epoch);
  });

  test("ends with its bucket, and the next one has a higher epoch, though revisions begin again", async () => {
    const { poller, claim } = claimant();
    const listing = poller.list(leases(nats({ servers: broker.url }), "*.*"));
    await until(() => claim.state === "held" && listing.entries.length === 1);
    await pass(TTL_MS);
    await destroyBucket();
    await until(() => claim.state === "lost");
    const next = poller.claim(lease(nats({ servers: broker.url }), "world.7", { ttlMs: TTL_MS }));
    await until(() => next.state === "held");
    expect(next.epoch).toBeGreaterThan(claim.epoch);
    await until(() => listing.entries[0]?.epoch === next.epoch);
  });

  test("is held by the thousand over one connection, and listed", async () => {
    const poller = newPoller();
    const bus = nats({ servers: broker.url });
    const claims = Array.from({ length: 1_000 }, (_, id) =>
      poller.claim(lease(bus, `many.${id}`, { ttlMs: 20_000 })),
    );
    const waiting = newPoller();
    const second = nats({ servers: broker.url });
    await until(() => claims.every(({ state }) => state === "held"));
    const late = Array.from({ length: 1_000 }, (_, id) =>
      waiting.claim(lease(second, `many.${id}`, { ttlMs: 20_000 })),
    );
    const listing = waiting.list(leases(second, "many.*"));
    await until(() => late.every(({ holder }) => holder !== undefined) && listing.entries.length === 1_000);
    for (const claim of claims) claim.release();
    await until(() => late.every(({ state }) => state === "held"));
  });

  test("leaves nothing of its process: it gives back what it holds, and ends by itself", async () => {
    const child = owner();
    await child.out.until(/^held/);
    child.type("end\n");
    await child.out.until(/^done/);
    expect(await child.exit()).toBe(0);
    const { claim } = claimant(60_000);
    await until(() => claim.state === "held"); // at once, as there is no record
  });

  test("leaves nothing in each other state: while it connects, waits, and when the broker is away", async () => {
    const held = claimant(60_000);
    await until(() => held.claim.state === "held");
    const waiting = claimant();
    await until(() => waiting.claim.holder !== undefined);
    const connecting = claimant();
    const away = claimant(60_000, "world.8");
    await until(() => away.claim.state === "held");
    for (const { poller } of [waiting, connecting]) await poller[Symbol.asyncDispose]();
    await broker.kill();
    const nobody = claimant();
    nobody.poller.poll();
    await nobody.poller[Symbol.asyncDispose]();
    const began = performance.now();
    away.poller.close();
    await until(() => away.poller.sources.length === 0);
    expect(performance.now() - began).toBeGreaterThan(3_000); // it tries until closeTimeoutMs
    for (const { claim } of [waiting, connecting, nobody, away]) expect(claim.state).toBe("released");
  });
});

describe("a broker that keeps no leases", needs("nats-server"), () => {
  test("as it has no JetStream is a reason, which says what to do", async () => {
    await using plain = await Broker.start();
    const poller = newPoller();
    poller.on("unhold", () => {});
    const claim = poller.claim(lease(nats({ servers: plain.url }), "world.7"));
    await until(() => claim.state === "lost");
    expect(claim.closeReason).toMatchObject({ kind: "failed", code: "jetstream" });
    expect(claim.closeReason?.message).toMatch(/nats-server --jetstream/);
    expect(poller.sources).toEqual([]);
  });

  test("as the bucket is in memory is a reason", async () => {
    await makeBucket({ storage: "memory" });
    const { claim } = claimant();
    await until(() => claim.state === "lost");
    expect(claim.closeReason).toMatchObject({ kind: "failed", code: "storage" });
  });

  test("as it lets nobody in with these words is a reason, without them", async () => {
    await using closed = await Broker.start({ jetstream: true, flags: ["--user", "ann", "--pass", "right"] });
    const poller = newPoller();
    poller.on("unhold", () => {});
    const bus = nats({ servers: closed.url, user: "ann", password: "wrong-one" });
    const claim = poller.claim(lease(bus, "world.7"));
    await until(() => claim.state === "lost");
    expect(claim.closeReason?.kind).toBe("denied");
    expect(JSON.stringify(claim.closeReason)).not.toContain("wrong-one");
  });

  test("before it is there is waited for, and said", async () => {
    await broker.kill();
    const { claim } = claimant();
    await until(() => claim.lastFailure !== undefined);
    expect(claim.state).toBe("waiting");
    await broker.restart();
    await until(() => claim.state === "held");
  });
});

describe("what strangers do to a bucket", needs("nats-server"), () => {
  test("harms nobody but the leases of those keys, and those for their time", async () => {
    const bucket = await makeBucket({ storage: "file" });
    for (const key of ["lease", "lease.world.7.x", "other", "snapshot.world.7", "lease.world.9"])
      await bucket.put(key, key === "lease.world.9" ? new Uint8Array(900_000) : bytesOf("{]"));
    const { poller, claim } = claimant();
    const listing = poller.list(leases(nats({ servers: broker.url }), ">"));
    await until(() => claim.state === "held" && listing.state === "open");
    expect([claim.snapshot, listing.entries.map(({ name }) => name)]).toEqual([undefined, ["world.7"]]);
    claim.trySave(bytesOf("tick 1"));
    await until(() => !claim.isSaving);
    await bucket.put("snapshot.world.7", bytesOf("[]"));
    claim.trySave(bytesOf("tick 2"));
    await until(() => !claim.isSaving);
    await bucket.put("lease.world.7", bytesOf("mine"));
    await until(() => claim.state === "lost");
    const next = poller.claim(lease(nats({ servers: broker.url }), "world.7", { ttlMs: TTL_MS }));
    await until(() => next.state === "held");
    expect(text(next.snapshot)).toBe("tick 2");
  });

  test("a snapshot that is larger than the broker takes is dropped, and said; the lease goes on", async () => {
    await using small = await Broker.start({ jetstream: true, flags: ["-c", await smallPayloads()] });
    const poller = newPoller();
    const claim = poller.claim(lease(nats({ servers: small.url }), "world.7", { ttlMs: TTL_MS }));
    await until(() => claim.state === "held");
    claim.trySave(new Uint8Array(100_000));
    await until(() => !claim.isSaving);
    expect(claim.lastFailure?.code).toBe("max_payload");
    await pass(2 * TTL_MS);
    expect(claim.state).toBe("held");
  });
});

async function smallPayloads(): Promise<string> {
  const { mkdtemp, writeFile } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const { join } = await import("node:path");
  const file = join(await mkdtemp(join(tmpdir(), "tickwire-nats-conf-")), "small.conf");
  await writeFile(file, "max_payload: 65536\n");
  return file;
}

interface Bucket {
  put(key: string, value: Uint8Array): Promise<number>;
  destroy(): Promise<boolean>;
}

/** The bucket, as an operator's tool sees it. */
async function makeBucket(options: object): Promise<Bucket> {
  const require = createRequire(import.meta.url);
  const { connect } = require("@nats-io/transport-node");
  const { Kvm } = require("@nats-io/kv");
  const connection = await connect({ servers: broker.url });
  operators.push(connection);
  return new Kvm(connection).create("tickwire-leases", options);
}

async function destroyBucket(): Promise<void> {
  await (await makeBucket({ storage: "file" })).destroy();
}
