/**
 * The proxies whose word on a peer's address is believed: an option of listeners, and
 * the check whether an address is one of theirs. What anybody else says of an address
 * is a stranger's word. Knows no sockets, and no format of that word.
 */
import { BlockList, isIP } from "node:net";
import { type Check, kindOf } from "../../check.ts";
import type { Address } from "../../port/address.ts";

/**
 * Trusted proxies: a `BlockList` of `node:net`, or a list of numeric addresses, ranges
 * such as `"10.0.0.0/8"`, and the names `"loopback"` and `"private"`.
 */
export type TrustedProxies =
  | readonly string[]
  | { check(address: string, family?: "ipv4" | "ipv6"): boolean };

/** Returns whether an address is a trusted proxy's. */
export type IsTrusted = (address: Address | undefined) => boolean;

/** The rule for the option, which {@link isTrustedProxies} has checked. A list that throws trusts nobody. */
export function trustRule(proxies: TrustedProxies | undefined): IsTrusted {
  if (proxies === undefined) return () => false;
  const list = Array.isArray(proxies)
    ? listOf(proxies as readonly string[])
    : (proxies as Exclude<TrustedProxies, readonly string[]>);
  return (address) => {
    if (address === undefined || isIP(address.host) === 0) return false;
    try {
      return list.check(address.host, address.family === "IPv6" ? "ipv6" : "ipv4") === true;
    } catch {
      return false;
    }
  };
}

/** A check of the option. */
export const isTrustedProxies: Check = (name, value) => {
  if (!Array.isArray(value)) {
    if (typeof (value as Partial<BlockList> | null)?.check === "function") return;
    throw new TypeError(`${name}: expected an array or a BlockList, got ${kindOf(value)}`);
  }
  for (const range of value) {
    if (typeof range !== "string") {
      throw new TypeError(`${name}: expected an array of strings, got ${kindOf(range)}`);
    }
    if (!tryAdd(new BlockList(), range)) {
      const expected = 'an address, a range such as "10.0.0.0/8", "loopback" or "private"';
      throw new RangeError(`${name}: expected ${expected}, got ${JSON.stringify(range)}`);
    }
  }
};

/**
 * An address as it is compared and shown, in one way, however it was written: that of a
 * socket. One of IPv4 in the form of IPv6 is of IPv4, and a zone, which is of another
 * machine, is left out. `undefined` when it is no numeric address with a port.
 */
export function numericAddress(host: string, port: number): Address | undefined {
  const [bare = ""] = host.split("%", 1);
  const family = isIP(bare);
  if (family === 0 || !(port <= MOST_PORT)) return undefined;
  if (family === 4) return { family: "IPv4", host: bare, port };
  const short = new URL(`ws://[${bare}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(short) ?? [];
  if (high === undefined || low === undefined) return { family: "IPv6", host: short, port };
  const octets = [high, low].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
  return { family: "IPv4", host: octets.join("."), port };
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) tryAdd(list, range);
  return list;
}

/** Adds a range to a list. Returns `false` when it is none. */
function tryAdd(list: BlockList, range: string): boolean {
  const named = NAMED.get(range);
  if (named !== undefined) return named.every((part) => tryAdd(list, part));
  const [address = "", bits, more] = range.split("/");
  const family = isIP(address);
  if (family === 0 || more !== undefined || address.includes("%")) return false;
  const kind = family === 6 ? "ipv6" : "ipv4";
  if (bits === undefined) {
    list.addAddress(address, kind);
    return true;
  }
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (family === 6 ? 128 : 32)) return false;
  list.addSubnet(address, Number(bits), kind);
  return true;
}

const MOST_PORT = 65_535;

/** Loopback, RFC 1918, RFC 4193, and the link's own (RFC 3927, RFC 4291). */
const NAMED: ReadonlyMap<string, readonly string[]> = new Map([
  ["loopback", ["127.0.0.0/8", "::1"]],
  ["private", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"]],
]);
