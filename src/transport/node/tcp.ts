/**
 * TCP, for clients and servers, on IPv4, IPv6 or both. Decides how Node's
 * sockets and servers are made, and how an address of a name is chosen. The
 * sockets then run in `stream.ts`.
 */
import { connect, createServer, type ListenOptions, type ServerOpts, type TcpNetConnectOpts } from "node:net";
import { kindOf, milliseconds, wholeNumber } from "../../check.ts";
import type { Transport } from "../../port/transport.ts";
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
   * The length of the system's queue of connections that Node has not accepted
   * yet, in connections; 511 by default, as in Node.
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
   * The silence after which the system probes the peer, in milliseconds; 0, the
   * default, means never. Node rounds it down to whole seconds
   * (`keepAliveInitialDelay`).
   */
  readonly keepAliveDelayMs?: number;
  /**
   * Whether this side may go on sending after the peer has ended its stream.
   * The connection then stays open, with `recvEnded` true, until you close it.
   * `false` by default.
   */
  readonly allowHalfOpen?: boolean;
  /**
   * How long one address of a name may take to connect before the next one is
   * tried, in milliseconds; 1,000 by default, as Node's own 250 gives up on
   * slow routes that work.
   */
  readonly attemptTimeoutMs?: number;
}

/**
 * A TCP transport, to listen or to connect with. It opens no socket before it
 * is used, and may be used any number of times.
 *
 * @throws TypeError when an option has the wrong type
 * @throws RangeError when `port`, `backlog` or a time is out of range
 */
export function tcp(options: TcpOptions): Transport {
  const client = clientOptions(options);
  const server = serverOptions(options);
  const linkOptions = { allowHalfOpen: options.allowHalfOpen ?? false };
  return {
    listen: () =>
      new StreamAcceptor({
        server: createServer(server),
        listenOptions: listenOptions(options),
        linkOptions,
      }),
    connect: () => new StreamLink(connect(client), "client", linkOptions),
    pump: warnUnlessYielding,
  };
}

/** The options of a client's socket, checked, as Node's options. TLS uses them too. @internal */
export function clientOptions(options: TcpOptions): TcpNetConnectOpts {
  const { host = "localhost", port, attemptTimeoutMs = DEFAULT_ATTEMPT_TIMEOUT_MS } = check(options);
  return {
    host,
    port,
    ...socketOptions(options),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptTimeoutMs,
  };
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
  const { noDelay = true, keepAliveDelayMs = 0 } = options;
  return {
    allowHalfOpen: true, // so that an answer still reaches a peer that has ended its stream
    noDelay,
    keepAlive: keepAliveDelayMs > 0,
    ...(keepAliveDelayMs > 0 && { keepAliveInitialDelay: keepAliveDelayMs }),
  };
}

function check(options: TcpOptions): TcpOptions {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options: expected an object such as { port: 14900 }, got ${kindOf(options)}`);
  }
  const { host, backlog, keepAliveDelayMs, attemptTimeoutMs } = options;
  wholeNumber("port", options.port, 0, 65_535);
  if (host !== undefined && typeof host !== "string") {
    throw new TypeError(`host: expected a string, got ${kindOf(host)}`);
  }
  if (backlog !== undefined) wholeNumber("backlog", backlog, 1);
  if (keepAliveDelayMs !== undefined) milliseconds("keepAliveDelayMs", keepAliveDelayMs);
  if (attemptTimeoutMs !== undefined) wholeNumber("attemptTimeoutMs", attemptTimeoutMs, 10);
  return options;
}

/** Long enough for an address on a slow route to answer. */
const DEFAULT_ATTEMPT_TIMEOUT_MS = 1_000;
