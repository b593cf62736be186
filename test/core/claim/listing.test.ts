import { describe, expect, test } from "vitest";
import { lease, leases, memory, Poller, settle } from "../../../src/index.ts";
import { LeasingLine } from "./leasing-line.ts";
import { record, ScriptedRegistry } from "./scripted-registry.ts";

function lobby(pattern = "world.*") {
  const wire = memory();
  const worlds = new Poller();
  const line = new LeasingLine(wire);
  const poller = new Poller();
  const listing = poller.list(leases(line, pattern));
  const claims = ["world.7", "world.10", "world.7.zone", "lobby"].map((name) =>
    worlds.claim(lease(wire, name, { meta: { of: name } })),
  );
  const names = () => listing.entries.map(({ name }) => name);
  return { wire, worlds, line, poller, listing, claims, names };
}

describe("a listing", () => {
  test.each([
    ["world.*", ["world.10", "world.7"]],
    ["world.>", ["world.10", "world.7", "world.7.zone"]],
    [">", ["lobby", "world.10", "world.7", "world.7.zone"]],
    ["lobby", ["lobby"]],
    ["*.*.*", ["world.7.zone"]],
    ["none.*", []],
  ])("of %s has the leases of those names that somebody holds", (pattern, expected) => {
    const { worlds, poller, listing, claims, names } = lobby(pattern);
    expect([listing.state, names()]).toEqual(["starting", []]);
    settle(worlds, poller);
    expect([listing.state, names()]).toEqual(["open", expected]);
    for (const { name, epoch, meta } of listing.entries) {
      expect(meta).toEqual({ of: name });
      expect(epoch).toBe(claims.find((claim) => claim.name === name)?.epoch);
    }
  });

  test("tells of those that were there before it", () => {
    const { wire, worlds, poller } = lobby();
    settle(worlds);
    const late = poller.list(leases(wire, "world.*"));
    poller.poll(0);
    expect([late.state, late.entries.length]).toEqual(["open", 2]);
  });

  test("drops what is released at once, and what is not renewed when its time is over", () => {
    const { worlds, poller, claims, names } = lobby();
    settle(worlds, poller);
    claims[0]?.release();
    settle(worlds, poller);
    expect(names()).toEqual(["world.10"]);
    poller.poll(4_999);
    expect(names()).toEqual(["world.10"]);
    poller.poll(5_000);
    expect(names()).toEqual([]);
  });

  test("has the same array until something in it is another, renewals not counted", () => {
    const { worlds, poller, listing, claims } = lobby();
    settle(worlds, poller);
    const { entries } = listing;
    for (let nowMs = 0; nowMs <= 20_000; nowMs += 500) {
      worlds.poll(nowMs);
      poller.poll(nowMs);
    }
    expect(listing.entries).toBe(entries);
    claims[0]?.setMeta({ of: "world.7", players: 2 });
    for (let nowMs = 20_000; nowMs <= 22_000; nowMs += 500) {
      worlds.poll(nowMs);
      poller.poll(nowMs);
    }
    expect(listing.entries).not.toBe(entries);
    expect(listing.entries[0]).toBe(entries[0]); // world.10 is as it was
    expect(listing.entries[1]?.meta).toEqual({ of: "world.7", players: 2 });
    expect(entries.length).toBe(2);
  });

  test("that is closed changes no more, and its poller has nothing of it", () => {
    const { worlds, poller, listing, line, names } = lobby();
    settle(worlds, poller);
    listing.close();
    listing.close();
    expect([listing.state, listing.closeReason?.kind, line.isClosed]).toEqual(["closed", "local", true]);
    worlds.poll(60_000);
    poller.poll(60_000);
    expect(names()).toEqual(["world.10", "world.7"]);
    expect(poller.sources).toEqual([]);
  });

  test("closes with its poller, and with its registry for that reason", async () => {
    const { poller, listing } = lobby();
    await poller[Symbol.asyncDispose]();
    expect(listing.closeReason?.kind).toBe("local");
    const other = lobby();
    other.line.events?.closed({ kind: "denied", message: "no" });
    other.poller.poll(0);
    expect([other.listing.state, other.listing.closeReason?.kind]).toEqual(["closed", "denied"]);
  });

  test("has its poller wake when a lease in it ends", () => {
    const { worlds, poller } = lobby();
    settle(worlds, poller);
    expect(poller.dueInMs()).toBe(5_000);
  });

  test("believes no record that is older than what it has, or the same again", () => {
    const { registry, tell, names } = told();
    tell(0, "lease.world.7", record(10, { meta: "newer", ttlMs: 1_000 }));
    const { entries } = tell(0, "lease.world.7", record(9, { meta: "older" }));
    expect(entries).toMatchObject([{ epoch: 10, meta: "newer" }]);
    tell(500, "lease.world.7", record(10, { meta: "newer", ttlMs: 1_000 }));
    tell(1_000); // one that is told again is no renewal
    expect(names()).toEqual([]);
    expect(registry.asked).toEqual([]);
  });

  test("has 65,536 leases at most, whoever writes more, and goes on with those", () => {
    const { registry, tell, names } = told();
    for (let id = 0; id < 65_537; id++)
      registry.watcher?.changed(`lease.world.${id}`, record(id + 1, { ttlMs: 1_000 }));
    tell(0);
    expect([names().length, names().includes("world.65536")]).toEqual([65_536, false]);
    tell(100, "lease.world.7", record(70_000, { ttlMs: 5_000, meta: "renewed" }));
    tell(1_000);
    expect(names()).toEqual(["world.7"]);
    tell(1_100, "lease.world.65536", record(70_001, { ttlMs: 1_000 }));
    expect(names()).toEqual(["world.65536", "world.7"]);
  });
});

/** A listing that is told by hand. */
function told() {
  const registry = new ScriptedRegistry();
  const poller = new Poller();
  const listing = poller.list(leases(registry, "world.*"));
  const tell = (nowMs: number, key?: string, given?: ReturnType<typeof record>) => {
    if (key !== undefined) registry.watcher?.changed(key, given);
    poller.poll(nowMs);
    return listing;
  };
  return { registry, tell, names: () => listing.entries.map(({ name }) => name) };
}
