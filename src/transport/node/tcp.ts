/**
 * TCP, for clients and servers, on IPv4, IPv6 or both. Decides how Node's
 * sockets and servers are made, and how an address of a name is chosen. The
 * sockets then run in `stream.ts`.
 */
import { createServer, isIP, type ListenOptions, type ServerOpts, type Socket } from "node:net";
import {
  type Checks,
  checkOptions,
  deadline,
  isBoolean,
  isPort,
  isText,
  isWholeNumber,
} from "../../check.ts";
import type { Link } from "../../port/link.ts";
import type { Transport } from "../../port/transport.ts";
import type { ConnectTarget } from "./connect-race.ts";
import { ConnectingLink } from "./connecting-link.ts";
import { NODE_SOCKETS } from "./node-dialler.ts";
import { PROXY_CHECKS, type ProxyProtocolOptions } from "./proxy-options.ts";
import { proxyAccept } from "./proxy-protocol.ts";
import { StreamLink } from "./stream.ts";
import { DEFAULT_BACKLOG, READ_BYTES, StreamAcceptor } from "./stream-acceptor.ts";
import { warnUnlessYielding } from "./yield-warning.ts";

/** Options of {@link tcp}. */
export interface TcpOptions {
  /**
   * The port, from 0 to 65,535. When listening, 0 lets the system choose one;
   * `listener.address` then has it.
   */
  readonly port: number;
  /**
   * A numeric address, or a name. The default when listening is all addresses
   * of this machine, IPv6 and IPv4; when connecting, `"localhost"`.
   */
  readonly host?: string;
  /**
   * When connecting: the numeric address of this machine to connect from, whose
   * family is then that of the connection; the system chooses by default.
   */
  readonly localAddress?: string;
  /**
   * The length of the system's queue of connections that Node has not accepted
   * yet, in connections; 511 by default, as in Node. The system lowers it to a
   * limit of its own (`net.core.somaxconn` on Linux).
   */
  readonly backlog?: number;
  /** When listening on all addresses: listen on IPv6 only; `false` by default. */
  readonly ipv6Only?: boolean;
  /**
   * Send at once instead of waiting to fill a packet; `true` by default, since
   * `flush()` has collected the messages of a frame already.
   */
  readonly noDelay?: boolean;
  /**
   * The silence after which the system probes the peer, in milliseconds from 1,000
   * to 32,767,000; `Infinity`, the default, means never. Node rounds it down to whole
   * seconds (`keepAliveInitialDelay`).
   */
  readonly keepAliveDelayMs?: number;
  /**
   * Whether this side may go on sending after the peer has ended its stream.
   * The connection then stays open, with `recvEnded` true, until you close it.
   * `false` by default.
   */
  readonly allowHalfOpen?: boolean;
  /**
   * When connecting to a name with several addresses: how long one may take before
   * the next one is tried beside it, in milliseconds of polled time; 1,000 by
   * default. The first one that answers is taken. One that fails starts the next
   * at once.
   */
  readonly attemptTimeoutMs?: number;
}

/**
 * A TCP transport, to listen or to connect with. It opens no socket before it
 * is used, and may be used any number of times.
 *
 * @throws TypeError when an option has the wrong type, or there is no such option
 * @throws TypeError when `proxyProtocol` or `trustedProxies` is given without the other
 * @throws RangeError when a number is out of range, `host` is empty, or `localAddress` is not numeric
 */
export function tcp(options: TcpOptions & ProxyProtocolOptions): Transport {
  checkOptions<TcpOptions & ProxyProtocolOptions>(options, { ...TCP_CHECKS, ...PROXY_CHECKS });
  isPort("port", options.port); // the one that must be given
  const { allowHalfOpen = false } = options;
  const server = serverOptions(options);
  const linkOptions = { allowHalfOpen };
  const accept = proxyAccept(options);
  return {
    listen: () =>
      new StreamAcceptor({
        server: createServer(server),
        listenOptions: listenOptions(options),
        linkOptions,
        ...(accept !== undefined && { accept }),
      }),
    connect: () => connectingLink(options, (socket) => new StreamLink(socket, "accepted", linkOptions)),
    pump: warnUnlessYielding,
    blueprint: { kind: "tcp", options },
  };
}

/**
 * A link to the address of the host that answers first. `open` makes the link of the
 * connected socket, which flows as soon as something listens to it; TLS wraps it.
 * The options have been checked. @internal
 */
export function connectingLink(options: TcpOptions, open: (socket: Socket) => Link): ConnectingLink<Socket> {
  return new ConnectingLink(connectTarget(options), options.allowHalfOpen ?? false, NODE_SOCKETS, open);
}

/** What to connect to. The options have been checked. @internal */
export function connectTarget(options: TcpOptions): ConnectTarget {
  const { host = "localhost", port, localAddress, attemptTimeoutMs = DEFAULT_ATTEMPT_TIMEOUT_MS } = options;
  return { host, port, localAddress, attemptTimeoutMs, socketOptions: socketOptions(options) };
}

/** The options of a server and its sockets, as Node's options. @internal */
export function serverOptions(options: TcpOptions): ServerOpts {
  return { ...socketOptions(options), highWaterMark: READ_BYTES };
}

/** The address that a server listens on, as Node's options. @internal */
export function listenOptions(options: TcpOptions): ListenOptions {
  const { host, port, backlog = DEFAULT_BACKLOG, ipv6Only = false } = options;
  return { port, backlog, ipv6Only, ...(host !== undefined && { host }) };
}

function socketOptions(options: TcpOptions): Pick<ServerOpts, "allowHalfOpen" | "noDelay" | "keepAlive"> {
  const { noDelay = true, keepAliveDelayMs = Infinity } = options;
  const isKeptAlive = keepAliveDelayMs < Infinity;
  return {
    allowHalfOpen: true, // so that an answer still reaches a peer that has ended its stream
    noDelay,
    keepAlive: isKeptAlive,
    ...(isKeptAlive && { keepAliveInitialDelay: keepAliveDelayMs }),
  };
}

/** A numeric address: a name would be looked up by nobody. */
function isNumericAddress(name: string, value: unknown): void {
  isText(name, value);
  if (isIP(value as string) === 0)
    throw new RangeError(`${name}: expected a numeric address, got ${JSON.stringify(value)}`);
}

/** Node counts in whole seconds, so that less than one would be none, and silently the system's two hours. */
function isKeepAliveDelay(name: string, value: unknown): void {
  const delayMs = deadline(name, value);
  if (delayMs < LEAST_KEEP_ALIVE_MS || (delayMs > MOST_KEEP_ALIVE_MS && delayMs < Infinity)) {
    throw new RangeError(
      `${name}: expected Infinity, or milliseconds from ${LEAST_KEEP_ALIVE_MS} to ${MOST_KEEP_ALIVE_MS}, got ${delayMs}`,
    );
  }
}

/** Long enough for an address on a slow route to answer. @internal */
export const DEFAULT_ATTEMPT_TIMEOUT_MS = 1_000;
/** Two attempts closer to each other than this would be sent as one burst; Node's own minimum, too. */
const LEAST_ATTEMPT_TIMEOUT_MS = 10;
const LEAST_KEEP_ALIVE_MS = 1_000;
/** Linux takes 32,767 seconds at most (tcp(7)), and Node says nothing when it refuses. */
const MOST_KEEP_ALIVE_MS = 32_767_000;
/** listen(2) counts in 32 bits. */
const MOST_BACKLOG = 2 ** 31 - 1;

/** The checks of the options, which TLS and WebSocket share. @internal */
export const TCP_CHECKS: Checks<TcpOptions> = {
  port: isPort,
  host: isText,
  localAddress: isNumericAddress,
  backlog: isWholeNumber(1, MOST_BACKLOG),
  ipv6Only: isBoolean,
  noDelay: isBoolean,
  keepAliveDelayMs: isKeepAliveDelay,
  allowHalfOpen: isBoolean,
  attemptTimeoutMs: isWholeNumber(LEAST_ATTEMPT_TIMEOUT_MS),
};
