/**
 * A link of the network thread: what its socket tells goes into the ring, and what the
 * game asks goes to the socket. Reads no more than the window allows before the game has
 * taken it, so that one fast peer leaves the ring to the others.
 */
import type { CloseReason } from "../../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../../port/link.ts";
import { valueOfLink, valueOfReason } from "../../wrap/log-values.ts";
import {
  ASK,
  bytesOf,
  bytesOfReason,
  type ClosedValue,
  joined,
  readReason,
  receiveWindow,
  sendWindow,
  TELL,
} from "../records.ts";
import { copyOf } from "../ring.ts";
import type { StationContext, StationPart } from "./station-parts.ts";

/** One link. */
export class StationLink implements StationPart, LinkEvents {
  declare readonly pump?: (nowMs: number, poller: object, beginsFrame: boolean) => number | undefined;
  readonly #station: StationContext;
  readonly #id: number;
  readonly #link: Link;
  #hasOpened: boolean;
  /** Why it does not read; it reads while there is no reason. */
  readonly #pauses = new Set<"game" | "window" | "ring">();
  /** What the game has been told and has not taken. */
  #untaken = 0;
  /** What has left the link and the game has not been told of. */
  #left = 0;
  #parts: Uint8Array[] = [];
  /** What the link has kept. */
  #waiting = 0;
  #hasEnded = false;
  /** The game has aborted it, and what it has kept is still on its way. */
  #aborting: { readonly reason: CloseReason | undefined } | undefined;
  #beatsLeft = LINGERING_BEATS;
  #rttMs: number | undefined;

  private constructor(station: StationContext, id: number, link: Link, isIncoming: boolean) {
    this.#station = station;
    this.#id = id;
    this.#link = link;
    this.#hasOpened = isIncoming;
    if (link.pump !== undefined && !isIncoming) this.pump = (...args) => link.pump?.(...args);
    station.add(id, this);
  }

  /** Has a link connect. */
  static connect(station: StationContext, id: number, link: Link): void {
    link.attach(new StationLink(station, id, link, false));
  }

  /** Tells the game of a link that a peer has opened: of the acceptor or the handshake `ofId`. */
  static incoming(station: StationContext, ofId: number, link: Link): void {
    const id = station.newId();
    station.tell(TELL.incoming, ofId, id, bytesOf(valueOfLink(link)));
    link.attach(new StationLink(station, id, link, true));
  }

  /** What is told of a link that has never been. */
  static closedBytes(reason: CloseReason): Uint8Array {
    return bytesOf({ reason: valueOfReason(reason) } satisfies ClosedValue);
  }

  take(kind: number, extra: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const link = this.#link;
    if (kind === ASK.write) this.#write(copyOf(bytes, start, end));
    else if (kind === ASK.writePart) this.#parts.push(copyOf(bytes, start, end));
    else if (kind === ASK.taken) this.#take(extra);
    else if (kind === ASK.pause) this.#pause("game");
    else if (kind === ASK.resume) this.#resume("game");
    else if (kind === ASK.probe) link.probe?.();
    else if (kind === ASK.abort) this.abort(readReason(bytes, start, end));
    else {
      this.#hasEnded = true;
      if (kind === ASK.end) link.end(readReason(bytes, start, end));
      else if (kind === ASK.endSending) link.endSending();
    }
  }

  /**
   * Ends it now, or, when the game has ended the stream, as soon as what it knows to be sent
   * has left. As with a kernel, a peer that does not take it is not waited for for ever.
   */
  abort(reason?: CloseReason): void {
    if (!this.#hasEnded || this.#waiting === 0) {
      this.#link.abort(reason);
      return;
    }
    this.#aborting ??= { reason };
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#pause("ring");
    else this.#resume("ring");
  }

  /** What the socket has without telling, such as an unfinished record of TLS, is a sign of life. */
  beat(): void {
    if (this.#hasOpened) this.#link.reportPartial?.();
    if (this.#aborting !== undefined && --this.#beatsLeft <= 0) this.#link.abort(this.#aborting.reason);
  }

  measure(): void {
    const { rttMs } = this.#link;
    if (rttMs === this.#rttMs || this.#station.isFull) return;
    this.#rttMs = rttMs;
    this.#station.tell(TELL.rtt, this.#id, 0, bytesOf(rttMs));
  }

  // The events of the link.

  opened(): void {
    if (this.#hasOpened) return;
    this.#hasOpened = true;
    this.#station.tell(TELL.opened, this.#id, 0, bytesOf(valueOfLink(this.#link)));
  }

  received(bytes: Uint8Array): void {
    const station = this.#station;
    station.tell(TELL.received, this.#id, 0, bytes);
    this.#untaken += bytes.length;
    if (this.#untaken >= receiveWindow(station.ringBytes)) this.#pause("window");
  }

  partial(sizeBytes: number): void {
    if (!this.#station.isFull) this.#station.tell(TELL.partial, this.#id, sizeBytes);
  }

  // No transport of this thread has a line apart from its socket.
  suspended(): void {}
  resumed(): void {}

  drained(sizeBytes: number): void {
    this.#waiting -= sizeBytes;
    if (this.#waiting === 0 && this.#aborting !== undefined) this.#link.abort(this.#aborting.reason);
    this.#left += sizeBytes;
    if (this.#left < sendWindow(this.#station.ringBytes) / 4) return;
    this.#station.tell(TELL.left, this.#id, this.#left);
    this.#left = 0;
  }

  ended(reason?: CloseReason): void {
    this.#station.tell(TELL.ended, this.#id, 0, bytesOfReason(reason));
  }

  closed(reason: CloseReason): void {
    const link = this.#hasOpened ? {} : { link: valueOfLink(this.#link) };
    const value: ClosedValue = { reason: valueOfReason(reason), ...link };
    this.#station.tell(TELL.closed, this.#id, 0, bytesOf(value));
    this.#station.remove(this.#id);
  }

  #write(bytes: Uint8Array): void {
    const whole = this.#parts.length === 0 ? bytes : joined([...this.#parts, bytes]);
    if (this.#parts.length > 0) this.#parts = [];
    this.#waiting += whole.length;
    if (this.#link.write(whole)) this.drained(whole.length);
  }

  #take(sizeBytes: number): void {
    this.#untaken -= sizeBytes;
    if (this.#untaken < receiveWindow(this.#station.ringBytes)) this.#resume("window");
  }

  #pause(why: "game" | "window" | "ring"): void {
    if (this.#pauses.size === 0) this.#link.pause();
    this.#pauses.add(why);
  }

  #resume(why: "game" | "window" | "ring"): void {
    if (this.#pauses.delete(why) && this.#pauses.size === 0) this.#link.resume();
  }
}

/** 5 seconds: a peer that takes nothing for that long will not. */
const LINGERING_BEATS = 20;
