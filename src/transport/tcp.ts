/**
 * TCP, both ends: IPv4, IPv6, both at once, and names. Decides how Node's
 * sockets and servers are made; what they then do is `stream.ts`.
 */
import { connect, createServer, type NetConnectOpts, type Server } from "node:net";
import { debuglog } from "node:util";
import { kindOf, milliseconds, wholeNumber } from "../check.ts";
import type { Door, DoorEvents, Transport } from "../core/link.ts";
import { reasonOf } from "./errors.ts";
import { addressOf, StreamLink } from "./stream.ts";
import { watchYielding } from "./yield-watch.ts";

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
  const checked = check(options);
  return {
    listen: () => new TcpDoor(checked),
    connect: () => new StreamLink(connect(connectOptions(checked))),
    pump: watchYielding,
  };
}

class TcpDoor implements Door {
  readonly #server: Server;
  readonly #options: TcpOptions;

  constructor(options: TcpOptions) {
    this.#options = options;
    const { noDelay = true, keepAliveDelayMs = 0 } = options;
    this.#server = createServer({
      allowHalfOpen: true,
      noDelay,
      keepAlive: keepAliveDelayMs > 0,
      keepAliveInitialDelay: keepAliveDelayMs,
      highWaterMark: READ_BYTES,
    });
  }

  attach(events: DoorEvents): void {
    const server = this.#server;
    const { host, port, backlog = DEFAULT_BACKLOG, ipv6Only = false } = this.#options;
    server.on("connection", (socket) => events.arrived(new StreamLink(socket)));
    server.on("error", (error) => {
      debug("listening on %s:%d failed: %s", host, port, error.message);
      server.close();
      events.closed(reasonOf(error));
    });
    server.on("listening", () => {
      const bound = server.address();
      if (bound === null || typeof bound === "string") return; // closed again meanwhile
      debug("listening on %o", bound);
      events.listening(addressOf(bound.address, bound.port, bound.family));
    });
    server.listen({ port, backlog, ipv6Only, ...(host !== undefined && { host }) });
  }

  close(): void {
    this.#server.close();
  }
}

function connectOptions(options: TcpOptions): NetConnectOpts {
  const { host = "localhost", port, noDelay = true, keepAliveDelayMs = 0, attemptTimeoutMs } = options;
  return {
    host,
    port,
    noDelay,
    keepAlive: keepAliveDelayMs > 0,
    keepAliveInitialDelay: keepAliveDelayMs,
    allowHalfOpen: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptTimeoutMs ?? DEFAULT_ATTEMPT_TIMEOUT_MS,
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

const debug = debuglog("tickwire");

const DEFAULT_BACKLOG = 511;
/** One read at the most, so that the receive limit is overshot by no more; Node 20's own default is less. */
const READ_BYTES = 65_536;
/** The first address of a slow name gets a second before another is tried beside it. */
const DEFAULT_ATTEMPT_TIMEOUT_MS = 1_000;
