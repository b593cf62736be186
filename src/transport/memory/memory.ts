/**
 * A network inside the process: pollers talk over it with no socket, no event
 * loop and no chance. What one flushes has arrived when the other polls.
 *
 *     link.write ──▶ pipe (held, or cut in pieces) ──▶ peer's received
 *
 * The home of tests, of this library and of games: it can cut the stream at any
 * byte and choose the frame in which each byte arrives.
 */
import { limit, wholeNumber } from "../../check.ts";
import type { Acceptor, AcceptorEvents } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramLink } from "../../port/datagram-link.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import type { Transport } from "../../port/transport.ts";
import { MemoryDatagramHub } from "./memory-datagrams.ts";

/** Options of {@link memory}. */
export interface MemoryOptions {
  /** Whether an end may go on sending when its peer has finished; `false` by default. */
  readonly allowHalfOpen?: boolean;
  /** The longest piece that is delivered at once, in bytes; longer ones are cut. Unlimited by default. */
  readonly pieceBytes?: number;
}

/** A network in memory: give the same value to every poller that shall meet on it. */
export interface MemoryTransport extends Transport {
  listen(): Acceptor;
  connect(): Link;
  bind(): DatagramLink;
  /** From now on nothing arrives, on any of its links: bytes wait, and so do ends; only a reset overtakes them. */
  hold(): void;
  /**
   * Lets the next `sizeBytes` bytes arrive on each link in each direction, and
   * holds the rest. Without a number: lets everything arrive, datagrams too, and
   * holds no more.
   *
   * @throws RangeError when `sizeBytes` is not a whole number from 0 up
   */
  release(sizeBytes?: number): void;
  /** Pulls the cable: every link breaks, both ends see a reset, and what was under way is lost, datagrams too. */
  cut(): void;
}

/**
 * A network in memory. One listener at a time can listen on it, and any number
 * of connections reach that listener; without one they are refused.
 *
 * @throws RangeError when `pieceBytes` is not a whole number from 1 up
 */
export function memory(options: MemoryOptions = {}): MemoryTransport {
  const pieceBytes = limit("pieceBytes", options.pieceBytes ?? Infinity, 1);
  return new MemoryNetwork(pieceBytes, options.allowHalfOpen ?? false);
}

class MemoryNetwork implements MemoryTransport {
  readonly pieceBytes: number;
  readonly allowHalfOpen: boolean;
  held = false;
  readonly #links = new Set<MemoryLink>();
  readonly #datagrams = new MemoryDatagramHub();
  #acceptor: MemoryAcceptor | undefined;
  #lastPort = 0;

  constructor(pieceBytes: number, allowHalfOpen: boolean) {
    this.pieceBytes = pieceBytes;
    this.allowHalfOpen = allowHalfOpen;
  }

  listen(): Acceptor {
    return new MemoryAcceptor(this);
  }

  connect(): Link {
    return new MemoryLink(this, addressOf(++this.#lastPort), LISTENER_ADDRESS);
  }

  bind(): DatagramLink {
    return this.#datagrams.bind();
  }

  hold(): void {
    this.held = true;
    this.#datagrams.hold();
  }

  release(sizeBytes?: number): void {
    if (sizeBytes !== undefined) wholeNumber("sizeBytes", sizeBytes, 0);
    this.held = sizeBytes !== undefined;
    for (const link of this.#links) link.deliver(sizeBytes ?? Infinity);
    if (sizeBytes === undefined) this.#datagrams.release();
  }

  cut(): void {
    for (const link of this.#links) link.finish(CUT);
    this.#datagrams.lose();
  }

  /** Takes the address for `acceptor`. `false` when somebody has it. */
  open(acceptor: MemoryAcceptor): boolean {
    if (this.#acceptor !== undefined) return false;
    this.#acceptor = acceptor;
    return true;
  }

  shut(acceptor: MemoryAcceptor): void {
    if (this.#acceptor === acceptor) this.#acceptor = undefined;
  }

  /** Brings a connecting link to the door. `false` when there is none. */
  meet(guest: MemoryLink): boolean {
    if (this.#acceptor === undefined) return false;
    const host = new MemoryLink(this, LISTENER_ADDRESS, guest.localAddress);
    guest.join(host);
    host.join(guest);
    this.#links.add(guest).add(host);
    this.#acceptor.incoming(host);
    return true;
  }

  forget(link: MemoryLink): void {
    this.#links.delete(link);
  }
}

class MemoryAcceptor implements Acceptor {
  readonly #network: MemoryNetwork;
  #events: AcceptorEvents | undefined;

  constructor(network: MemoryNetwork) {
    this.#network = network;
  }

  attach(events: AcceptorEvents): void {
    this.#events = events;
    if (this.#network.open(this)) events.listening(LISTENER_ADDRESS);
    else events.closed({ kind: "address-in-use", message: "another listener is on this memory network" });
  }

  incoming(link: Link): void {
    this.#events?.incoming(link);
  }

  close(): void {
    this.#network.shut(this);
  }
}

class MemoryLink implements Link {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly #network: MemoryNetwork;
  #events: LinkEvents | undefined;
  #peer: MemoryLink | undefined;
  /** What this end has written and the peer has not been given. */
  #waiting: Uint8Array[] = [];
  #phase: "open" | "ending" | "over" = "open";
  /** How far this end's own stream has come, while the link is open. */
  #sending: "open" | "ending" | "ended" = "open";
  #paused = false;
  #delivering = false;

  constructor(network: MemoryNetwork, local: Address, remote: Address) {
    this.#network = network;
    this.localAddress = local;
    this.remoteAddress = remote;
  }

  get allowHalfOpen(): boolean {
    return this.#network.allowHalfOpen;
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    const isGuest = this.#peer === undefined;
    if (isGuest && !this.#network.meet(this)) {
      this.finish(REFUSED);
      return;
    }
    if (this.#phase === "over") return; // it was sent away at the door
    events.opened();
  }

  join(peer: MemoryLink): void {
    this.#peer = peer;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#phase !== "open") return true; // it leads nowhere, and is gone
    this.#waiting.push(bytes);
    if (this.#waiting.length === 1) this.#move(this.#network.held ? 0 : Infinity);
    const last = this.#waiting.at(-1);
    if (last === undefined) return true;
    const gone = this.#waiting.length === 1 ? bytes.length - last.length : 0;
    if (gone > 0) this.#events?.drained(gone);
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#peer?.deliver();
  }

  end(): void {
    if (this.#phase === "open") this.#phase = "ending";
    this.deliver();
  }

  endSending(): void {
    if (this.#sending === "open") this.#sending = "ending";
    this.deliver();
  }

  abort(): void {
    this.finish(ABORTED);
    this.#peer?.finish(RESET);
  }

  /** It is over at this end. */
  finish(reason: CloseReason): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#waiting = [];
    this.#network.forget(this);
    this.#events?.closed(reason);
  }

  /** Brings at most `most` of the waiting bytes to the peer, and the end behind the last of them. */
  deliver(most: number = this.#network.held ? 0 : Infinity): void {
    if (this.#delivering) return;
    const moved = this.#move(most);
    if (moved > 0) this.#events?.drained(moved);
    if (this.#waiting.length === 0 && !this.#network.held) this.#tellEnd();
  }

  /** Everything in front of this end's end has arrived: tells the peer, and leaves when it may. */
  #tellEnd(): void {
    const peer = this.#peer;
    const wasTold = this.#sending === "ended";
    if (this.#sending === "ending" || this.#phase === "ending") this.#sending = "ended";
    const bothEnded = this.#sending === "ended" && peer?.hasEnded === true;
    if (this.#phase === "ending" || bothEnded) this.finish(FINISHED);
    if (this.#sending === "ended" && !wasTold) peer?.hearEnd();
    if (bothEnded) peer?.finish(FINISHED);
  }

  get hasEnded(): boolean {
    return this.#sending === "ended";
  }

  hearEnd(): void {
    if (this.#phase !== "over") this.#events?.ended();
  }

  /** Moves bytes to the peer, in pieces, until it pauses. Answers how many. */
  #move(most: number): number {
    const peer = this.#peer;
    let moved = 0;
    this.#delivering = true;
    for (let first: Uint8Array | undefined; (first = this.#waiting[0]) !== undefined; ) {
      if (moved >= most || peer === undefined || peer.#paused) break;
      const piece = first.subarray(0, Math.min(this.#network.pieceBytes, most - moved));
      if (piece.length === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(piece.length);
      moved += piece.length;
      peer.hear(piece);
    }
    this.#delivering = false;
    return moved;
  }

  hear(piece: Uint8Array): void {
    if (this.#phase !== "over") this.#events?.received(piece); // else it leads nowhere
  }
}

function addressOf(port: number): Address {
  return { family: "memory", host: "memory", port };
}

const LISTENER_ADDRESS = addressOf(0);
const REFUSED: CloseReason = { kind: "refused", message: "nobody listens on this memory network" };
const RESET: CloseReason = { kind: "reset", message: "the peer reset the connection" };
const CUT: CloseReason = { kind: "reset", message: "the memory network was cut" };
const ABORTED: CloseReason = { kind: "local", message: "this side aborted the connection" };
const FINISHED: CloseReason = { kind: "local", message: "this side finished" };
