/** Whose word on an address is believed, range by range, and how an address is written that somebody names. */
import { BlockList } from "node:net";
import { describe, expect, test } from "vitest";
import {
  isTrustedProxies,
  numericAddress,
  type TrustedProxies,
  trustRule,
} from "../../../src/transport/node/trusted-proxies.ts";

function trusts(proxies: TrustedProxies | undefined, host: string): boolean {
  const address = numericAddress(host, 1) ?? ({ family: "unix", host, port: 0 } as const);
  return trustRule(proxies)(address);
}

describe("trusted proxies", () => {
  test.each<[string, string, string]>([
    ["10.0.0.0/8", "10.255.255.255", "11.0.0.0"],
    ["192.0.2.1", "192.0.2.1", "192.0.2.2"],
    ["192.0.2.1/32", "192.0.2.1", "192.0.2.2"],
    ["0.0.0.0/0", "203.0.113.1", "2001:db8::1"],
    ["2001:db8::/32", "2001:db8:1::1", "2001:db9::1"],
    ["2001:db8::1/128", "2001:db8::1", "2001:db8::2"],
    ["loopback", "127.1.2.3", "126.0.0.1"],
    ["loopback", "::1", "::2"],
    ["private", "10.1.1.1", "9.255.255.255"],
    ["private", "172.31.255.255", "172.32.0.0"],
    ["private", "192.168.1.1", "192.169.0.0"],
    ["private", "169.254.0.1", "169.253.0.1"],
    ["private", "fd00::1", "fe00::1"],
    ["private", "febf::1", "fec0::1"],
  ])("of %s: %s is one, and %s is none", (range, within, without) => {
    expect(() => isTrustedProxies("trustedProxies", [range])).not.toThrow();
    expect([trusts([range], within), trusts([range], without)]).toEqual([true, false]);
  });

  test("are nobody where none are given, nor whoever has no numeric address", () => {
    expect(trusts(undefined, "127.0.0.1")).toBe(false);
    expect(trusts([], "127.0.0.1")).toBe(false);
    const all = { check: () => true };
    expect([trustRule(all)(undefined), trusts(all, "/a/path"), trusts(all, "::1")]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test("may be a list of Node or of one's own, which trusts by true alone, and nobody when it throws", () => {
    const list = new BlockList();
    list.addAddress("::1", "ipv6");
    expect([trusts(list, "::1"), trusts(list, "127.0.0.1")]).toEqual([true, false]);
    expect(trusts({ check: () => 1 as never }, "::1")).toBe(false);
    const throwing = () => {
      throw new Error("no list today");
    };
    expect(trusts({ check: throwing }, "::1")).toBe(false);
    expect(() => isTrustedProxies("trustedProxies", { check: throwing })).not.toThrow();
  });

  test.each([
    [null, TypeError, "expected an array or a BlockList, got null"],
    ["loopback", TypeError, "expected an array or a BlockList, got string"],
    [{ check: true }, TypeError, "expected an array or a BlockList, got an object"],
    [[5], TypeError, "expected an array of strings, got number"],
    ...[
      "",
      "local",
      "10.0.0.0/33",
      "10.0.0.0/8/8",
      "10.0.0.0/",
      "10.0.0.0/8x",
      "10.0.0.0/x8",
      "::/129",
      "fe80::1%eth0",
    ].map((range) => [[range], RangeError, `got ${JSON.stringify(range)}`] as const),
  ] as [unknown, ErrorConstructor, string][])("are not %o", (value, kind, message) => {
    expect(() => isTrustedProxies("trustedProxies", value)).toThrow(kind);
    expect(() => isTrustedProxies("trustedProxies", value)).toThrow(message);
  });
});

describe("an address that somebody names", () => {
  test.each([
    ["192.0.2.1", 65_535, "IPv4 192.0.2.1 65535"],
    ["2001:0DB8:0::7", 0, "IPv6 2001:db8::7 0"],
    ["::ffff:192.0.2.1", 1, "IPv4 192.0.2.1 1"],
    ["::ffff:c000:201", 1, "IPv4 192.0.2.1 1"],
    ["1::ffff:c000:201", 1, "IPv6 1::ffff:c000:201 1"],
    ["::ffff:c000:201:1", 1, "IPv6 ::ffff:c000:201:1 1"],
    ["::ffff", 1, "IPv6 ::ffff 1"],
    ["fe80::1%eth0", 1, "IPv6 fe80::1 1"],
    ["game.example", 1, undefined],
    ["", 1, undefined],
    ["192.0.2.1", 65_536, undefined],
    ["192.0.2.1", Number.NaN, undefined],
  ])("%s with port %d is %s", (host, port, seen) => {
    const address = numericAddress(host, port);
    expect(address && `${address.family} ${address.host} ${address.port}`).toBe(seen);
  });
});
