/**
 * The options of UDP and its memberships, as calls of the system. Each throws the
 * system's error.
 */
import { isIP } from "node:net";
import type { UdpOptions } from "../node/udp-options.ts";
import type { Epoll } from "./epoll.ts";
import {
  AF_INET6,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_TTL,
  IPV6_JOIN_GROUP,
  IPV6_LEAVE_GROUP,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_IF,
  IPV6_MULTICAST_LOOP,
  IPV6_UNICAST_HOPS,
  IPV6_V6ONLY,
  SO_BROADCAST,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_SNDBUF,
} from "./layout.ts";
import { indexOfInterface, setOption, writeIPv4 } from "./socket-calls.ts";
import { systemError } from "./system-error.ts";

/** Sets what must be set before a socket is bound. */
export function prepareSocket(epoll: Epoll, fd: number, family: number, options: UdpOptions): void {
  const { reuseAddress = false, ipv6Only = false } = options;
  if (reuseAddress) setOption(epoll, fd, SO_REUSEADDR, 1);
  if (family === AF_INET6) setOption(epoll, fd, IPV6_V6ONLY, Number(ipv6Only));
}

/** Sets the rest. */
export function setOptions(epoll: Epoll, fd: number, family: number, options: UdpOptions): void {
  const { broadcast, ttl, multicastTtl, multicastLoopback, multicastInterface } = options;
  const { receiveBufferBytes, sendBufferBytes } = options;
  const isIPv6 = family === AF_INET6;
  if (receiveBufferBytes !== undefined) setOption(epoll, fd, SO_RCVBUF, receiveBufferBytes);
  if (sendBufferBytes !== undefined) setOption(epoll, fd, SO_SNDBUF, sendBufferBytes);
  if (broadcast !== undefined) setOption(epoll, fd, SO_BROADCAST, Number(broadcast));
  if (ttl !== undefined) setOption(epoll, fd, isIPv6 ? IPV6_UNICAST_HOPS : IP_TTL, ttl);
  if (multicastTtl !== undefined)
    setOption(epoll, fd, isIPv6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, multicastTtl);
  if (multicastLoopback !== undefined)
    setOption(epoll, fd, isIPv6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, Number(multicastLoopback));
  if (multicastInterface !== undefined) setInterface(epoll, fd, isIPv6, multicastInterface);
}

/** Joins a multicast group, or leaves one; see `DatagramLink.join`. */
export function changeMembership(
  epoll: Epoll,
  fd: number,
  change: "join" | "leave",
  group: string,
  onInterface: string | undefined,
): void {
  const { libc, scratch } = epoll;
  const isJoin = change === "join";
  const syscall = isJoin ? "addMembership" : "dropMembership"; // as Node names them
  const family = isIP(group);
  if (family === 0) throw systemError(EINVAL, syscall, group);
  scratch.bytes.fill(0, 0, MEMBERSHIP_BYTES);
  let result: number;
  if (family === 4) {
    if (onInterface !== undefined && isIP(onInterface) !== 4) throw systemError(EINVAL, syscall, onInterface);
    writeIPv4(scratch.view, 0, group);
    if (onInterface !== undefined) writeIPv4(scratch.view, 4, onInterface);
    const [level, name] = isJoin ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP;
    result = libc.setsockopt(fd, level, name, scratch.address, IPV4_MEMBERSHIP_BYTES);
  } else {
    const zone = onInterface?.split("%", 2)[1] ?? group.split("%", 2)[1];
    const index = zone === undefined ? 0 : indexOfInterface(libc, zone);
    libc.inet_pton(AF_INET6, group.split("%", 1)[0] ?? "", scratch.address);
    scratch.view.setUint32(16, index, true);
    const [level, name] = isJoin ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP;
    result = libc.setsockopt(fd, level, name, scratch.address, MEMBERSHIP_BYTES);
  }
  if (result < 0) throw systemError(libc.errno(), syscall);
}

/** The interface of outgoing multicast: an IPv4 address, or a zone such as `::%eth0`. */
function setInterface(epoll: Epoll, fd: number, isIPv6: boolean, name: string): void {
  const { libc, scratch } = epoll;
  if (isIPv6) {
    const zone = name.split("%", 2)[1];
    if (isIP(name) !== 6) throw systemError(EINVAL, "setMulticastInterface", name);
    setOption(epoll, fd, IPV6_MULTICAST_IF, zone === undefined ? 0 : indexOfInterface(libc, zone));
    return;
  }
  if (isIP(name) !== 4) throw systemError(EINVAL, "setMulticastInterface", name);
  writeIPv4(scratch.view, 0, name);
  if (libc.setsockopt(fd, ...IP_MULTICAST_IF, scratch.address, 4) < 0)
    throw systemError(libc.errno(), "setMulticastInterface");
}

/** `ip_mreq`: the group and the interface, four bytes each. */
const IPV4_MEMBERSHIP_BYTES = 8;
/** `ipv6_mreq`: the group, and the number of the interface. */
const MEMBERSHIP_BYTES = 20;
const EINVAL = 22;
