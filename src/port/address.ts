/**
 * Where an end of a link is, of whatever family.
 */

/** Where an end of a link is. */
export interface Address {
  readonly family: "IPv4" | "IPv6" | "unix" | "memory";
  /** An IP address in numbers, the path of a unix socket, or a name in the world of its family. */
  readonly host: string;
  /** The port; 0 where the family has none. */
  readonly port: number;
}

/** An address as people write it: `127.0.0.1:14900`, `[::1]:14900`, `/run/game.sock`. */
export function formatAddress(address: Address): string {
  if (address.family === "unix") return address.host;
  const host = address.family === "IPv6" ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}
