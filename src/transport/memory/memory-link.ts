/**
 * One end of a link in memory, and the wire between its two ends: bytes that one end
 * writes go to the other at once, or wait while the wire is held. A part of `memory.ts`,
 * which decides who meets whom.
 */
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";

/** What the two ends of a link have in common. */
export interface Wire {
  readonly pieceBytes: number;
  readonly allowHalfOpen: boolean;
  /** Whether bytes and ends of streams wait until they are released. */
  isHeld: boolean;
}

/** The network of a link. */
interface LinkNetwork {
  /** Connects `client` to a new link at a listener; returns `false` when there is none. */
  accept(client: MemoryLink): boolean;
  /** Forgets a link that has closed. */
  remove(link: MemoryLink): void;
}

/** One end of a link. */
export class MemoryLink implements Link {
  readonly wire: Wire;
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly #network: LinkNetwork;
  #events: LinkEvents | undefined;
  #peer: MemoryLink | undefined;
  /** The bytes that this end has written and the peer has not received. */
  #waiting: Uint8Array[] = [];
  #phase: "open" | "closing" | "closed" = "open";
  /** The state of this end's own stream, while the link is open. */
  #sending: "open" | "ending" | "ended" = "open";
  #paused = false;
  #delivering = false;

  constructor(network: LinkNetwork, wire: Wire, local: Address, remote: Address) {
    this.#network = network;
    this.wire = wire;
    this.localAddress = local;
    this.remoteAddress = remote;
  }

  get allowHalfOpen(): boolean {
    return this.wire.allowHalfOpen;
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    const isClient = this.#peer === undefined;
    if (isClient && !this.#network.accept(this)) {
      const message = `nobody listens on this memory network${nameOf(this.remoteAddress)}`;
      this.finish({ kind: "refused", message });
      return;
    }
    if (this.#phase === "closed") return; // the listener has rejected it
    events.opened();
  }

  /** Both ends, or this one while there is no other. */
  get ends(): readonly MemoryLink[] {
    return this.#peer === undefined ? [this] : [this, this.#peer];
  }

  pairWith(peer: MemoryLink): void {
    this.#peer = peer;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#phase !== "open") return true; // the bytes are dropped
    this.#waiting.push(bytes);
    if (this.#waiting.length > 1) return false;
    const moved = this.#move(this.wire.isHeld ? 0 : Infinity);
    const isTaken = moved >= bytes.length;
    const drained = isTaken ? moved - bytes.length : moved; // what was written in the midst of it was kept
    if (drained > 0) this.#events?.drained(drained);
    if (this.#waiting.length === 0 && this.#isEnding) this.deliver();
    return isTaken;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#peer?.deliver();
  }

  end(): void {
    if (this.#phase === "open") this.#phase = "closing";
    this.resume(); // what still arrives is discarded, and holds up no end of the peer's
    this.deliver();
  }

  endSending(): void {
    if (this.#sending === "open") this.#sending = "ending";
    this.deliver();
  }

  abort(): void {
    if (this.#phase === "closing" && this.#waiting.length === 0) return; // only the end is left, which a release delivers
    this.finish(ABORTED);
    this.#peer?.finish(RESET);
  }

  /** Closes this end. */
  finish(reason: CloseReason): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#waiting = [];
    this.#network.remove(this);
    this.#events?.closed(reason);
  }

  /** Delivers at most `maxBytes` of the waiting bytes to the peer, and the end of the stream after the last one. */
  deliver(maxBytes: number = this.wire.isHeld ? 0 : Infinity): void {
    if (this.#delivering) return;
    const moved = this.#move(maxBytes);
    if (moved > 0) this.#events?.drained(moved);
    if (this.#waiting.length === 0 && !this.wire.isHeld) this.#deliverEnd();
  }

  /** Delivers the end of this stream, after all its bytes, and closes both links if both streams have ended. */
  #deliverEnd(): void {
    const peer = this.#peer;
    const wasEnded = this.#sending === "ended";
    if (this.#sending === "ending" || this.#phase === "closing") this.#sending = "ended";
    const bothEnded = this.#sending === "ended" && peer?.hasEnded === true;
    if (this.#phase === "closing" || bothEnded) this.finish(CLOSED_LOCALLY);
    if (this.#sending === "ended" && !wasEnded) peer?.receiveEnd();
    if (bothEnded) peer?.finish(CLOSED_LOCALLY);
  }

  get #isEnding(): boolean {
    return this.#phase === "closing" || this.#sending === "ending";
  }

  get hasEnded(): boolean {
    return this.#sending === "ended";
  }

  receiveEnd(): void {
    if (this.#phase !== "closed") this.#events?.ended();
  }

  /** Moves bytes to the peer, in pieces, until it pauses. Returns how many. */
  #move(maxBytes: number): number {
    const peer = this.#peer;
    let moved = 0;
    this.#delivering = true;
    for (let first: Uint8Array | undefined; (first = this.#waiting[0]) !== undefined; ) {
      if (moved >= maxBytes || peer === undefined || peer.#paused) break;
      const piece = first.subarray(0, Math.min(this.wire.pieceBytes, maxBytes - moved));
      if (piece.length === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(piece.length);
      moved += piece.length;
      peer.receive(piece);
    }
    this.#delivering = false;
    return moved;
  }

  receive(piece: Uint8Array): void {
    if (this.#phase !== "closed") this.#events?.received(piece); // else the bytes are dropped
  }
}

/** How a listener's name is said, in the sentence that asks for it. */
export function nameOf({ host }: Address): string {
  return host === LISTENER_ADDRESS.host ? "" : ` as ${host}`;
}

/** The address of a listener without a name of its own. */
export const LISTENER_ADDRESS: Address = { family: "memory", host: "memory", port: 0 };
const RESET: CloseReason = { kind: "reset", message: "the peer reset the connection" };
const ABORTED: CloseReason = { kind: "local", message: "this side aborted the connection" };
const CLOSED_LOCALLY: CloseReason = { kind: "local", message: "this side closed the connection" };
