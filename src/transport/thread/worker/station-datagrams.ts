/**
 * A datagram link of the network thread. What has no room in the ring to the game is
 * dropped, and counted there.
 */

import type { Address } from "../../../port/address.ts";
import type { CloseReason } from "../../../port/close-reason.ts";
import type { DatagramEvents, DatagramLink, Destination } from "../../../port/datagram-link.ts";
import { PlaceNumbers } from "../place-numbers.ts";
import { ASK, bytesOf, bytesOfReason, readValue, sendWindow, TELL } from "../records.ts";
import { copyOf } from "../ring.ts";
import { DATAGRAM_WEIGHT_BYTES } from "../threaded-datagrams.ts";
import type { StationContext, StationPart } from "./station-parts.ts";

/** One datagram link. */
export class StationDatagrams implements StationPart, DatagramEvents {
  readonly #station: StationContext;
  readonly #id: number;
  readonly #link: DatagramLink;
  /** Those that the game sends to, by the numbers that it has given them. */
  readonly #destinations = new Map<number, Destination>();
  readonly #senders = new PlaceNumbers();
  #left = 0;
  #lost = 0;

  constructor(station: StationContext, id: number, link: DatagramLink) {
    this.#station = station;
    this.#id = id;
    this.#link = link;
  }

  start(): void {
    this.#station.add(this.#id, this);
    this.#link.attach(this);
  }

  take(kind: number, extra: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    if (kind === ASK.send) this.#link.send(copyOf(bytes, start, end), this.#destinations.get(extra));
    else if (kind === ASK.place) this.#addDestination(extra, readValue(bytes, start, end));
    else if (kind === ASK.join || kind === ASK.leave) this.#change(kind, readValue(bytes, start, end));
    else if (kind === ASK.close) this.#link.close();
    else if (kind === ASK.abort) this.#link.abort();
  }

  abort(): void {
    this.#link.abort();
  }

  hold(isHeld: boolean): void {
    if (!isHeld) this.#tellLost();
  }

  beat(): void {
    this.#tellLost();
  }

  // The events of the link.

  bound(local: Address | undefined, remote: Address | undefined): void {
    this.#station.tell(TELL.bound, this.#id, 0, bytesOf([local, remote]));
  }

  received(bytes: Uint8Array, from: Address): void {
    const station = this.#station;
    if (this.#lost > 0) this.#tellLost();
    if (station.isFull || !station.tryTell(TELL.datagram, this.#id, this.#numberOf(from), bytes))
      this.#lost++;
  }

  sent(sizeBytes: number): void {
    this.#left += sizeBytes + DATAGRAM_WEIGHT_BYTES;
    if (this.#left < sendWindow(this.#station.ringBytes) / 4) return;
    this.#station.tell(TELL.left, this.#id, this.#left);
    this.#left = 0;
  }

  failed(reason: CloseReason): void {
    this.#station.tell(TELL.failed, this.#id, 1, bytesOfReason(reason));
  }

  trouble(reason: CloseReason): void {
    this.#station.tell(TELL.trouble, this.#id, 0, bytesOfReason(reason));
  }

  lost(count: number): void {
    this.#lost += count;
    this.#tellLost();
  }

  // What carries the datagrams of this thread's transports is the system, which is always there.
  suspended(): void {}
  resumed(): void {}

  closed(reason: CloseReason): void {
    this.#tellLost();
    this.#station.tell(TELL.closed, this.#id, 0, bytesOfReason(reason));
    this.#station.remove(this.#id);
  }

  #addDestination(number: number, [host, port]: [string, number] = ["", 0]): void {
    this.#destinations.set(number, { host, port });
  }

  #change(kind: number, [group, onInterface]: [string, string?] = [""]): void {
    const call = kind === ASK.join ? "join" : "leave";
    try {
      this.#link[call](group, onInterface ?? undefined);
    } catch (cause) {
      const { code } = cause as { readonly code?: unknown };
      const message = `the group ${group} could not be ${call === "join" ? "joined" : "left"} (see cause)`;
      this.trouble({ kind: "failed", ...(typeof code === "string" && { code }), message, cause });
    }
  }

  /** The number of a sender, which the game knows. */
  #numberOf(from: Address): number {
    const known = this.#senders.find(from.host, from.port);
    if (known !== undefined) return known;
    if (this.#senders.isFull) {
      this.#senders.clear();
      this.#station.tell(TELL.placesForgotten, this.#id);
    }
    const number = this.#senders.add(from.host, from.port);
    this.#station.tell(TELL.place, this.#id, number, bytesOf(from));
    return number;
  }

  #tellLost(): void {
    if (this.#lost === 0 || this.#station.isFull) return;
    const count = this.#lost;
    this.#lost = 0;
    this.#station.tell(TELL.lost, this.#id, count);
  }
}
