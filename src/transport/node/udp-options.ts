/**
 * The options of UDP, and which of them go together.
 * https://nodejs.org/docs/latest-v20.x/api/dgram.html
 */
import { isIP } from "node:net";
import {
  type Check,
  type Checks,
  checkOptions,
  isBoolean,
  isOneOf,
  isPort,
  isText,
  isWholeNumber,
} from "../../check.ts";
import type { Destination } from "../../port/datagram-link.ts";

/** Options of `udp`. */
export interface UdpOptions {
  /** The port to receive on, from 0 to 65,535; 0, the default, lets the system choose. `socket.address` has it. */
  readonly port?: number;
  /** The numeric address to receive on; all addresses of the family by default. */
  readonly host?: string;
  /**
   * The family, if no `host` or `remote` decides it; `"IPv4"` by default. An IPv6 socket
   * talks with IPv4 too, unless `ipv6Only`, and shows and takes IPv4 addresses as they
   * are: `127.0.0.1`, not `::ffff:127.0.0.1`.
   */
  readonly family?: "IPv4" | "IPv6";
  /** Connects the socket to one peer: it receives from that peer only, and `trySend` and `tryRecv` need no address. */
  readonly remote?: Destination;
  /** Leave IPv4 to other sockets, on an IPv6 socket; `false` by default. */
  readonly ipv6Only?: boolean;
  /** Share the address with other sockets, as multicast needs; `false` by default. */
  readonly reuseAddress?: boolean;
  /** Allow sending to broadcast addresses; `false` by default. */
  readonly broadcast?: boolean;
  /**
   * How many routers a datagram may pass, from 1 to 255; the system's default, mostly 64,
   * if not given, and for IPv4 on an IPv6 socket.
   */
  readonly ttl?: number;
  /** The same for multicast, from 0 to 255; the system's default, mostly 1, if not given. */
  readonly multicastTtl?: number;
  /** Whether this machine receives its own multicast; `true` by default. */
  readonly multicastLoopback?: boolean;
  /**
   * The address of the interface that multicast leaves by, such as `"192.168.1.5"`, or
   * `"::%eth0"` for IPv6; the system chooses one by default, on a machine with a VPN
   * perhaps that. `socket.join` has its own, for what is received.
   */
  readonly multicastInterface?: string;
  /**
   * The size of the system's receive buffer, in bytes, up to 2^31 - 1; the system's default
   * if not given. The system may give less than it is asked for (socket(7), `rmem_max`).
   */
  readonly receiveBufferBytes?: number;
  /** The same for the system's send buffer (`wmem_max`). */
  readonly sendBufferBytes?: number;
}

/**
 * Throws when an option is unknown or out of range, or two contradict each other.
 *
 * @throws TypeError or RangeError naming the option
 */
export function checkUdpOptions(options: UdpOptions): void {
  checkOptions(options, CHECKS);
  const { host = "", family, remote, ipv6Only } = options;
  const chosen = familyOf(options);
  const named = FAMILIES[isIP(host)];
  if (family !== undefined && named !== undefined && family !== named) {
    throw new RangeError(`family: expected ${named}, the family of host, got ${family}`);
  }
  if (ipv6Only !== undefined && chosen === "IPv4") {
    throw new RangeError("ipv6Only: expected only with an IPv6 socket, got it with an IPv4 one");
  }
  const reachable: unknown[] = chosen === "IPv6" && ipv6Only !== true ? ["IPv4", "IPv6"] : [chosen];
  const remoteFamily = FAMILIES[isIP(remote?.host ?? "")];
  if (remoteFamily !== undefined && !reachable.includes(remoteFamily)) {
    throw new RangeError(`remote.host: expected ${chosen}, the family of this socket, got ${remoteFamily}`);
  }
}

/** The family of the socket. */
export function familyOf({ host, family, remote }: UdpOptions): "IPv4" | "IPv6" {
  return family ?? FAMILIES[isIP(host ?? remote?.host ?? "")] ?? "IPv4";
}

const isRemote: Check = (name, value) => {
  checkOptions<Destination & { readonly family: unknown }>(value, REMOTE_CHECKS, name);
  const { host, port } = value as Destination; // both are necessary
  isText(`${name}.host`, host);
  isWholeNumber(1, 65_535)(`${name}.port`, port);
};

/** Every address is a destination, so its `family` is no unknown option; the host has a family of its own. */
const REMOTE_CHECKS: Checks<Destination & { readonly family: unknown }> = {
  host: isText,
  port: isWholeNumber(1, 65_535),
  family: isText,
};

/** The largest size that the system call takes, an `int`. */
const MAX_BUFFER_BYTES = 2 ** 31 - 1;

const CHECKS: Checks<UdpOptions> = {
  port: isPort,
  host: isText,
  family: isOneOf(["IPv4", "IPv6"]),
  remote: isRemote,
  ipv6Only: isBoolean,
  reuseAddress: isBoolean,
  broadcast: isBoolean,
  ttl: isWholeNumber(1, 255),
  multicastTtl: isWholeNumber(0, 255),
  multicastLoopback: isBoolean,
  multicastInterface: isText,
  receiveBufferBytes: isWholeNumber(1, MAX_BUFFER_BYTES),
  sendBufferBytes: isWholeNumber(1, MAX_BUFFER_BYTES),
};

/** The families by the numbers that `isIP` gives them; 0 is no address. */
const FAMILIES: Readonly<Record<number, "IPv4" | "IPv6">> = { 4: "IPv4", 6: "IPv6" };
