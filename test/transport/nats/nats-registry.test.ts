/** When the records of leases open their bucket, and open it again. The bucket is a part of the test. */
import { beforeEach, expect, test, vi } from "vitest";
import type { Registry, RegistryAnswer } from "../../../src/index.ts";
import type { Bus, BusUser } from "../../../src/transport/nats/bus.ts";
import { openBucket } from "../../../src/transport/nats/kv.ts";
import { NatsRegistry } from "../../../src/transport/nats/nats-registry.ts";

vi.mock("../../../src/transport/nats/kv.ts", async (original) => ({
  ...(await original<object>()),
  openBucket: vi.fn(),
}));

beforeEach(() => void vi.mocked(openBucket).mockReset());

const KEY = "lease.world.7";

/** A registry over a broker that is there; what its bucket answers is said by `write`. */
function opened(write: () => Promise<RegistryAnswer>): {
  registry: Registry;
  update(): Promise<RegistryAnswer>;
} {
  const bus = { connection: {}, use: (user: BusUser) => user.opened(), leave: () => {} };
  vi.mocked(openBucket).mockImplementation(async () => ({ update: write }) as never);
  const registry = new NatsRegistry(bus as unknown as Bus, "leases");
  registry.attach({ closed: () => {} });
  return {
    registry,
    update: () => new Promise((resolve) => registry.update(KEY, new Uint8Array(1), 1, resolve)),
  };
}

test.each([
  ["is gone", { code: 10_059 }],
  ["has nobody who answers for it", { name: "JetStreamNotEnabled" }],
])("a bucket that %s fails the call, and is opened anew for the next one, once", async (_, fields) => {
  let error: Error | undefined = Object.assign(new Error("no"), fields);
  const { update } = opened(async () => {
    if (error !== undefined) throw error;
    return { kind: "written", revision: 7 };
  });
  expect(await update()).toMatchObject({ kind: "failed", reason: { kind: "failed", code: "jetstream" } });
  expect(openBucket).toHaveBeenCalledTimes(1);
  error = undefined;
  expect(await Promise.all([update(), update()])).toEqual([
    { kind: "written", revision: 7 },
    { kind: "written", revision: 7 },
  ]);
  expect(openBucket).toHaveBeenCalledTimes(2);
});

test("a bucket that fails in another way is the same one for the next call", async () => {
  const { update } = opened(async () => {
    throw Object.assign(new Error("late"), { name: "TimeoutError" });
  });
  expect((await update()).kind).toBe("failed");
  expect((await update()).kind).toBe("failed");
  expect(openBucket).toHaveBeenCalledTimes(1);
});

test("two calls that find their bucket gone open one new bucket, also when one learns it later", async () => {
  const fails: ((error: Error) => void)[] = [];
  const { update } = opened(() => new Promise((_, reject) => fails.push(reject)));
  const gone = Object.assign(new Error("no"), { code: 10_059 });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const first = [update(), update()];
  await turn();
  fails.shift()?.(gone);
  await first[0];
  void update();
  await turn();
  fails.shift()?.(gone);
  await first[1];
  void update();
  await turn();
  expect([fails.length, vi.mocked(openBucket).mock.calls.length]).toEqual([2, 2]);
});

test("a closed registry answers nothing more", async () => {
  const answers: RegistryAnswer[] = [];
  let fail = (_: Error): void => {};
  const { registry } = opened(() => new Promise((_, reject) => (fail = reject)));
  registry.update(KEY, new Uint8Array(1), 1, (answer) => answers.push(answer));
  await new Promise((resolve) => setImmediate(resolve));
  registry.close();
  fail(new Error("no"));
  await new Promise((resolve) => setImmediate(resolve));
  expect(answers).toEqual([]);
});
