/**
 * TCP, both ends: IPv4, IPv6, both at once, and names. Decides how Node's
 * sockets and servers are made; what they then do is `stream.ts`.
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
   * The port, from 0 to 65,535. To listen on 0 is to let the system choose;
   * `listener.address` then says which.
   */
  readonly port: number;
  /**
   * An address in numbers, or a name. Omitted when listening: everywhere, on
   * IPv6 and IPv4. Omitted when connecting: `"localhost"`.
   */
  readonly host?: string;
  /** How many guests the system may hold before the process has seen them; 511 by default, as Node has it. */
  readonly backlog?: number;
  /** Listen on IPv6 alone, when listening everywhere; `false` by default. */
  readonly ipv6Only?: boolean;
  /**
   * Send at once and do not wait to fill a packet; `true` by default, since
   * `flush()` has gathered the frame's messages already.
   */
  readonly noDelay?: boolean;
  /**
   * Lets the system probe a silent peer after so many milliseconds; 0, the
   * default, for never. Whole seconds count (Node's `keepAliveInitialDelay`).
   */
  readonly keepAliveDelayMs?: number;
  /**
   * Whether this side may go on sending when the peer has finished: the
   * connection then stays open with `recvEnded` true, until you close it.
   * `false` by default.
   */
  readonly allowHalfOpen?: boolean;
  /**
   * How long each address of a name may take before the next one is tried
   * beside it, in milliseconds; 1,000 by default, as 250, Node's own default,
   * gives up on slow ways that work.
   */
  readonly attemptTimeoutMs?: number;
}

/**
 * A TCP transport, to listen or to connect with. The value holds no socket: it
 * may be used any number of times.
 *
 * @throws TypeError when an option is of the wrong kind
 * @throws RangeError when `port`, `backlog` or a time is out of its range
 */
export function tcp(options: TcpOptions): Transport {
  const client = clientOptions(options);
  const server = serverOptions(options);
  const plan = { allowHalfOpen: options.allowHalfOpen ?? false };
  return {
    listen: () =>
      new StreamAcceptor({
        server: createServer(server),
        place: placeOf(options),
        acceptEvent: "connection",
        plan,
      }),
    connect: () => new StreamLink(connect(client), "client", plan),
    pump: warnUnlessYielding,
  };
}

/** How a client's socket is made, as Node takes it; checks the options. TLS shares it. @internal */
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

/** How a server's sockets are made, as Node takes it. @internal */
export function serverOptions(options: TcpOptions): ServerOpts {
  return { ...socketOptions(options), highWaterMark: READ_BYTES };
}

/** Where a server listens, as Node takes it. @internal */
export function placeOf(options: TcpOptions): ListenOptions {
  const { host, port, backlog = DEFAULT_BACKLOG, ipv6Only = false } = options;
  return { port, backlog, ipv6Only, ...(host !== undefined && { host }) };
}

function socketOptions(options: TcpOptions): Pick<ServerOpts, "allowHalfOpen" | "noDelay" | "keepAlive"> {
  const { noDelay = true, keepAliveDelayMs = 0 } = options;
  return {
    allowHalfOpen: true, // so that an answer reaches a peer that has finished
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

/** The first address of a slow name gets a second before another is tried beside it. */
const DEFAULT_ATTEMPT_TIMEOUT_MS = 1_000;
