/**
 * A datagram link whose socket is in the network thread. A datagram counts as sent when
 * it is in the ring, as with a kernel; what has no room there waits here, and counts under
 * the core's own limit. What the system says of a group comes late, as `trouble`.
 */
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramEvents, DatagramLink, Destination } from "../../port/datagram-link.ts";
import type { Channel, ChannelTarget, Waiting } from "./channel.ts";
import { PlaceNumbers } from "./place-numbers.ts";
import { ASK, bytesOf, readReason, readValue, sendWindow, TELL } from "./records.ts";
import { LARGEST_PAYLOAD_BYTES, viewOf } from "./ring.ts";

/** One datagram link. */
export class ThreadedDatagrams implements DatagramLink, ChannelTarget, Waiting {
  readonly #open: () => Channel;
  #channel: Channel | undefined;
  #id = 0;
  #events: DatagramEvents | undefined;
  #phase: "idle" | "alive" | "closing" | "aborted" | "closed" = "idle";
  readonly #places = new PlaceNumbers();
  /** Those that datagrams come from, by the numbers that the network thread has given them. */
  readonly #senders = new Map<number, Address>();
  /** What has no room. */
  readonly #kept: KeptDatagram[] = [];
  /** What the network thread has and the system has not. */
  #inFlight = 0;

  /** @param open returns the channel, when the link is attached */
  constructor(open: () => Channel) {
    this.#open = open;
  }

  attach(events: DatagramEvents): void {
    this.#events = events;
    this.#phase = "alive";
    this.#channel = this.#open();
    this.#id = this.#channel.add(this);
    this.#channel.ask(ASK.bind, this.#id);
  }

  send(bytes: Uint8Array, to: Destination | undefined): void {
    if (this.#phase !== "alive") return;
    if (bytes.length > LARGEST_PAYLOAD_BYTES) {
      this.#events?.sent(bytes.length);
      this.#events?.failed(TOO_LARGE);
    } else if (this.#kept.length > 0 || !this.#tryGive(bytes, to)) {
      this.#kept.push({ bytes, to });
      this.#channel?.wait(this);
    }
  }

  join(group: string, onInterface?: string): void {
    this.#channel?.ask(ASK.join, this.#id, 0, bytesOf([group, onInterface]));
  }

  leave(group: string, onInterface?: string): void {
    this.#channel?.ask(ASK.leave, this.#id, 0, bytesOf([group, onInterface]));
  }

  close(): void {
    if (this.#phase !== "alive") return;
    this.#phase = "closing";
    this.#askClose();
  }

  abort(): void {
    if (this.#phase !== "alive" && this.#phase !== "closing") return;
    this.#phase = "aborted";
    this.#kept.length = 0;
    this.#channel?.ask(ASK.abort, this.#id);
    this.#channel?.giveUp(this);
  }

  take(kind: number, extra: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const events = this.#events as DatagramEvents;
    if (kind === TELL.closed) this.fail(readReason(bytes, start, end) as CloseReason);
    else if (this.#phase === "aborted") return;
    else if (kind === TELL.datagram) {
      const from = this.#senders.get(extra);
      if (from !== undefined) events.received(viewOf(bytes, start, end), from);
    } else if (kind === TELL.place)
      this.#senders.set(extra, readValue<Address>(bytes, start, end) as Address);
    else if (kind === TELL.placesForgotten) this.#senders.clear();
    else this.#tell(events, kind, extra, bytes, start, end);
  }

  #tell(
    events: DatagramEvents,
    kind: number,
    extra: number,
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    end: number,
  ): void {
    if (kind === TELL.left) this.#inFlight -= extra;
    else if (kind === TELL.lost) events.lost(extra);
    else if (kind === TELL.trouble) events.trouble(readReason(bytes, start, end) as CloseReason);
    else if (kind === TELL.failed) {
      const reason = readReason(bytes, start, end) as CloseReason;
      for (let count = 0; count < extra; count++) events.failed(reason);
    } else if (kind === TELL.bound) {
      const [local, remote] = readValue<(Address | null)[]>(bytes, start, end) ?? [];
      events.bound(local ?? undefined, remote ?? undefined);
    }
  }

  fail(reason: CloseReason): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#kept.length = 0;
    this.#channel?.remove(this.#id, this);
    this.#events?.closed(reason);
  }

  advance(): boolean {
    if (this.#phase !== "alive" && this.#phase !== "closing") return true;
    let next = 0;
    for (; next < this.#kept.length; next++) {
      const { bytes, to } = this.#kept[next] as KeptDatagram;
      if (!this.#tryGive(bytes, to)) break;
    }
    this.#kept.splice(0, next);
    if (next > 0 && this.#phase === "closing") this.#askClose();
    return this.#kept.length === 0;
  }

  #askClose(): void {
    if (this.#kept.length > 0) return;
    this.#channel?.ask(ASK.close, this.#id);
  }

  #tryGive(bytes: Uint8Array, to: Destination | undefined): boolean {
    const channel = this.#channel as Channel;
    const weightBytes = bytes.length + DATAGRAM_WEIGHT_BYTES;
    const window = sendWindow(channel.ringBytes);
    // What has left is told in quarters of the window; with no more than one under way any datagram may go.
    if (this.#inFlight >= window / 4 && this.#inFlight + weightBytes > window) return false;
    const place = to === undefined ? NO_PLACE : this.#placeOf(to);
    if (!channel.tryGive(ASK.send, this.#id, bytes, 0, bytes.length, place)) return false;
    this.#inFlight += weightBytes;
    this.#events?.sent(bytes.length);
    return true;
  }

  /** The number of a destination, which the network thread knows. */
  #placeOf({ host, port }: Destination): number {
    const known = this.#places.find(host, port);
    if (known !== undefined) return known;
    if (this.#places.isFull) this.#places.clear(); // numbers are given anew, and so are their places
    const number = this.#places.add(host, port);
    this.#channel?.ask(ASK.place, this.#id, number, bytesOf([host, port]));
    return number;
  }
}

interface KeptDatagram {
  readonly bytes: Uint8Array;
  readonly to: Destination | undefined;
}

/** The place of a datagram for the peer that the socket is connected to. */
export const NO_PLACE = -1;
/** What a datagram costs besides its bytes, about: an object for each in Node. */
export const DATAGRAM_WEIGHT_BYTES = 64;

const TOO_LARGE: CloseReason = {
  kind: "failed",
  code: "EMSGSIZE",
  message: "the datagram is larger than any system sends",
};
