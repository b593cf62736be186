/**
 * Datagrams inside the process: each link has a port, and a datagram to that port
 * arrives at the next poll of its owner. A part of `memory.ts`, which decides
 * when datagrams are held, released or lost.
 */
import type { Address } from "../../port/address.ts";
import type { DatagramEvents, DatagramLink, Destination } from "../../port/datagram-link.ts";

/** All the datagram links of one network in memory. */
export class MemoryDatagramHub {
  readonly #links = new Map<number, MemoryDatagramLink>();
  #waiting: (() => void)[] = [];
  #isHeld = false;
  #lastPort = 0;

  bind(): DatagramLink {
    const address: Address = { family: "memory", host: "memory", port: ++this.#lastPort };
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
    for (const deliver of waiting) deliver();
  }

  /** Drops all waiting datagrams. */
  dropWaiting(): void {
    this.#waiting = [];
  }

  add(link: MemoryDatagramLink): void {
    this.#links.set(link.address.port, link);
  }

  remove(link: MemoryDatagramLink): void {
    this.#links.delete(link.address.port);
  }

  deliver(bytes: Uint8Array, from: Address, to: Destination): void {
    const deliver = () => this.#links.get(to.port)?.receive(bytes, from);
    if (this.#isHeld) this.#waiting.push(deliver);
    else deliver();
  }
}

class MemoryDatagramLink implements DatagramLink {
  readonly address: Address;
  readonly #hub: MemoryDatagramHub;
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

  send(bytes: Uint8Array, to: Destination | undefined): void {
    if (to !== undefined) this.#hub.deliver(bytes, this.address, to);
    this.#events?.sent(bytes.length);
  }

  receive(bytes: Uint8Array, from: Address): void {
    this.#events?.received(bytes, from);
  }

  join(): void {
    throw new Error("group: a memory network has no multicast");
  }

  leave(): void {
    this.join();
  }

  close(): void {
    this.#hub.remove(this);
    this.#events?.closed({ kind: "local", message: "this side closed the socket" });
  }

  abort(): void {
    this.close();
  }
}
