/**
 * One side of a connection, be it tickwire's or a foreign program's: what it sent,
 * who its peer is, and what has been done to it. Who a peer is follows from the
 * first message that names its sender.
 */
import type { CloseReason, Goodbye } from "../../src/browser.ts";
import { must } from "./fault.ts";
import { Ledger } from "./ledger.ts";
import { type Name, senderOf, told } from "./messages.ts";

export type Side = "near" | "far";

/** Why a side closed, as far as a game looks at it. */
export type Reason = Pick<CloseReason, "kind" | "code" | "message" | "goodbye">;

/** One side of a connection. */
export abstract class Party {
  /** The number by which its messages name it; 0 is no number. */
  readonly number: number;
  readonly side: Side;
  readonly out: Ledger = new Ledger();
  peer: Party | undefined;
  /** Whether it stopped receiving: closed, aborted or killed by the game. */
  discards = false;
  /** Whether it dropped everything by the game's will, so that its peer may lack anything. */
  aborted = false;
  /** Whether it was told to end its stream. */
  ends = false;
  /** Whether it was told to end its stream before it was told to close. */
  endsFirst = false;
  /** The last word that it was given. */
  said: Goodbye | undefined;
  /** Whether its reason shows the goodbye of its peer. */
  readonly tellsGoodbyes: boolean = false;
  /** Whether its bytes are not held to anything. */
  isHostile = false;
  readonly #early: Name[] = [];

  constructor(number: number, side: Side) {
    this.number = number;
    this.side = side;
  }

  /** Messages that a policy of this side dropped. */
  abstract readonly lostSent: number;
  abstract readonly lostReceived: number;
  /** What can be said of it, in a fault. */
  abstract readonly told: string;
  /** Whether nothing more comes here, or nothing more is looked at. */
  abstract readonly isOver: boolean;
  /** Whether it is open in both directions. */
  abstract readonly isOpen: boolean;
  /** Why it closed, where it says so. */
  abstract readonly reason: Reason | undefined;

  /** A message came, which may say who the peer is. */
  receive(name: Name, parties: ReadonlyMap<number, Party>): void {
    const sender = senderOf(name);
    if (sender < FIRST_BROADCASTER) {
      const from = parties.get(sender);
      must(from !== undefined, () => `${this.told} received ${told(name)}, who is nobody`);
      if (this.peer === undefined && from.peer === undefined) this.#meet(from);
      must(this.peer === from, () => `${this.told} received ${told(name)}, which is another connection's`);
      if (from.isHostile) {
        this.isHostile = true;
        return;
      }
      must(from.side !== this.side, () => `${this.told} received ${told(name)}, of its own side`);
    }
    if (this.peer === undefined) this.#early.push(name);
    else this.#take(name);
  }

  #meet(peer: Party): void {
    this.peer = peer;
    peer.peer = this;
    for (const party of [this, peer]) for (const name of party.#early.splice(0)) party.#take(name);
  }

  #take(name: Name): void {
    const { peer } = this;
    if (peer === undefined) return;
    peer.out.receive(name);
    const allowed = peer.lostSent + this.lostReceived;
    must(peer.out.missing <= allowed, () => {
      return `${this.told} received ${told(name)} after a gap: ${peer.out.missing} are missing, and ${allowed} were dropped`;
    });
  }

  /** Messages of the peer that have neither come nor were dropped. */
  get lacking(): number {
    const { peer } = this;
    if (peer === undefined) return 0;
    return peer.out.waiting + peer.out.missing - peer.lostSent - this.lostReceived;
  }
}

/** Numbers from here on are those of listeners, which broadcast. */
export const FIRST_BROADCASTER = 1_000_000;
