/** Whether a quiet port is one. What is drawn is put in here, so that one that is taken comes up. */
import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { quietPort } from "./ports.ts";

const drawn = vi.hoisted(() => [] as number[]);
vi.mock("node:crypto", async (actual) => {
  const crypto = await actual<typeof import("node:crypto")>();
  return {
    ...crypto,
    randomInt: (least: number, end: number) => drawn.shift() ?? crypto.randomInt(least, end),
  };
});

const server = createServer();
afterEach(() => server.close());

test("a quiet port is below those that the system draws, and nobody listens there, nor on those behind it", async () => {
  const free = await quietPort(3);
  expect(free).toBeGreaterThanOrEqual(20_000);
  expect(free).toBeLessThan(32_000 - 2);
  await once(server.listen(free + 2, "127.0.0.1"), "listening");
  drawn.push(free + 2, free);
  expect(await quietPort()).toBe(free);
  drawn.push(free);
  expect(await quietPort(3)).not.toBe(free);
  expect(drawn).toEqual([]);
});

test("a quiet port of a host that is none of this machine's cannot be had", async () => {
  await expect(quietPort(1, "192.0.2.1")).rejects.toThrow("EADDRNOTAVAIL");
});
