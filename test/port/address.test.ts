import { expect, test } from "vitest";
import { type Address, formatAddress } from "../../src/port/address.ts";

test.each<[Address, string]>([
  [{ family: "IPv4", host: "127.0.0.1", port: 14_900 }, "127.0.0.1:14900"],
  [{ family: "IPv6", host: "::1", port: 14_900 }, "[::1]:14900"],
  [{ family: "unix", host: "/run/game.sock", port: 0 }, "/run/game.sock"],
  [{ family: "memory", host: "memory", port: 3 }, "memory:3"],
])("an address is written as people write it: %o as %s", (address, text) => {
  expect(formatAddress(address)).toBe(text);
});
