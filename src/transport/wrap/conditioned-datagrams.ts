/**
 * A place for datagrams on a bad network: another place, and what is on its way to
 * it and from it.
 *
 *     core ── send ──▶ lane ──▶ inner.send        core ◀── received ◀── lane ◀── inner
 *
 * A datagram counts as sent when the lane has it, as with a system. What a blackhole
 * meets is lost. On a clear line with nothing on its way the calls go straight through.
 */
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramEvents, DatagramLink, Destination } from "../../port/datagram-link.ts";
import type { Agenda, Scheduled } from "./agenda.ts";
import type { Conditioned, Conditioner } from "./conditioner.ts";
import type { Direction } from "./conditions.ts";
import { DatagramLane } from "./datagram-lane.ts";

/** Who has sent a datagram, and to which subject. */
interface Sender extends Destination {
  readonly from: Address;
  readonly subject: string | undefined;
}

/** One place for datagrams of a conditioned transport. */
export class ConditionedDatagrams implements DatagramLink, Scheduled, Conditioned {
  readonly order: number;
  declare refuse?: (to: Destination) => string | undefined;
  declare refuseGroup?: (group: string, within?: string) => string | undefined;
  dueMs: number = Infinity;
  heapIndex: number = -1;
  readonly #conditioner: Conditioner;
  readonly #inner: DatagramLink;
  readonly #sending: DatagramLane<Destination | undefined>;
  readonly #receiving: DatagramLane<Sender>;
  readonly #blackholed: Record<Direction, boolean> = { send: false, receive: false };
  #events: DatagramEvents | undefined;
  #agenda: Agenda | undefined;
  #phase: "open" | "closing" | "ending" | "closed" = "open";
  /** The datagrams of the core, and those of the lane, that the inner link has not sent yet. */
  #coreCount = 0;
  #laneCount = 0;

  constructor(conditioner: Conditioner, inner: DatagramLink) {
    if (inner.refuse !== undefined) this.refuse = (to) => inner.refuse?.(to);
    if (inner.refuseGroup !== undefined) {
      this.refuseGroup = (group, within) => inner.refuseGroup?.(group, within);
    }
    const { order, draws } = conditioner.drawsFor("datagrams");
    this.order = order;
    this.#conditioner = conditioner;
    this.#inner = inner;
    this.#sending = new DatagramLane(draws.send);
    this.#receiving = new DatagramLane(draws.receive);
  }

  get isOver(): boolean {
    return this.#phase === "closed";
  }

  attach(events: DatagramEvents): void {
    this.#events = events;
    this.#conditioner.add(this);
    this.#inner.attach({
      bound: (local, remote) => events.bound(local, remote),
      received: (bytes, from, subject) => this.#received(bytes, from, subject),
      sent: (sizeBytes) => this.#sent(sizeBytes),
      failed: (reason) => events.failed(reason),
      trouble: (reason) => events.trouble(reason),
      lost: (count) => events.lost(count),
      suspended: () => events.suspended(),
      resumed: () => events.resumed(),
      closed: (reason) => this.#closed(reason),
    });
  }

  send(bytes: Uint8Array, to: Destination | undefined): void {
    if (this.#isClear("send", this.#sending) && this.#laneCount === 0) {
      this.#coreCount++;
      this.#inner.send(bytes, to);
      return;
    }
    this.#sending.push(bytes, to);
    this.#schedule();
    this.#events?.sent(bytes.length);
  }

  flush(): void {
    this.#inner.flush?.();
  }

  join(group: string, onInterfaceOrQueue?: string): void {
    this.#inner.join(group, onInterfaceOrQueue);
  }

  leave(group: string, onInterfaceOrQueue?: string): void {
    this.#inner.leave(group, onInterfaceOrQueue);
  }

  close(): void {
    if (this.#phase !== "open") return;
    this.#phase = "closing";
    this.#closeWhenEmpty();
  }

  abort(): void {
    if (this.#phase === "closed") return;
    this.#phase = "ending";
    this.#clear();
    this.#inner.abort();
    this.#leave(); // `closed` need not follow
  }

  /** Joins the links of its poller, whose pump does the rest. */
  pump(nowMs: number, poller?: object, beginsFrame?: boolean): number | undefined {
    const innerMs = this.#phase === "closed" ? undefined : this.#inner.pump?.(nowMs, poller, beginsFrame);
    if (this.#agenda === undefined && this.#phase !== "closed") {
      this.#agenda = this.#conditioner.join(this, nowMs, poller);
    }
    if (poller !== undefined) return innerMs;
    const ownMs = this.#agenda?.pump(nowMs, beginsFrame);
    return ownMs === undefined ? innerMs : Math.min(ownMs, innerMs ?? Infinity);
  }

  run(beforeMs: number, nowMs: number): void {
    const { send, receive } = this.#conditioner.terms;
    this.#sending.stamp(beforeMs, send, this.#blackholed.send);
    this.#receiving.stamp(nowMs, receive, this.#blackholed.receive);
    while (this.#coreCount === 0) {
      const next = this.#sending.take(nowMs);
      if (next === undefined) break;
      if (this.#blackholed.send) continue;
      this.#laneCount++;
      this.#inner.send(next.bytes, next.peer);
    }
    this.#inner.flush?.();
    for (let next = this.#receiving.take(nowMs); next !== undefined; next = this.#receiving.take(nowMs)) {
      if (this.#blackholed.receive || this.#phase !== "open") continue;
      const { bytes, peer } = next;
      this.#events?.received(bytes, peer.from, peer.subject);
    }
    this.#closeWhenEmpty();
    this.#dueAgain();
  }

  // The calls of the conditioner.

  /** Loses what is on its way. */
  cut(): void {
    this.#clear();
    this.#closeWhenEmpty();
  }

  blackhole(direction: Direction, isOn: boolean): void {
    this.#blackholed[direction] = isOn;
  }

  #received(bytes: Uint8Array, from: Address, subject: string | undefined): void {
    if (this.#phase !== "open" || this.#blackholed.receive) return;
    if (this.#isClear("receive", this.#receiving)) {
      this.#events?.received(bytes, from, subject);
      return;
    }
    const { host, port } = from;
    this.#receiving.push(new Uint8Array(bytes), { host, port, from, subject });
    this.#schedule();
  }

  #sent(sizeBytes: number): void {
    if (this.#laneCount > 0) {
      this.#laneCount--;
      return;
    }
    this.#coreCount--;
    this.#events?.sent(sizeBytes);
    if (this.#coreCount === 0) this.#schedule();
  }

  #closed(reason: CloseReason): void {
    this.#phase = "closed";
    this.#clear();
    this.#leave();
    this.#events?.closed(reason);
  }

  /** Frees the address once the last datagram that was given has left, which is now when there is none. */
  #closeWhenEmpty(): void {
    if (this.#phase !== "closing" || !this.#sending.isEmpty) return;
    this.#phase = "ending";
    this.#inner.close();
  }

  /** Whether nothing is done to what goes that way now, and nothing is before it. */
  #isClear(direction: Direction, lane: { readonly isEmpty: boolean }): boolean {
    return this.#conditioner.terms[direction].isClear && !this.#blackholed[direction] && lane.isEmpty;
  }

  #clear(): void {
    this.#sending.clear();
    this.#receiving.clear();
    this.#schedule();
  }

  #leave(): void {
    this.#agenda?.remove(this);
    this.#conditioner.remove(this);
  }

  #dueAgain(): void {
    const sendingMs = this.#coreCount === 0 ? this.#sending.dueMs : Infinity;
    this.dueMs = Math.min(sendingMs, this.#receiving.dueMs);
  }

  #schedule(): void {
    this.#dueAgain();
    this.#agenda?.schedule(this);
  }
}
