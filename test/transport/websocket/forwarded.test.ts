/** Whose word on a peer's address is believed, and what the limits and the lists then see. */
import { BlockList } from "node:net";
import { describe, expect, test } from "vitest";
import { isTrustedProxies, numericAddress, trustRule } from "../../../src/transport/node/trusted-proxies.ts";
import { forwardedAddress } from "../../../src/transport/websocket/forwarded.ts";
import { HANDSHAKE, openServer, rawClient, site } from "./rig.ts";

const proxy = { family: "IPv4", host: "10.0.0.1", port: 4_000 } as const;
const isTrusted = trustRule(["10.0.0.0/8", "::1"]);

/** A request for a WebSocket with one more header. */
const withHeader = (header: string) => HANDSHAKE.replace("Host", `${header}\r\nHost`);

test.each([
  [["private"], ["10.1.2.3", "172.31.0.1", "192.168.9.9", "169.254.1.1", "fd00::1", "fe80::1"], ["8.8.8.8"]],
  [["loopback"], ["127.5.5.5", "::1"], ["10.0.0.1", "::2"]],
  [
    ["203.0.113.7/32", "2001:db8::7/128"],
    ["203.0.113.7", "2001:db8::7"],
    ["203.0.113.8", "2001:db8::8"],
  ],
  [[], [], ["127.0.0.1", "10.0.0.1"]],
] as const)("%o trusts these alone", (ranges, trusted, others) => {
  expect(() => isTrustedProxies("trustedProxies", ranges)).not.toThrow();
  const trusts = trustRule(ranges);
  const of = (host: string) => trusts(numericAddress(host, 80));
  expect(trusted.map(of)).toEqual(trusted.map(() => true));
  expect(others.map(of)).toEqual(others.map(() => false));
  expect(trusts(undefined)).toBe(false);
});

test.each([
  "10.0.0.0/33",
  "::1/129",
  "10.0.0.0/-1",
  "10.0.0.0/8/8",
  "fe80::1%eth0",
  "local",
  "",
  "10.0.0.0/",
])("%o is no range of proxies", (range) => {
  expect(() => isTrustedProxies("trustedProxies", [range])).toThrow(/^trustedProxies: expected an address/);
});

describe("the forwarded address", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7:0"],
    ["6.6.6.6, 203.0.113.7", "203.0.113.7:0"],
    ["6.6.6.6, 203.0.113.7, 10.0.0.9", "203.0.113.7:0"],
    ["6.6.6.6,203.0.113.7:4711 , 10.1.2.3:80", "203.0.113.7:4711"],
    ["10.0.0.3, 10.0.0.2", "10.0.0.3:0"],
    ["2001:db8::7", "2001:db8::7:0"],
    ["[2001:db8::7]:99", "2001:db8::7:99"],
    ["::ffff:203.0.113.7", "203.0.113.7:0"],
    ["[::FFFF:cb00:7107]:80", "203.0.113.7:80"],
    ["0:0:0:0:0:ffff:203.0.113.7", "203.0.113.7:0"],
    ["203.0.113.7, ::ffff:a00:9", "203.0.113.7:0"],
    ["2001:DB8:0:0::0007", "2001:db8::7:0"],
    ["[fe80::1%eth0]:80", "fe80::1:80"],
    ["203.0.113.7:65536", "10.0.0.1:4000"],
    ["203.0.113.7, 10.0.0.2:99999", "10.0.0.1:4000"],
    ["unknown", "10.0.0.1:4000"],
    ["203.0.113.7, unknown", "10.0.0.1:4000"],
    ["203.0.113.7, nonsense, 10.0.0.2", "10.0.0.2:0"],
    ["203.0.113.7:65536", "10.0.0.1:4000"],
    ["", "10.0.0.1:4000"],
  ])("by X-Forwarded-For: %s", (value, seen) => {
    const found = forwardedAddress(proxy, { "x-forwarded-for": value }, "x-forwarded-for", isTrusted);
    expect(`${found?.host}:${found?.port}`).toBe(seen);
  });

  test.each([
    ["for=203.0.113.7", "203.0.113.7:0"],
    ["for=6.6.6.6, For=203.0.113.7;proto=https;by=10.0.0.1", "203.0.113.7:0"],
    ['proto=https;for="[2001:db8::7]:4711"', "2001:db8::7:4711"],
    ["for=_hidden", "10.0.0.1:4000"],
    ["proto=https", "10.0.0.1:4000"],
    ['for="a,b"', "10.0.0.1:4000"],
  ])("by Forwarded: %s", (value, seen) => {
    const found = forwardedAddress(proxy, { forwarded: value }, "forwarded", isTrusted);
    expect(`${found?.host}:${found?.port}`).toBe(seen);
  });

  test("is that of the socket where nobody trusted is, or in the header that is not read", () => {
    const stranger = { ...proxy, host: "198.51.100.1" };
    const headers = { "x-forwarded-for": "203.0.113.7", forwarded: "for=203.0.113.7" };
    expect(forwardedAddress(stranger, headers, "x-forwarded-for", isTrusted)).toBe(stranger);
    expect(forwardedAddress(proxy, { forwarded: "for=203.0.113.7" }, "x-forwarded-for", isTrusted)).toBe(
      proxy,
    );
    expect(forwardedAddress(undefined, headers, "x-forwarded-for", isTrusted)).toBe(undefined);
  });
});

describe("a server behind a trusted proxy", () => {
  test("shows and counts the players' own addresses, on its own port and on another server", async () => {
    for (const place of [{}, { server: await site() }]) {
      const server = await openServer(
        { ...place, trustedProxies: ["loopback"] },
        { maxConnectionsPerAddress: 1 },
      );
      for (let player = 1; player <= 3; player++) {
        await rawClient(server.port, withHeader(`X-Forwarded-For: 6.6.6.6, 203.0.113.${player}`));
      }
      await server.until(() => server.accepted.length === 3);
      const hosts = server.accepted.map(({ remoteAddress }) => remoteAddress?.host).sort();
      expect(hosts).toEqual(["203.0.113.1", "203.0.113.2", "203.0.113.3"]);
      expect(server.accepted.map(({ request }) => request?.remoteAddress?.host).sort()).toEqual(hosts);
      const second = await rawClient(server.port, withHeader("X-Forwarded-For: 203.0.113.2"));
      await server.until(() => second.isOver());
      expect(second.received()).toMatch(/^HTTP\/1\.1 503 /);
      expect(server.listener.stats.droppedBy).toEqual({ maxConnectionsPerAddress: 1 });
      for (const accepted of server.accepted) accepted.abort();
      await server.until(() => server.accepted.every(({ state }) => state === "closed"));
      await rawClient(server.port, withHeader("X-Forwarded-For: 203.0.113.2"));
      await server.until(() => server.accepted.length === 4);
    }
  });

  test("keeps out who is on the list, by the address that the proxy says, and lets the proxy ask for others", async () => {
    const denyList = new BlockList();
    denyList.addSubnet("203.0.113.0", 24);
    const server = await openServer({ trustedProxies: ["loopback"] }, { denyList });
    const denied = await rawClient(server.port, withHeader("X-Forwarded-For: 203.0.113.9"));
    await server.until(() => denied.isOver());
    expect(denied.received()).toMatch(/^HTTP\/1\.1 403 /);
    await server.until(() => server.drops.length === 1);
    expect(server.drops[0]).toMatchObject({ kind: "denied", code: "denyList" });
    await rawClient(server.port, withHeader("X-Forwarded-For: 198.51.100.1"));
    await server.until(() => server.accepted.length === 1);
  });

  test("bounds the sockets of the proxy while they have not asked, by maxConnections", async () => {
    const server = await openServer(
      { trustedProxies: ["loopback"] },
      { maxConnections: 2, maxConnectionsPerAddress: 1 },
    );
    const silent = [await rawClient(server.port), await rawClient(server.port)];
    const third = await rawClient(server.port, withHeader("X-Forwarded-For: 203.0.113.9"));
    await server.until(() => third.isOver());
    expect(third.received()).toMatch(/^HTTP\/1\.1 503 /);
    for (const { socket } of silent) socket.destroy();
    await server.until(() => server.listener.stats.dropped === 3);
    await rawClient(server.port, withHeader("X-Forwarded-For: 203.0.113.9"));
    await server.until(() => server.accepted.length === 1);
  });

  test("believes nobody else", async () => {
    const server = await openServer({ trustedProxies: ["10.0.0.0/8"] });
    await rawClient(server.port, withHeader("X-Forwarded-For: 203.0.113.9"));
    await server.until(() => server.accepted.length === 1);
    expect(server.accepted[0]?.remoteAddress?.host).toBe("127.0.0.1");
  });
});
