/** Addresses of sockets of both families, and how addresses are written. */
import { describe, expect, test } from "vitest";
import { type Address, formatAddress, ipAddress } from "../../src/port/address.ts";

describe("the address of an IP socket", () => {
  test.each([
    ["IPv4", "192.0.2.1", "IPv4", "192.0.2.1"],
    ["IPv6", "::ffff:192.0.2.1", "IPv4", "192.0.2.1"],
    ["IPv6", "::FFFF:192.0.2.1", "IPv4", "192.0.2.1"],
    ["IPv6", "2001:db8::1", "IPv6", "2001:db8::1"],
    ["IPv6", "::ffff:1", "IPv6", "::ffff:1"],
    ["IPv6", "::ffff:1:192.0.2.1", "IPv6", "::ffff:1:192.0.2.1"],
    ["IPv6", "64:ff9b::192.0.2.1", "IPv6", "64:ff9b::192.0.2.1"],
    [undefined, "192.0.2.1", "IPv4", "192.0.2.1"],
  ])("of %s %s is %s %s", (family, host, shownFamily, shown) => {
    const address = ipAddress(family, host, 7);
    expect(address).toEqual({ family: shownFamily, host: shown, port: 7 });
    expect(formatAddress(address)).toBe(shownFamily === "IPv6" ? `[${shown}]:7` : `${shown}:7`);
  });
});

test.each<[Address, string]>([
  [{ family: "IPv4", host: "127.0.0.1", port: 14_900 }, "127.0.0.1:14900"],
  [{ family: "IPv6", host: "::1", port: 14_900 }, "[::1]:14900"],
  [{ family: "unix", host: "/run/game.sock", port: 0 }, "/run/game.sock"],
  [{ family: "memory", host: "memory", port: 3 }, "memory:3"],
])("an address is written as people write it: %o as %s", (address, text) => {
  expect(formatAddress(address)).toBe(text);
});
