/**
 * Sockets of the system: how they are made, what they are told, and what they say of
 * themselves. Every call throws the system's error, and none blocks. Knows no events.
 */
import { isIP } from "node:net";
import { type Address, ipAddress } from "../../port/address.ts";
import type { Epoll } from "./epoll.ts";
import {
  AF_INET,
  AF_INET6,
  SO_ERROR,
  SO_LINGER,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCKET_ADDRESS,
  type SocketOption,
} from "./layout.ts";
import type { Libc, Memory } from "./libc.ts";
import { systemError } from "./system-error.ts";

/** Makes a socket that does not block, and that no other program inherits. */
export function newSocket({ libc }: Epoll, family: number, type: number): number {
  const fd = libc.socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemError(libc.errno(), "socket");
  return fd;
}

/** Accepts one. Returns it, and its peer's address is in `scratch`; or a negative errno. */
export function acceptSocket({ libc, scratch }: Epoll, listening: number, flags: number): number {
  scratch.view.setUint32(SIZE_AT, SOCKET_ADDRESS.ipv6SizeBytes, true);
  const fd = libc.accept4(listening, scratch.address, scratch.address + SIZE_AT, flags);
  return fd < 0 ? -libc.errno() : fd;
}

/** Sets an option that is a number. */
export function setOption(epoll: Epoll, fd: number, [level, name]: SocketOption, value: number): void {
  const { libc, scratch } = epoll;
  scratch.view.setInt32(0, value, true);
  if (libc.setsockopt(fd, level, name, scratch.address, 4) < 0) throw systemError(libc.errno(), "setsockopt");
}

/** Returns an option that is a number. */
export function optionOf({ libc, scratch }: Epoll, fd: number, [level, name]: SocketOption): number {
  scratch.view.setInt32(0, 0, true);
  scratch.view.setUint32(SIZE_AT, 4, true);
  const result = libc.getsockopt(fd, level, name, scratch.address, scratch.address + SIZE_AT);
  if (result < 0) throw systemError(libc.errno(), "getsockopt");
  return scratch.view.getInt32(0, true);
}

/** The error that the system has for a socket, by its number, which it then forgets; 0 for none. */
export function errorOf(epoll: Epoll, fd: number): number {
  try {
    return optionOf(epoll, fd, SO_ERROR);
  } catch (error) {
    return -(error as { readonly errno: number }).errno;
  }
}

/** Has the close that follows reset the connection. */
export function resetOnClose({ libc, scratch }: Epoll, fd: number): void {
  scratch.view.setInt32(0, 1, true);
  scratch.view.setInt32(4, 0, true);
  libc.setsockopt(fd, ...SO_LINGER, scratch.address, 8);
}

export function bindSocket(epoll: Epoll, fd: number, address: Target): void {
  const { libc, scratch } = epoll;
  const sizeBytes = writeAddress(epoll, scratch, 0, address);
  if (libc.bind(fd, scratch.address, sizeBytes) < 0)
    throw systemError(libc.errno(), "bind", `${address.host}:${address.port}`);
}

/** Connects, or begins to. Returns 0, or the system's error. */
export function connectSocket(epoll: Epoll, fd: number, address: Target): number {
  const { libc, scratch } = epoll;
  const sizeBytes = writeAddress(epoll, scratch, 0, address);
  return libc.connect(fd, scratch.address, sizeBytes) < 0 ? libc.errno() : 0;
}

/** Returns the address of one end of a socket. */
export function addressOf(epoll: Epoll, fd: number, end: "local" | "remote"): Address {
  const { libc, scratch } = epoll;
  scratch.view.setUint32(SIZE_AT, SOCKET_ADDRESS.ipv6SizeBytes, true);
  const call = end === "local" ? "getsockname" : "getpeername";
  if (libc[call](fd, scratch.address, scratch.address + SIZE_AT) < 0) throw systemError(libc.errno(), call);
  return readAddress(epoll, scratch, 0);
}

/** An address that a socket of one family is given: numeric, and of that family or in its form. */
export interface Target {
  readonly family: number;
  readonly host: string;
  readonly port: number;
}

/** The family of a numeric address, by the system's number. */
export function familyOf(host: string): number {
  return isIP(host) === 6 ? AF_INET6 : AF_INET;
}

/**
 * Writes an address to `memory`, and returns its size. A socket of IPv6 is given an IPv4 address
 * in the form of IPv6 (RFC 4291, 2.5.5.2).
 */
export function writeAddress({ libc }: Epoll, memory: Memory, at: number, target: Target): number {
  const { view, bytes, address } = memory;
  const { family, host, port } = target;
  const { familyAt, portAt, ipv4At, ipv4SizeBytes, ipv6At, scopeAt, ipv6SizeBytes } = SOCKET_ADDRESS;
  bytes.fill(0, at, at + ipv6SizeBytes);
  view.setUint16(at + familyAt, family, true);
  view.setUint16(at + portAt, port, false);
  if (family === AF_INET) {
    writeIPv4(view, at + ipv4At, host);
    return ipv4SizeBytes;
  }
  if (isIP(host) === 4) {
    view.setUint16(at + ipv6At + 10, 0xffff, false);
    writeIPv4(view, at + ipv6At + 12, host);
    return ipv6SizeBytes;
  }
  const [plain = "", zone] = host.split("%", 2);
  if (libc.inet_pton(AF_INET6, plain, address + at + ipv6At) !== 1)
    throw systemError(EINVAL, "inet_pton", host);
  if (zone !== undefined) view.setUint32(at + scopeAt, indexOfInterface(libc, zone), true);
  return ipv6SizeBytes;
}

/** Reads an address that the system has written. */
export function readAddress({ libc, scratch }: Epoll, memory: Memory, at: number): Address {
  const { bytes, view, address } = memory;
  const port = view.getUint16(at + SOCKET_ADDRESS.portAt, false);
  if (view.getUint16(at + SOCKET_ADDRESS.familyAt, true) !== AF_INET6) {
    const from = at + SOCKET_ADDRESS.ipv4At;
    return {
      family: "IPv4",
      host: `${bytes[from]}.${bytes[from + 1]}.${bytes[from + 2]}.${bytes[from + 3]}`,
      port,
    };
  }
  const text = scratch.address + TEXT_AT;
  const from = at + SOCKET_ADDRESS.ipv6At;
  const host = libc.inet_ntop(AF_INET6, address + from, text, TEXT_BYTES) ?? "::";
  const scope = view.getUint32(at + SOCKET_ADDRESS.scopeAt, true);
  const isLinkLocal = bytes[from] === 0xfe && ((bytes[from + 1] ?? 0) & 0xc0) === 0x80;
  const zone = isLinkLocal && scope > 0 ? `%${libc.if_indextoname(scope, text) ?? scope}` : "";
  return ipAddress("IPv6", host + zone, port);
}

/** The number of an interface, by its name or that number as text. */
export function indexOfInterface(libc: Libc, zone: string): number {
  const index = /^\d+$/.test(zone) ? Number(zone) : libc.if_nametoindex(zone);
  if (index <= 0) throw systemError(EINVAL, "if_nametoindex", zone);
  return index;
}

/** Writes the four numbers of an IPv4 address. */
export function writeIPv4(view: DataView, at: number, host: string): void {
  let next = at;
  for (const part of host.split(".", 4)) view.setUint8(next++, Number(part));
}

/** Where the size of an address or a value stands beside it. */
const SIZE_AT = 128;
/** Where the system writes the text of an address. */
const TEXT_AT = 256;
const TEXT_BYTES = 46;
const EINVAL = 22;
