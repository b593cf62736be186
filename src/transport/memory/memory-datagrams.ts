/**
 * Datagrams inside the process: each place has a port, and what is sent there
 * has arrived when its owner polls. Belongs to `memory.ts`, and holds what it
 * holds.
 */
import type { Address } from "../../port/address.ts";
import type { DatagramEvents, DatagramLink, Destination } from "../../port/datagram-link.ts";

/** The places of one network in memory. */
export class MemoryDatagramHub {
  readonly #places = new Map<number, MemoryDatagramLink>();
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

  /** Delivers what waits, whole datagrams, in order. */
  release(): void {
    this.#isHeld = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const deliver of waiting) deliver();
  }

  /** Loses what waits. */
  lose(): void {
    this.#waiting = [];
  }

  enter(place: MemoryDatagramLink): void {
    this.#places.set(place.address.port, place);
  }

  forget(place: MemoryDatagramLink): void {
    this.#places.delete(place.address.port);
  }

  deliver(bytes: Uint8Array, from: Address, to: Destination): void {
    const deliver = () => this.#places.get(to.port)?.hear(bytes, from);
    if (this.#isHeld) this.#waiting.push(deliver);
    else deliver();
  }
}

class MemoryDatagramLink implements DatagramLink {
  readonly address: Address;
  readonly #post: MemoryDatagramHub;
  #events: DatagramEvents | undefined;

  constructor(post: MemoryDatagramHub, address: Address) {
    this.#post = post;
    this.address = address;
  }

  attach(events: DatagramEvents): void {
    this.#events = events;
    this.#post.enter(this);
    events.bound(this.address, undefined);
  }

  send(bytes: Uint8Array, to: Destination | undefined): void {
    if (to !== undefined) this.#post.deliver(bytes, this.address, to);
    this.#events?.sent(bytes.length);
  }

  hear(bytes: Uint8Array, from: Address): void {
    this.#events?.received(bytes, from);
  }

  join(): void {
    throw new Error("group: a memory network has no multicast");
  }

  leave(): void {
    this.join();
  }

  close(): void {
    this.#post.forget(this);
    this.#events?.closed({ kind: "local", message: "this side closed the socket" });
  }
}
