import { expect, test } from "vitest";
import { SharedRegistry } from "../../../src/core/claim/shared-registry.ts";
import { ScriptedRegistry } from "./scripted-registry.ts";

test("the two clocks of leases never go back, whatever a registry and a game tell", () => {
  const registry = new ScriptedRegistry();
  const shared = new SharedRegistry(registry);
  shared.begin(1_000);
  shared.begin(400);
  expect([shared.leastMs, shared.mostMs]).toEqual([1_000, 1_000]);
  registry.behindMs = 300;
  shared.begin(1_200);
  expect([shared.leastMs, shared.mostMs]).toEqual([1_000, 1_200]);
  shared.begin(1_400);
  expect([shared.leastMs, shared.mostMs]).toEqual([1_100, 1_400]);
});
