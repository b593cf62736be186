/**
 * The network's side of a listener. Each event of the acceptor is stored here until
 * the next poll; no state changes and no game code runs in between.
 *
 *     acceptor ── handshaking ──▶ admission ── incoming ──▶ accept queue ┊ poll ▶ listener
 *                                     └────── rejected ──▶ rejections ───┊──────▶ ┘
 *
 * A peer is admitted when it is first seen, which is before its handshake where the
 * transport has one, and counts from then on. Does not know which connections the
 * game has accepted.
 */
import type { Acceptor, AcceptorEvents, Handshake } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason, Goodbye } from "../../port/close-reason.ts";
import type { Link } from "../../port/link.ts";
import { FrameQueue } from "../storage/frame-queue.ts";
import type { AcceptLimits } from "./accept-limits.ts";
import { Admission } from "./admission.ts";
import { Rejections } from "./rejections.ts";

/** The parts that a listener's ingress depends on. */
export interface ListenerIngressParts<Pending> {
  readonly limits: AcceptLimits;
  readonly context: { readonly polledMs: number };
  /** Makes the connection of an admitted link. */
  readonly makeConnection: (link: Link) => Pending;
  /** Has the next poll look. */
  readonly markDirty: () => void;
}

/** What the acceptor has reported of itself: it listens, or it has stopped for a reason. */
export type AcceptorChange = { readonly address: Address | undefined } | { readonly reason: CloseReason };

/** What waits to be accepted. */
interface Abortable {
  readonly lifecycle: { abort(goodbye?: Goodbye): void };
}

/** The ingress of one listener. */
export class ListenerIngress<Pending extends Abortable> implements AcceptorEvents {
  /** The connections that wait for `tryAccept`. */
  readonly acceptQueue: FrameQueue<Pending> = new FrameQueue();
  readonly rejections: Rejections = new Rejections();
  /** The most connections that ever waited. */
  waitingPeak = 0;

  readonly #parts: ListenerIngressParts<Pending>;
  readonly #admission: Admission;
  #change: AcceptorChange | undefined;
  #newConnections: Pending[] = [];
  /** For each peer that is shaking hands, the one that does so longest first: drops it. */
  readonly #handshakes = new Set<() => void>();
  #isClosed = false;

  constructor(parts: ListenerIngressParts<Pending>) {
    this.#parts = parts;
    this.#admission = new Admission(parts.limits, parts.context.polledMs);
  }

  listening(address: Address | undefined): void {
    this.#change = { address };
    this.#parts.markDirty();
  }

  handshaking(first: Address | undefined, drop: () => void): Handshake {
    let from = first;
    const refusal = this.#refusalOf(from);
    if (refusal !== undefined) {
      return { refusal, identified: () => refusal, incoming: abort, rejected: ignore };
    }
    const end = (): boolean => {
      if (!this.#handshakes.delete(displace)) return false;
      this.#admission.remove(from);
      return !this.#isClosed;
    };
    const displace = (): void => {
      if (end()) this.rejected(DISPLACED);
      drop();
    };
    this.#makeRoom();
    this.#handshakes.add(displace);
    return {
      refusal,
      identified: (address) => {
        if (!this.#handshakes.has(displace)) return CLOSED;
        this.#admission.remove(from);
        from = address;
        const reason = this.#admission.addressRefusal(from);
        this.#admission.add(from);
        if (reason !== undefined && end()) this.rejected(reason);
        return reason;
      },
      incoming: (link) => {
        const isWanted = end();
        const full = this.#admission.queueRefusal(this.acceptQueue.length);
        if (isWanted && full !== undefined) this.rejected(full);
        if (!isWanted || full !== undefined) {
          link.abort(full);
          return;
        }
        this.#admission.add(link.remoteAddress);
        this.#enqueue(link);
      },
      rejected: (reason) => {
        if (end()) this.rejected(reason);
      },
    };
  }

  incoming(link: Link): void {
    const refusal = this.#refusalOf(link.remoteAddress);
    if (refusal !== undefined) {
      link.abort(refusal);
      return;
    }
    this.#enqueue(link);
  }

  rejected(reason: CloseReason): void {
    this.rejections.add(reason);
    this.#parts.markDirty();
  }

  closed(reason: CloseReason): void {
    this.#change = { reason };
    this.#parts.markDirty();
  }

  /** Returns what the acceptor has reported of itself since the last call; often nothing. */
  takeChange(): AcceptorChange | undefined {
    const change = this.#change;
    this.#change = undefined;
    return change;
  }

  /** Returns the connections that have come since the last call. */
  takeNew(): readonly Pending[] {
    const taken = this.#newConnections;
    if (taken.length > 0) this.#newConnections = [];
    return taken;
  }

  /** Drops a connection from the accept queue. The queue is cut anew by the poll that this is part of. */
  forget(connection: Pending): void {
    const queue = this.acceptQueue;
    queue.latch();
    for (let count = queue.length; count > 0; count--) {
      const first = queue.take() as Pending;
      if (first !== connection) queue.put(first, 0);
      queue.latch();
    }
  }

  /** Counts a connection that was admitted at another address. */
  move(from: Address | undefined, to: Address | undefined): void {
    this.#admission.remove(from);
    this.#admission.add(to);
  }

  /** Stops counting a connection, when it has closed. */
  remove(address: Address | undefined): void {
    this.#admission.remove(address);
  }

  /** Closes the acceptor, and aborts the connections that were not accepted; those that are new are told before their end. */
  close(acceptor: Acceptor, goodbye?: Goodbye): void {
    this.#isClosed = true;
    this.acceptQueue.latch();
    for (let pending: Pending | undefined; (pending = this.acceptQueue.take()) !== undefined; ) {
      pending.lifecycle.abort(goodbye);
    }
    this.#parts.markDirty();
    acceptor.close();
  }

  /** Counts a peer, unless it returns the reason why the peer is refused. */
  #refusalOf(from: Address | undefined): CloseReason | undefined {
    if (this.#isClosed) return CLOSED;
    const waiting = this.acceptQueue.length;
    const refusal = this.#admission.refusal(from, waiting, this.#parts.context.polledMs);
    if (refusal === undefined) this.#admission.addNew(from);
    else this.rejected(refusal);
    return refusal;
  }

  /** Drops the peer that has shaken hands longest, when there are too many: honest ones are done soon. */
  #makeRoom(): void {
    if (this.#handshakes.size < this.#parts.limits.acceptLimit) return;
    const [longest] = this.#handshakes;
    longest?.();
  }

  #enqueue(link: Link): void {
    const connection = this.#tryMake(link);
    if (connection === undefined) return;
    this.acceptQueue.put(connection, 0);
    this.#newConnections.push(connection);
    this.waitingPeak = Math.max(this.waitingPeak, this.acceptQueue.length);
    this.#parts.markDirty();
  }

  /** Makes the connection of an admitted link; `undefined` when its codec throws, as this is a callback of the network. */
  #tryMake(link: Link): Pending | undefined {
    try {
      return this.#parts.makeConnection(link);
    } catch (cause) {
      this.#admission.remove(link.remoteAddress);
      this.rejected({ kind: "failed", message: "the codec made no decoder (see cause)", cause });
      return undefined;
    }
  }
}

function abort(link: Link): void {
  link.abort();
}

function ignore(): void {}

const DISPLACED: CloseReason = {
  kind: "overflow",
  code: "acceptLimit",
  message:
    "the listener has reached its acceptLimit: too many peers are shaking hands, and this one did longest",
};
const CLOSED: CloseReason = { kind: "refused", message: "the listener is closed" };
