/**
 * A network inside the process: pollers connect over it without sockets, event
 * loop or chance. Bytes that one side flushes arrive at the next poll of the other.
 *
 *     link.write ──▶ pipe (held, or split into pieces) ──▶ peer's received
 *
 * It is made for tests, of this library and of games: a test can split the stream
 * at any byte, and choose the frame in which each byte arrives. Knows no time.
 */
import { type Checks, checkOptions, isBoolean, isLimit, wholeNumber } from "../../check.ts";
import type { Acceptor, AcceptorEvents } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramLink } from "../../port/datagram-link.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import type { Transport } from "../../port/transport.ts";
import { MemoryDatagramHub } from "./memory-datagrams.ts";

/** Options of {@link memory}. */
export interface MemoryOptions {
  /** Whether a side may go on sending after its peer has ended its stream; `false` by default. */
  readonly allowHalfOpen?: boolean;
  /** The size of the largest piece that is delivered at once, in bytes; larger ones are split. Unlimited by default. */
  readonly pieceBytes?: number;
}

/** A network in memory. Pollers that use the same value can connect to each other. */
export interface MemoryTransport extends Transport {
  listen(): Acceptor;
  connect(): Link;
  bind(): DatagramLink;
  /** Holds everything on all links: bytes and ends of streams wait until `release`. Only a reset still arrives. */
  hold(): void;
  /**
   * Delivers the next `sizeBytes` bytes on each link in each direction, and holds
   * the rest. Without a number, delivers everything, datagrams too, and stops
   * holding.
   *
   * @throws RangeError when `sizeBytes` is not a whole number from 0 up
   */
  release(sizeBytes?: number): void;
  /** Pulls the cable: both ends of every link see a reset, and all bytes and datagrams in flight are lost. */
  cut(): void;
}

/**
 * A network in memory, to listen, connect and bind with. One listener at a time
 * can use it, for any number of connections; without a listener, connections are
 * refused. Datagrams go to the port of a bound socket.
 *
 * @throws TypeError when an option is not known, or of a wrong kind
 * @throws RangeError when `pieceBytes` is not a whole number from 1 up
 */
export function memory(options: MemoryOptions = {}): MemoryTransport {
  checkOptions(options, CHECKS);
  const { pieceBytes = Infinity, allowHalfOpen = false } = options;
  return new MemoryNetwork(pieceBytes, allowHalfOpen);
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
    this.#datagrams.dropWaiting();
  }

  /** Registers the acceptor for new links; returns `false` when there is one already. */
  register(acceptor: MemoryAcceptor): boolean {
    if (this.#acceptor !== undefined) return false;
    this.#acceptor = acceptor;
    return true;
  }

  unregister(acceptor: MemoryAcceptor): void {
    if (this.#acceptor === acceptor) this.#acceptor = undefined;
  }

  /** Connects `client` to a new link at the acceptor; returns `false` when there is no acceptor. */
  accept(client: MemoryLink): boolean {
    if (this.#acceptor === undefined) return false;
    const accepted = new MemoryLink(this, LISTENER_ADDRESS, client.localAddress);
    client.pairWith(accepted);
    accepted.pairWith(client);
    this.#links.add(client).add(accepted);
    this.#acceptor.incoming(accepted);
    return true;
  }

  remove(link: MemoryLink): void {
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
    if (this.#network.register(this)) events.listening(LISTENER_ADDRESS);
    else events.closed({ kind: "address-in-use", message: "another listener is on this memory network" });
  }

  incoming(link: Link): void {
    this.#events?.incoming(link);
  }

  close(): void {
    this.#network.unregister(this);
  }
}

class MemoryLink implements Link {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly #network: MemoryNetwork;
  #events: LinkEvents | undefined;
  #peer: MemoryLink | undefined;
  /** The bytes that this end has written and the peer has not received. */
  #waiting: Uint8Array[] = [];
  #phase: "open" | "closing" | "closed" = "open";
  /** The state of this end's own stream, while the link is open. */
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
    const isClient = this.#peer === undefined;
    if (isClient && !this.#network.accept(this)) {
      this.finish(REFUSED);
      return;
    }
    if (this.#phase === "closed") return; // the listener has rejected it
    events.opened();
  }

  pairWith(peer: MemoryLink): void {
    this.#peer = peer;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#phase !== "open") return true; // the bytes are dropped
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
  deliver(maxBytes: number = this.#network.held ? 0 : Infinity): void {
    if (this.#delivering) return;
    const moved = this.#move(maxBytes);
    if (moved > 0) this.#events?.drained(moved);
    if (this.#waiting.length === 0 && !this.#network.held) this.#deliverEnd();
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
      const piece = first.subarray(0, Math.min(this.#network.pieceBytes, maxBytes - moved));
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

function addressOf(port: number): Address {
  return { family: "memory", host: "memory", port };
}

const CHECKS: Checks<MemoryOptions> = { allowHalfOpen: isBoolean, pieceBytes: isLimit(1) };
const LISTENER_ADDRESS = addressOf(0);
const REFUSED: CloseReason = { kind: "refused", message: "nobody listens on this memory network" };
const RESET: CloseReason = { kind: "reset", message: "the peer reset the connection" };
const CUT: CloseReason = { kind: "reset", message: "the memory network was cut" };
const ABORTED: CloseReason = { kind: "local", message: "this side aborted the connection" };
const CLOSED_LOCALLY: CloseReason = { kind: "local", message: "this side closed the connection" };
