/**
 * How the system's structures lie in memory, and its numbers, on Linux for x86-64 and
 * ARM64, which have one byte order and one width of addresses. They differ in
 * `epoll_event` alone. Knows no calls.
 */

/** Where the parts of an `epoll_event` lie, in bytes (epoll_ctl(2)): 32 bits of events, 64 of data. */
export interface EventLayout {
  readonly sizeBytes: number;
  readonly dataAt: number;
}

/** The layout of `epoll_event`, which is packed on x86-64 alone (<sys/epoll.h>). */
export function eventLayout(arch: string): EventLayout {
  return arch === "x64" ? { sizeBytes: 12, dataAt: 4 } : { sizeBytes: 16, dataAt: 8 };
}

/** `mmsghdr` (recvmmsg(2)): a `msghdr` of 56 bytes, and the size of what it has received or sent. */
export const MESSAGE_HEADER = {
  sizeBytes: 64,
  nameAt: 0,
  nameSizeAt: 8,
  vectorAt: 16,
  vectorCountAt: 24,
  controlAt: 32,
  controlSizeAt: 40,
  flagsAt: 48,
  lengthAt: 56,
} as const;

/** `iovec`: an address and a size. */
export const IO_VECTOR = { sizeBytes: 16, baseAt: 0, sizeAt: 8 } as const;

/** Where the parts of a socket address lie (ip(7), ipv6(7)); the port stands in the network's order. */
export const SOCKET_ADDRESS = {
  familyAt: 0,
  portAt: 2,
  ipv4At: 4,
  ipv4SizeBytes: 16,
  ipv6At: 8,
  scopeAt: 24,
  ipv6SizeBytes: 28,
} as const;

/** Address families. */
export const AF_INET = 2;
export const AF_INET6 = 10;

/** Kinds of sockets, and what may be added to one. */
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

/** Flags of `send` and `recv`. */
export const MSG_PEEK = 0x2;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

/** The way of `shutdown` that ends this side's stream. */
export const SHUT_WR = 1;

/** Events of epoll. */
export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;

/** What `epoll_ctl` does. */
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

/** Options of sockets, each with its level. */
export const SO_REUSEADDR = [1, 2] as const;
export const SO_ERROR = [1, 4] as const;
export const SO_BROADCAST = [1, 6] as const;
export const SO_SNDBUF = [1, 7] as const;
export const SO_RCVBUF = [1, 8] as const;
export const SO_KEEPALIVE = [1, 9] as const;
export const SO_LINGER = [1, 13] as const;
export const TCP_NODELAY = [6, 1] as const;
export const TCP_KEEPIDLE = [6, 4] as const;
export const TCP_KEEPINTVL = [6, 5] as const;
export const TCP_KEEPCNT = [6, 6] as const;
export const IP_TTL = [0, 2] as const;
export const IP_MULTICAST_IF = [0, 32] as const;
export const IP_MULTICAST_TTL = [0, 33] as const;
export const IP_MULTICAST_LOOP = [0, 34] as const;
export const IP_ADD_MEMBERSHIP = [0, 35] as const;
export const IP_DROP_MEMBERSHIP = [0, 36] as const;
export const IPV6_UNICAST_HOPS = [41, 16] as const;
export const IPV6_MULTICAST_IF = [41, 17] as const;
export const IPV6_MULTICAST_HOPS = [41, 18] as const;
export const IPV6_MULTICAST_LOOP = [41, 19] as const;
export const IPV6_JOIN_GROUP = [41, 20] as const;
export const IPV6_LEAVE_GROUP = [41, 21] as const;
export const IPV6_V6ONLY = [41, 26] as const;

/** An option of a socket: its level and its number. */
export type SocketOption = readonly [level: number, name: number];

/** Errors that are no failures, by their numbers (errno(3)). */
export const EINTR = 4;
export const EAGAIN = 11;
export const EMFILE = 24;
export const ENFILE = 23;
export const EINPROGRESS = 115;
