/**
 * A connection to a name, by whichever of its addresses answers first ("happy
 * eyeballs", RFC 8305). Decides which addresses are tried, and when.
 *
 *     name ── look up ──▶ addresses ── one attempt after the other ──▶ sockets
 *                                        first that connects ──▶ connected(socket)
 *                                        all have failed ──────▶ failed(reason)
 *
 * A slow attempt is never given up for the next one: both go on. (Node's own way,
 * `autoSelectFamily`, drops the slow one.) The time between two attempts is polled
 * time, so `pump` starts the later ones; one that fails starts the next at once.
 */
import dns from "node:dns";
import { connect, isIP, type Socket, type TcpNetConnectOpts } from "node:net";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { FailedAttempt } from "../../port/link.ts";
import { drop, reset } from "./drop-socket.ts";
import { reasonOf } from "./error-codes.ts";

/** What to connect to, and how. */
export interface ConnectTarget {
  /** A name or a numeric address, which is not looked up. */
  readonly host: string;
  readonly port: number;
  /** The numeric address to connect from; only addresses of its family are tried. */
  readonly localAddress?: string | undefined;
  /** How long an attempt is waited for before the next one is started beside it. */
  readonly attemptTimeoutMs: number;
  /** The options of every socket. */
  readonly socketOptions: Partial<TcpNetConnectOpts>;
}

/** What a race ends with: one of the two calls, once, unless it is stopped. */
export interface ConnectOutcome {
  /** The socket is connected, and has no listeners. */
  connected(socket: Socket): void;
  failed(reason: CloseReason): void;
}

/** One attempt; it has failed once it has a failure. */
interface Attempt {
  readonly address: Address;
  readonly socket: Socket | undefined;
  failure: CloseReason | undefined;
}

/** The attempts to connect to one target. */
export class ConnectRace {
  /** The addresses that were tried without success, in the order of the attempts. */
  failedAttempts: readonly FailedAttempt[] = [];
  readonly #target: ConnectTarget;
  #outcome: ConnectOutcome | undefined;
  #phase: "looking-up" | "racing" | "over" = "looking-up";
  /** The addresses that no attempt has been made with, the next one first. */
  #untried: Address[] = [];
  readonly #attempts: Attempt[] = [];
  /** The time of the last pump; the network's events happen a little later. */
  #pumpedMs: number | undefined;
  /** When the latest attempt was started. */
  #startedMs: number | undefined;

  constructor(target: ConnectTarget) {
    this.#target = target;
  }

  /** Starts the first attempt, or the look-up. May call `outcome` before it returns. */
  start(outcome: ConnectOutcome): void {
    this.#outcome = outcome;
    const { host, port, localAddress = "" } = this.#target;
    if (isIP(host) !== 0) {
      this.#race([addressOf(host, port)]);
      return;
    }
    try {
      dns.lookup(host, { all: true, family: isIP(localAddress) }, (error, found) => {
        if (this.#phase === "over") return;
        if (error === null) this.#race(interleaved(found.map(({ address }) => addressOf(address, port))));
        else this.#fail(reasonOf(error));
      });
    } catch (error) {
      this.#fail(reasonOf(error as Error));
    }
  }

  /** Starts the next attempt when the latest one has had its time; see `Pump`. */
  pump(nowMs: number): number | undefined {
    if (this.#phase === "over") return undefined;
    this.#pumpedMs = nowMs;
    const { attemptTimeoutMs } = this.#target;
    if (this.#phase === "looking-up") return attemptTimeoutMs; // the first attempt may start meanwhile
    this.#startedMs ??= nowMs;
    if (nowMs - this.#startedMs >= attemptTimeoutMs) this.#tryNext();
    return this.#untried.length === 0 ? undefined : this.#startedMs + attemptTimeoutMs - nowMs;
  }

  /** Ends all attempts. Neither `connected` nor `failed` follows. */
  stop(): void {
    this.#phase = "over";
    for (const attempt of this.#attempts) giveUp(attempt);
  }

  #race(addresses: Address[]): void {
    this.#phase = "racing";
    this.#untried = addresses;
    this.#goOn();
  }

  #tryNext(): void {
    const address = this.#untried.shift();
    if (address === undefined) return;
    this.#startedMs = this.#pumpedMs;
    try {
      const socket = this.#connect(address);
      const attempt: Attempt = { address, socket, failure: undefined };
      this.#attempts.push(attempt);
      socket.on("error", (error) => this.#failed(attempt, reasonOf(error)));
      socket.on("connect", () => this.#connected(attempt, socket));
    } catch (error) {
      const attempt: Attempt = { address, socket: undefined, failure: undefined };
      this.#attempts.push(attempt);
      this.#failed(attempt, reasonOf(error as Error));
    }
  }

  #connect({ host, port }: Address): Socket {
    const { localAddress, socketOptions } = this.#target;
    return connect({
      ...socketOptions,
      host,
      port,
      autoSelectFamily: false, // there is one address only
      ...(localAddress !== undefined && { localAddress }),
    });
  }

  #connected(attempt: Attempt, socket: Socket): void {
    attempt.failure = problemOf(socket); // so that the reset's own events change nothing
    if (attempt.failure !== undefined) {
      reset(socket); // a close would keep the port for minutes
      this.#goOn();
      return;
    }
    // An attempt that was waited for, and is still without an answer, has lost to this one.
    for (const other of this.#attempts.slice(0, -1)) {
      if (other !== attempt) other.failure ??= NO_ANSWER;
    }
    this.#phase = "over";
    this.#noteFailures();
    for (const other of this.#attempts) if (other !== attempt) giveUp(other);
    socket.removeAllListeners("error").removeAllListeners("connect");
    this.#outcome?.connected(socket);
  }

  #failed(attempt: Attempt, reason: CloseReason): void {
    if (this.#phase === "over" || attempt.failure !== undefined) return;
    attempt.failure = reason;
    this.#goOn();
  }

  /** At the start, and after a failure: the next address at once, or the end when there is none, and nobody is waited for. */
  #goOn(): void {
    this.#noteFailures();
    if (this.#untried.length > 0) this.#tryNext();
    else if (this.failedAttempts.length === this.#attempts.length) this.#fail(this.#commonReason());
  }

  #fail(reason: CloseReason): void {
    this.#phase = "over";
    this.#outcome?.failed(reason);
  }

  #noteFailures(): void {
    this.failedAttempts = this.#attempts.flatMap(({ address, failure }) =>
      failure === undefined ? [] : [{ address, reason: failure }],
    );
  }

  /** The first attempt's reason, with the errors of all behind it. */
  #commonReason(): CloseReason {
    const reasons = this.failedAttempts.map(({ reason }) => reason);
    const [first] = reasons;
    if (first === undefined) return NO_ADDRESS;
    if (reasons.length === 1) return first;
    const message = `every one of ${reasons.length} addresses failed`;
    return {
      ...first,
      cause: new AggregateError(
        reasons.map(({ cause }) => cause),
        message,
      ),
    };
  }
}

/** Ends an attempt that is not wanted any more; what it says of that is no matter. */
function giveUp({ socket }: Attempt): void {
  socket?.removeAllListeners("connect");
  drop(socket);
}

/** Why a connected socket is of no use: its ends are one, or the system does not say which they are. */
function problemOf(socket: Socket): CloseReason | undefined {
  try {
    return isOwnPeer(socket) ? OWN_PEER : undefined;
  } catch (error) {
    return reasonOf(error as Error);
  }
}

/**
 * Whether a socket is connected to itself: where nobody listens on a port that the
 * system gives to outgoing connections, it may give one that very port, and the two
 * ends of one socket meet (TCP's simultaneous open).
 */
function isOwnPeer({ localAddress, localPort, remoteAddress, remotePort }: Socket): boolean {
  return localPort === remotePort && localAddress === remoteAddress;
}

/** The addresses in their order, the families in turns (RFC 8305, 4). */
function interleaved(addresses: readonly Address[]): Address[] {
  const firstFamily = addresses[0]?.family;
  const first = addresses.filter(({ family }) => family === firstFamily);
  const second = addresses.filter(({ family }) => family !== firstFamily);
  const rounds = Math.max(first.length, second.length);
  return Array.from({ length: rounds }, (_, round) => [first[round], second[round]])
    .flat()
    .filter((address) => address !== undefined);
}

function addressOf(host: string, port: number): Address {
  return { family: isIP(host) === 6 ? "IPv6" : "IPv4", host, port };
}

const NO_ANSWER: CloseReason = { kind: "timeout", message: "the address did not answer in time" };
const NO_ADDRESS: CloseReason = { kind: "unknown-host", message: "that name has no address" };
const OWN_PEER: CloseReason = {
  kind: "refused",
  code: "ECONNREFUSED",
  message: "nobody listens there: the system has connected the socket to itself",
};
