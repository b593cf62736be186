/**
 * The address of one end of a link, of any family. Decides how an address is
 * written for people, and never resolves a name.
 */

/** The address of one end of a link. */
export interface Address {
  /** What `host` is: `"unix"` is a path, `"memory"` a name inside this process, and `"nats"` a subject. */
  readonly family: "IPv4" | "IPv6" | "unix" | "memory" | "nats";
  /** A numeric IP address, the path of a unix socket, a name in a memory network, or a subject. */
  readonly host: string;
  /** The port; 0 for families without ports. */
  readonly port: number;
}

/**
 * The address of an IP socket, as a peer of its own family would have it: a socket of
 * both families shows an IPv4 peer as `::ffff:192.0.2.1` (RFC 4291, 2.5.5.2), which is
 * 192.0.2.1. @internal
 */
export function ipAddress(family: string | undefined, host: string, port: number): Address {
  if (family !== "IPv6") return { family: "IPv4", host, port };
  const plain = MAPPED.exec(host)?.[1];
  return plain === undefined ? { family, host, port } : { family: "IPv4", host: plain, port };
}

/** An address as people write it: `127.0.0.1:14900`, `[::1]:14900`, `/run/game.sock`, `world.7`. */
export function formatAddress(address: Address): string {
  const isName = address.family === "nats" || (address.family === "memory" && address.port === 0);
  if (address.family === "unix" || isName) return address.host;
  const host = address.family === "IPv6" ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
