/**
 * An acceptor of the network thread. The game's core decides about peers, and is asked a
 * poll later: meanwhile a handshake goes on, and no more of them than a limit says.
 */
import type { Acceptor, AcceptorEvents, Handshake } from "../../../port/acceptor.ts";
import type { Address } from "../../../port/address.ts";
import type { CloseReason } from "../../../port/close-reason.ts";
import type { Link } from "../../../port/link.ts";
import { ASK, bytesOf, bytesOfReason, TELL } from "../records.ts";
import { StationLink } from "./station-link.ts";
import type { StationContext, StationPart } from "./station-parts.ts";

/** One acceptor. */
export class StationAcceptor implements StationPart, AcceptorEvents {
  declare readonly pump?: (nowMs: number, poller: object, beginsFrame: boolean) => number | undefined;
  readonly #station: StationContext;
  readonly #id: number;
  readonly #acceptor: Acceptor;
  /** Peers that were refused and not told of, and the reason for the last of them. */
  #refused = 0;
  #refusal: CloseReason = TOO_MANY;

  constructor(station: StationContext, id: number, acceptor: Acceptor) {
    this.#station = station;
    this.#id = id;
    this.#acceptor = acceptor;
    if (acceptor.pump !== undefined) this.pump = (...args) => acceptor.pump?.(...args);
  }

  start(): void {
    this.#station.add(this.#id, this);
    this.#acceptor.attach(this);
  }

  take(kind: number): void {
    if (kind === ASK.close) this.#acceptor.close();
  }

  abort(): void {
    this.#acceptor.close();
  }

  hold(isHeld: boolean): void {
    if (!isHeld) this.#tellRefused();
  }

  beat(): void {
    this.#tellRefused();
  }

  // The events of the acceptor.

  listening(address: Address | undefined): void {
    this.#station.tell(TELL.listening, this.#id, 0, bytesOf(address));
  }

  incoming(link: Link): void {
    if (this.#station.tryCountPeer()) {
      StationLink.incoming(this.#station, this.#id, link);
      return;
    }
    link.abort(TOO_MANY);
    this.rejected(TOO_MANY);
  }

  handshaking(from: Address | undefined, drop: () => void): Handshake {
    if (!this.#station.tryCountPeer()) {
      this.rejected(TOO_MANY);
      return REFUSED;
    }
    const id = this.#station.newId();
    const handshake = new StationHandshake(this.#station, id, drop);
    this.#station.add(id, handshake);
    this.#station.tell(TELL.handshaking, this.#id, id, bytesOf(from));
    return handshake;
  }

  rejected(reason: CloseReason): void {
    this.#refused++;
    this.#refusal = reason;
    this.#tellRefused();
  }

  closed(reason: CloseReason): void {
    this.#tellRefused();
    this.#station.tell(TELL.closed, this.#id, 0, bytesOfReason(reason));
    this.#station.remove(this.#id);
  }

  /** One record for all of them, as strangers could make any number. */
  #tellRefused(): void {
    if (this.#refused === 0 || this.#station.isFull) return;
    const count = this.#refused;
    this.#refused = 0;
    this.#station.tell(TELL.rejected, this.#id, count, bytesOfReason(this.#refusal));
  }
}

/** The handshake of one peer. */
class StationHandshake implements StationPart, Handshake {
  readonly refusal: undefined;
  readonly #station: StationContext;
  readonly #id: number;
  readonly #drop: () => void;
  #isOver = false;

  constructor(station: StationContext, id: number, drop: () => void) {
    this.#station = station;
    this.#id = id;
    this.#drop = drop;
  }

  take(kind: number): void {
    if (kind === ASK.drop) this.abort();
  }

  abort(): void {
    if (this.#end()) this.#drop();
  }

  // What the transport says of it.

  identified(address: Address | undefined): undefined {
    if (!this.#isOver) this.#station.tell(TELL.identified, this.#id, 0, bytesOf(address));
  }

  incoming(link: Link): void {
    if (this.#end()) StationLink.incoming(this.#station, this.#id, link);
    else link.abort();
  }

  rejected(reason: CloseReason): void {
    if (this.#end()) this.#station.tell(TELL.rejected, this.#id, 1, bytesOfReason(reason));
  }

  /** Returns whether it was under way. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#station.remove(this.#id);
    return true;
  }
}

const TOO_MANY: CloseReason = {
  kind: "overflow",
  code: "unshownPeers",
  message: "too many peers have come since the game's last poll",
};
const REFUSED: Handshake = {
  refusal: TOO_MANY,
  identified: () => TOO_MANY,
  incoming: (link) => link.abort(TOO_MANY),
  rejected: () => {},
};
