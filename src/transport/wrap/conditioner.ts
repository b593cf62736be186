/**
 * What the links of one conditioned transport share: the terms, the seed, who lives,
 * which link a connection is of, and the pumps.
 *
 *     the game ── set, cut, blackhole, heal ──▶ conditioner ──▶ its links
 *     poller ── pump ──▶ agenda of that poller ──▶ the links that are due
 */
import { kindOf } from "../../check.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Pump } from "../../port/transport.ts";
import { Agenda, type Scheduled } from "./agenda.ts";
import type { BothTerms, Direction } from "./conditions.ts";
import { Draws } from "./draws.ts";

/** Either end of a link, such as a connection: its addresses tell which link it is. */
export interface ConditionedEnd {
  /** Its own address. */
  readonly localAddress: Address | undefined;
  /** The address of its other end. */
  readonly remoteAddress: Address | undefined;
}

/** A link, or a place for datagrams. */
export interface Conditioned {
  cut(reason: CloseReason): void;
  blackhole(direction: Direction, isOn: boolean): void;
}

/** A link that is closed to the core, and has more to do below. */
export interface Kept {
  endKept(): void;
}

/** Why it is kept: its peer is not to know in a blackhole, or has not read all. */
export type KeptFor = "abandoned" | "lingering";

/** The shared part of one conditioned transport. */
export class Conditioner {
  terms: BothTerms;
  readonly isMessages: boolean;
  readonly #seed: number;
  readonly #innerPump: Pump | undefined;
  /** Everything that is attached and not closed. */
  readonly #live = new Set<Conditioned>();
  readonly #acceptors = new Set<object>();
  readonly #kept = new Map<Kept, KeptFor>();
  readonly #byAddresses = new WeakMap<object, WeakMap<object, Conditioned>>();
  readonly #agendas = new WeakMap<object, Agenda>();
  readonly #blackholed: Record<Direction, boolean> = { send: false, receive: false };
  readonly #made: Record<Role, number> = { client: 0, accepted: 0, datagrams: 0 };
  #order = 0;

  constructor(seed: number, terms: BothTerms, isMessages: boolean, innerPump: Pump | undefined) {
    this.#seed = seed;
    this.terms = terms;
    this.isMessages = isMessages;
    this.#innerPump = innerPump;
  }

  /** The pump of the transport: one call for all links of `poller`. */
  readonly pump: Pump = (nowMs, poller, beginsFrame, wake) => {
    const innerMs = this.#innerPump?.(nowMs, poller, beginsFrame, wake);
    const ownMs = this.#agendas.get(poller)?.pump(nowMs, beginsFrame) ?? Infinity;
    if (innerMs === undefined && this.#isUnused) return undefined;
    return Math.min(ownMs, innerMs ?? Infinity);
  };

  /** Adds a link to those of its poller, and does what is due on it; without a poller it is alone. */
  join(one: Scheduled, nowMs: number, poller: object = one): Agenda {
    const agenda = this.#agendas.get(poller) ?? new Agenda(this);
    this.#agendas.set(poller, agenda);
    agenda.join(one, nowMs);
    return agenda;
  }

  /** The draws of the next link in that role, and its place among all. */
  drawsFor(role: Role): { order: number; draws: Record<Direction, Draws> } {
    const ordinal = this.#made[role]++;
    const of = (direction: number) => new Draws(this.#seed, ROLES.indexOf(role), ordinal, direction);
    return { order: this.#order++, draws: { send: of(0), receive: of(1) } };
  }

  /** Counts what has been attached to, which a blackhole may concern at once. */
  add(one: Conditioned): void {
    this.#live.add(one);
    for (const direction of DIRECTIONS) if (this.#blackholed[direction]) one.blackhole(direction, true);
  }

  remove(one: Conditioned): void {
    this.#live.delete(one);
    this.#endUnused();
  }

  addAcceptor(acceptor: object): void {
    this.#acceptors.add(acceptor);
  }

  removeAcceptor(acceptor: object): void {
    this.#acceptors.delete(acceptor);
    this.#endUnused();
  }

  /** Keeps a link that is closed to the core. */
  keep(one: Kept, why: KeptFor): void {
    this.#kept.set(one, why);
  }

  forget(one: Kept): void {
    this.#kept.delete(one);
  }

  /**
   * Notes the addresses of a link, by which a connection tells that it is its own. They are
   * the inner link's, unless another link has the same two objects: then copies.
   */
  register(
    one: Conditioned,
    local: Address | undefined,
    remote: Address | undefined,
  ): readonly [Address | undefined, Address | undefined] {
    if (local === undefined && remote === undefined) return [local, remote];
    const known = this.#find(local, remote);
    const isTaken = known !== undefined && known !== one;
    const [ownLocal, ownRemote] = isTaken ? [copyOf(local), copyOf(remote)] : [local, remote];
    const byRemote = this.#byAddresses.get(ownLocal ?? NO_ADDRESS) ?? new WeakMap<object, Conditioned>();
    this.#byAddresses.set(ownLocal ?? NO_ADDRESS, byRemote);
    byRemote.set(ownRemote ?? NO_ADDRESS, one);
    return [ownLocal, ownRemote];
  }

  cut(connection?: ConditionedEnd): void {
    for (const one of this.#those(connection)) one.cut(CUT);
    if (connection === undefined) this.#endKept();
  }

  blackhole(directions: readonly Direction[], connection?: ConditionedEnd): void {
    this.#switch(directions, true, connection);
  }

  heal(connection?: ConditionedEnd): void {
    this.#switch(DIRECTIONS, false, connection);
    if (connection === undefined) this.#endKept("abandoned");
  }

  #switch(directions: readonly Direction[], isOn: boolean, connection: ConditionedEnd | undefined): void {
    const those = this.#those(connection);
    for (const direction of directions) {
      if (connection === undefined) this.#blackholed[direction] = isOn;
      for (const one of those) one.blackhole(direction, isOn);
    }
  }

  #those(connection: ConditionedEnd | undefined): readonly Conditioned[] {
    if (connection === undefined) return [...this.#live];
    if (typeof connection !== "object" || connection === null)
      throw new TypeError(`connection: expected a connection, got ${kindOf(connection)}`);
    const { localAddress, remoteAddress } = connection;
    if (localAddress === undefined && remoteAddress === undefined)
      throw new RangeError(
        "connection: it has no address by which to tell its link, or is still connecting; without a connection all are meant",
      );
    const one = this.#find(localAddress, remoteAddress);
    if (one === undefined)
      throw new RangeError("connection: it is none of this conditioned transport, or is still connecting");
    return this.#live.has(one) ? [one] : [];
  }

  #find(local: Address | undefined, remote: Address | undefined): Conditioned | undefined {
    return this.#byAddresses.get(local ?? NO_ADDRESS)?.get(remote ?? NO_ADDRESS);
  }

  get #isUnused(): boolean {
    return this.#live.size === 0 && this.#acceptors.size === 0;
  }

  /** With the last of all go those that are kept: nothing is left of a transport that nobody uses. */
  #endUnused(): void {
    if (this.#isUnused) this.#endKept();
  }

  /** Ends those that are kept, or of them those for one reason. */
  #endKept(why?: KeptFor): void {
    for (const [one, whyKept] of [...this.#kept]) {
      if (why !== undefined && why !== whyKept) continue;
      this.#kept.delete(one);
      one.endKept();
    }
  }
}

function copyOf(address: Address | undefined): Address | undefined {
  return address && { ...address };
}

/** What makes draws. */
export type Role = "client" | "accepted" | "datagrams";

const ROLES: readonly Role[] = ["client", "accepted", "datagrams"];

/** Both, the one that a blackhole is without a direction. */
export const DIRECTIONS: readonly Direction[] = ["send", "receive"];

/** Stands for the address that one end of a link does not have. */
const NO_ADDRESS = {};

const CUT: CloseReason = { kind: "reset", message: "the conditioned network was cut" };
