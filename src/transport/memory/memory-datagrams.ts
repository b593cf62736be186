/**
 * Datagrams inside the process: each link has a port, or a name, and a datagram to that
 * port, or to a subject that the link has as its name or has joined, arrives at the next
 * poll of its owner. A part of `memory.ts`, which decides when datagrams are held, released
 * or lost.
 */
import type { Address } from "../../port/address.ts";
import type { DatagramEvents, DatagramLink, Destination } from "../../port/datagram-link.ts";
import { matches, problemOfDestination, problemOfGroup } from "../../port/subject.ts";

/** All the datagram links of one network in memory. */
export class MemoryDatagramHub {
  readonly #ports = new Map<number, MemoryDatagramLink>();
  readonly #links = new Set<MemoryDatagramLink>();
  /** How many messages each queue group has had: its members take turns. */
  readonly #turns = new Map<string, number>();
  #waiting: OnItsWay[] = [];
  #isHeld = false;
  #lastPort = 0;

  /** A link with a port of its own, or with a name, which others may have too. */
  bind(name?: string): DatagramLink {
    const address: Address =
      name === undefined
        ? { family: "memory", host: "memory", port: ++this.#lastPort }
        : { family: "memory", host: name, port: 0 };
    return new MemoryDatagramLink(this, address);
  }

  hold(): void {
    this.#isHeld = true;
  }

  /** Delivers all waiting datagrams, in order. */
  release(): void {
    this.#isHeld = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) this.#deliver(one);
  }

  /** Drops all waiting datagrams. Those whom a subject would have led to learn how many. */
  dropWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { from, to } of waiting) {
      if (to.port !== 0) continue;
      for (const link of this.#links) if (link.hears(to.host, from)) link.lose();
    }
  }

  add(link: MemoryDatagramLink): void {
    this.#links.add(link);
    if (link.address.port !== 0) this.#ports.set(link.address.port, link);
  }

  remove(link: MemoryDatagramLink): void {
    this.#links.delete(link);
    this.#ports.delete(link.address.port);
  }

  send(one: OnItsWay): void {
    if (this.#isHeld) this.#waiting.push(one);
    else this.#deliver(one);
  }

  #deliver({ bytes, from, to }: OnItsWay): void {
    if (to.port !== 0) {
      this.#ports.get(to.port)?.receive(bytes, from.address);
      return;
    }
    const subject = to.host;
    for (const link of [...this.#links]) {
      if (link.hears(subject, from)) link.receive(bytes, from.address, subject);
    }
    for (const link of this.#members(subject)) {
      if (!link.hears(subject, undefined)) link.receive(bytes, from.address, subject);
    }
  }

  /** Of each queue group that a subject has, the link whose turn it is. */
  #members(subject: string): MemoryDatagramLink[] {
    const groups = new Map<string, MemoryDatagramLink[]>();
    for (const link of this.#links) {
      for (const queue of link.queuesOf(subject)) {
        const members = groups.get(queue);
        if (members === undefined) groups.set(queue, [link]);
        else members.push(link);
      }
    }
    return [...groups].flatMap(([queue, members]) => {
      const turn = this.#turns.get(queue) ?? 0;
      this.#turns.set(queue, turn + 1);
      return members[turn % members.length] ?? [];
    });
  }
}

/** A datagram between the call that sends it and its delivery. */
interface OnItsWay {
  readonly bytes: Uint8Array;
  readonly from: MemoryDatagramLink;
  readonly to: Destination;
}

/** Something that was joined. */
interface Join {
  readonly pattern: string;
  readonly queue: string | undefined;
}

class MemoryDatagramLink implements DatagramLink {
  readonly address: Address;
  readonly #hub: MemoryDatagramHub;
  #joins: Join[] = [];
  #events: DatagramEvents | undefined;

  constructor(hub: MemoryDatagramHub, address: Address) {
    this.#hub = hub;
    this.address = address;
  }

  attach(events: DatagramEvents): void {
    this.#events = events;
    this.#hub.add(this);
    events.bound(this.address, undefined);
  }

  refuse(to: Destination): string | undefined {
    return problemOfDestination(to, true);
  }

  refuseGroup(group: string, queue?: string): string | undefined {
    return problemOfGroup(group, queue);
  }

  send(bytes: Uint8Array, to: Destination | undefined): void {
    if (to !== undefined) this.#hub.send({ bytes, from: this, to });
    this.#events?.sent(bytes.length);
  }

  receive(bytes: Uint8Array, from: Address, subject?: string): void {
    this.#events?.received(bytes, from, subject);
  }

  lose(): void {
    this.#events?.lost(1);
  }

  join(pattern: string, queue?: string): void {
    const isNew = this.#joins.every((join) => join.pattern !== pattern || join.queue !== queue);
    if (isNew) this.#joins.push({ pattern, queue });
  }

  leave(pattern: string, queue?: string): void {
    this.#joins = this.#joins.filter((join) => join.pattern !== pattern || join.queue !== queue);
  }

  /** Whether it hears a subject by its name or by what it has joined; not what it has sent by the latter itself. */
  hears(subject: string, sender: MemoryDatagramLink | undefined): boolean {
    if (this.address.port === 0 && this.address.host === subject) return true;
    return this !== sender && this.#joins.some((join) => join.queue === undefined && isJoined(join, subject));
  }

  /** The queue groups by which it hears a subject. */
  queuesOf(subject: string): Set<string> {
    const queues = this.#joins.filter((join) => isJoined(join, subject)).map(({ queue }) => queue);
    return new Set(queues.filter((queue) => queue !== undefined));
  }

  close(): void {
    this.#hub.remove(this);
    this.#events?.closed({ kind: "local", message: "this side closed the socket" });
  }

  abort(): void {
    this.close();
  }
}

function isJoined({ pattern }: Join, subject: string): boolean {
  return matches(pattern, subject);
}
