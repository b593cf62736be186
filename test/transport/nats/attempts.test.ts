/**
 * When a broker is asked for again, and what becomes of a program that lacks a package. The
 * client is a part of the test, and time goes by assignment.
 */
import { createRequire } from "node:module";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lease, leases, lines, Poller } from "../../../src/index.ts";
import { nats } from "../../../src/nats.ts";
import { Bus, type BusUser } from "../../../src/transport/nats/bus.ts";
import * as client from "../../../src/transport/nats/client.ts";
import { natsSettings } from "../../../src/transport/nats/nats-options.ts";
import { until } from "../poll-until.ts";

vi.mock("node:module", async (original) => {
  const real = await original<typeof import("node:module")>();
  const lacking = (name: string) => {
    throw Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" });
  };
  return { ...real, createRequire: vi.fn(() => lacking) };
});

describe("a broker that is gone is asked for", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    vi.spyOn(Math, "random").mockReturnValue(1);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  test("at once, then after waits that double up to reconnectMs, and anew once it was there", () => {
    const attempts: client.ClientEvents[] = [];
    vi.spyOn(client, "dial").mockImplementation((_, events) => {
      attempts.push(events);
      return () => {};
    });
    const bus = new Bus(natsSettings({ reconnectMs: 1_500 }));
    bus.use(user());
    const last = () => attempts.at(-1) as client.ClientEvents;
    const lose = () => last().lost({ kind: "refused", message: "nobody" }, false);
    const open = () => last().opened({ confirm: (done) => done(), close: () => {} } as client.Client);
    for (const waits of [
      [0, 250, 500, 1_000, 1_500, 1_500],
      [0, 250],
    ]) {
      for (const waitMs of waits) {
        const before = attempts.length;
        lose();
        if (waitMs > 0) vi.advanceTimersByTime(waitMs - 1);
        expect(attempts.length).toBe(before);
        vi.advanceTimersByTime(1);
        expect(attempts.length).toBe(before + 1);
      }
      open();
    }
  });
});

describe("a program without a package", () => {
  test("has a socket that is closed, by a sentence that names the package", async () => {
    const poller = new Poller();
    const socket = poller.bind(nats(), lines());
    const connection = poller.connect(nats({ name: "me" }), lines());
    await until(poller, () => socket.state === "closed" && connection.state === "closed");
    for (const { closeReason } of [socket, connection])
      expect(closeReason).toMatchObject({
        kind: "failed",
        code: "ERR_MODULE_NOT_FOUND",
        message: "tickwire/nats needs a package: npm install @nats-io/transport-node",
      });
    await poller[Symbol.asyncDispose]();
  });

  test("has everything of one value closed, and what is made of it later", async () => {
    const poller = new Poller();
    for (const event of ["unbind", "unlisten", "unhold"] as const) poller.on(event, () => {});
    const bus = nats({ name: "me" });
    const make = () => [
      poller.bind(bus, lines()),
      poller.bind(bus.at("world.7"), lines()),
      poller.listen(bus, lines()),
      poller.connect(bus, lines()),
      poller.claim(lease(bus, "world.7")),
      poller.list(leases(bus, "world.*")),
    ];
    for (const made of [make(), make()]) {
      await until(poller, () => made.every(({ closeReason }) => closeReason !== undefined));
      for (const { closeReason } of made)
        expect(closeReason?.message).toContain("npm install @nats-io/transport-node");
    }
    await poller[Symbol.asyncDispose]();
  });

  test("has a claim that is lost, by a sentence that names the one it lacks", async () => {
    const poller = new Poller();
    poller.on("unhold", () => {});
    const claim = poller.claim(lease(nats(), "world.7"));
    await until(poller, () => claim.state === "lost");
    expect(claim.closeReason?.message).toContain("npm install @nats-io/transport-node");
    const { openBucket } = await import("../../../src/transport/nats/kv.ts");
    await expect(openBucket({} as client.NatsConnection, "leases")).rejects.toThrow(
      "leases over NATS need a package: npm install @nats-io/kv",
    );
    expect(vi.isMockFunction(createRequire)).toBe(true);
    await poller[Symbol.asyncDispose]();
  });
});

function user(): BusUser {
  return {
    ...{ opened: () => {}, trouble: () => {}, suspended: () => {} },
    ...{ resumed: () => {}, closed: () => {} },
  };
}
