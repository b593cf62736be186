/**
 * The options of TCP sockets, which both ends have, as calls of the system.
 */
import type { TcpOptions } from "../node/tcp.ts";
import type { Epoll } from "./epoll.ts";
import { SO_KEEPALIVE, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_NODELAY } from "./layout.ts";
import { setOption } from "./socket-calls.ts";

/** Sets them. Throws the system's error. */
export function setStreamOptions(epoll: Epoll, fd: number, options: TcpOptions): void {
  const { noDelay = true, keepAliveDelayMs = Infinity } = options;
  if (noDelay) setOption(epoll, fd, TCP_NODELAY, 1);
  if (keepAliveDelayMs === Infinity) return;
  setOption(epoll, fd, SO_KEEPALIVE, 1);
  setOption(epoll, fd, TCP_KEEPIDLE, Math.floor(keepAliveDelayMs / 1_000));
  setOption(epoll, fd, TCP_KEEPINTVL, PROBE_INTERVAL_S);
  setOption(epoll, fd, TCP_KEEPCNT, PROBES);
}

/** What Node gives to keep-alive probes, whose first one alone is an option. */
const PROBE_INTERVAL_S = 1;
const PROBES = 10;
