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
 * Knows no sockets: a dialler makes and ends them.
 */
import dns from "node:dns";
import { isIP, type TcpNetConnectOpts } from "node:net";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { FailedAttempt } from "../../port/link.ts";
import { reasonOf } from "./error-codes.ts";

/** What to connect to, and how. */
export interface ConnectTarget {
  /** A name or a numeric address, which is not looked up. */
  readonly host: string;
  /** The addresses of the name, where nobody need be asked for them. */
  readonly addresses?: readonly string[] | undefined;
  readonly port: number;
  /** The numeric address to connect from; only addresses of its family are tried. */
  readonly localAddress?: string | undefined;
  /** How long an attempt is waited for before the next one is started beside it. */
  readonly attemptTimeoutMs: number;
  /** The options of every socket. */
  readonly socketOptions: Partial<TcpNetConnectOpts>;
}

/** How sockets of one kind are connected. */
export interface Dialler<Made> {
  /**
   * Begins to connect. One of the two calls follows, once, unless the socket is dropped; after
   * `failed` nothing is left of it.
   *
   * @throws what the system says at once
   */
  dial(address: Address, target: ConnectTarget, told: Dialled): Made;
  /** Whether the two ends of a connected one are the same. Throws what the system says. */
  isOwnPeer(socket: Made): boolean;
  /** A connected one is somebody else's from now on. */
  release(socket: Made): void;
  /** Ends one that is connected, and tells its peer. */
  reset(socket: Made): void;
  /** Ends one at once, in whatever state; it tells nothing any more. */
  drop(socket: Made): void;
  /** Runs `task` after the current call, and before anything new is told. */
  later(task: () => void): void;
}

/** What a dialler tells of an attempt. */
export interface Dialled {
  connected(): void;
  failed(reason: CloseReason): void;
}

/** What a race ends with: one of the two calls, once, unless it is stopped. */
export interface ConnectOutcome<Made> {
  /** The socket is connected, and has no listeners. */
  connected(socket: Made): void;
  failed(reason: CloseReason): void;
}

/** One attempt; it has failed once it has a failure. */
interface Attempt<Made> {
  readonly address: Address;
  socket: Made | undefined;
  failure: CloseReason | undefined;
}

/** The attempts to connect to one target. */
export class ConnectRace<Made> {
  /** The addresses that were tried without success, in the order of the attempts. */
  failedAttempts: readonly FailedAttempt[] = [];
  readonly #target: ConnectTarget;
  readonly #dialler: Dialler<Made>;
  #outcome: ConnectOutcome<Made> | undefined;
  #phase: "looking-up" | "racing" | "over" = "looking-up";
  /** The addresses that no attempt has been made with, the next one first. */
  #untried: Address[] = [];
  readonly #attempts: Attempt<Made>[] = [];
  /** The time of the last pump; the network's events happen a little later. */
  #pumpedMs: number | undefined;
  /** When the latest attempt was started. */
  #startedMs: number | undefined;

  constructor(target: ConnectTarget, dialler: Dialler<Made>) {
    this.#target = target;
    this.#dialler = dialler;
  }

  /** Starts the first attempt, or the look-up. May call `outcome` before it returns. */
  start(outcome: ConnectOutcome<Made>): void {
    this.#outcome = outcome;
    const { host, port, localAddress = "", addresses } = this.#target;
    if (isIP(host) !== 0 || addresses !== undefined) {
      const family = isIP(localAddress);
      const known = addresses?.filter((address) => family === 0 || isIP(address) === family) ?? [host];
      this.#race(known.map((address) => addressOf(address, port)));
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
    for (const attempt of this.#attempts) this.#giveUp(attempt);
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
    const attempt: Attempt<Made> = { address, socket: undefined, failure: undefined };
    this.#attempts.push(attempt);
    try {
      attempt.socket = this.#dialler.dial(address, this.#target, {
        connected: () => this.#connected(attempt),
        failed: (reason) => this.#failed(attempt, reason),
      });
    } catch (error) {
      this.#failed(attempt, reasonOf(error as Error));
    }
  }

  #connected(attempt: Attempt<Made>): void {
    const socket = attempt.socket as Made;
    attempt.failure = this.#problemOf(socket); // so that the reset's own events change nothing
    if (attempt.failure !== undefined) {
      this.#dialler.reset(socket); // a close would keep the port for minutes
      this.#goOn();
      return;
    }
    // An attempt that was waited for, and is still without an answer, has lost to this one.
    for (const other of this.#attempts.slice(0, -1)) {
      if (other !== attempt) other.failure ??= NO_ANSWER;
    }
    this.#phase = "over";
    this.#noteFailures();
    for (const other of this.#attempts) if (other !== attempt) this.#giveUp(other);
    this.#dialler.release(socket);
    this.#outcome?.connected(socket);
  }

  #failed(attempt: Attempt<Made>, reason: CloseReason): void {
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

  /** Ends an attempt that is not wanted any more; what it says of that is no matter. */
  #giveUp({ socket }: Attempt<Made>): void {
    if (socket !== undefined) this.#dialler.drop(socket);
  }

  /**
   * Why a connected socket is of no use: its ends are one, or the system does not say which
   * they are. Where nobody listens on a port that the system gives to outgoing connections, it
   * may give one that very port, and the two ends of one socket meet (TCP's simultaneous open).
   */
  #problemOf(socket: Made): CloseReason | undefined {
    try {
      return this.#dialler.isOwnPeer(socket) ? OWN_PEER : undefined;
    } catch (error) {
      return reasonOf(error as Error);
    }
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
