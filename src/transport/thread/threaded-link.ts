/**
 * A link whose socket is in the network thread.
 *
 *     core ── write ──▶ ring, within the link's window ┊ beyond it, kept here until there is room
 *     core ◀── received ── ring ┊ while it is paused, held here: at most what the window allows
 *
 * As a kernel does, it takes bytes by a copy. The window bounds what one link has under
 * way in each direction, so that a slow peer is in nobody's way.
 */
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { FailedAttempt, Link, LinkEvents } from "../../port/link.ts";
import type { Security } from "../../port/security.ts";
import type { UpgradeRequest } from "../../port/upgrade-request.ts";
import { passCarriesCode } from "../wrap/link-facts.ts";
import { factsOfValue, type LinkValue, reasonOfValue } from "../wrap/log-values.ts";
import type { Channel, ChannelTarget, Waiting } from "./channel.ts";
import { HeldRecords } from "./held-records.ts";
import {
  ASK,
  bytesOfReason,
  type ClosedValue,
  readReason,
  readValue,
  receiveWindow,
  sendWindow,
  TELL,
} from "./records.ts";
import { copyOf, LARGEST_PAYLOAD_BYTES, viewOf } from "./ring.ts";

/** What all links of one transport share. */
export interface LinkTerms {
  readonly framing: "stream" | "message";
  /** A link of the transport itself, which is not used, or an acceptor: it has the calls that depend on the transport alone. */
  readonly model: Pick<Link, "carriesCode">;
  /** Whether its links that connect may be half open. */
  readonly allowHalfOpen: boolean;
}

/** One link. */
export class ThreadedLink implements Link, ChannelTarget, Waiting {
  localAddress: Address | undefined;
  remoteAddress: Address | undefined;
  failedAttempts: readonly FailedAttempt[] | undefined;
  security: Security | undefined;
  protocol: string | undefined;
  request: UpgradeRequest | undefined;
  rttMs: number | undefined;
  allowHalfOpen: boolean;
  declare readonly carriesCode?: (code: number) => boolean;
  readonly #terms: LinkTerms;
  readonly #open: () => Channel;
  #channel: Channel | undefined;
  #id = 0;
  #events: LinkEvents | undefined;
  #phase: "idle" | "alive" | "aborted" | "closed" = "idle";
  #isPaused = false;
  /** Whether this side has ended its stream, and how. */
  #ending: { readonly kind: number; readonly reason: CloseReason | undefined } | undefined;
  /** What the network thread has told while the link was paused. Made when it is needed, as each piece asks for it. */
  #held: HeldRecords | undefined;
  /** How it had closed, as it was held when this side aborted. */
  #last: ClosedValue | undefined;
  /** Bytes that the core was given, and the network thread does not know of yet. */
  #untold = 0;
  /** Bytes that the network thread has and has not sent. */
  #inFlight = 0;
  /** What had no room; of the first, how much has been given. */
  #kept: Uint8Array[] = [];
  #keptAt = 0;
  /** Bytes that were kept and have been given, which the core does not know of yet. */
  #drained = 0;

  /** @param open returns the channel, when the link is attached */
  constructor(terms: LinkTerms, open: () => Channel) {
    this.#terms = terms;
    this.#open = open;
    this.allowHalfOpen = terms.allowHalfOpen;
    passCarriesCode(terms.model, this);
  }

  /** A link that a peer has opened. */
  static incoming(terms: LinkTerms, channel: Channel, id: number, value: LinkValue): ThreadedLink {
    const link = new ThreadedLink(terms, () => channel);
    link.#channel = channel;
    link.#id = id;
    link.#phase = "alive";
    link.#setFacts(value);
    channel.adopt(id, link);
    return link;
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    if (this.#phase === "idle") {
      this.#phase = "alive";
      this.#channel = this.#open();
      this.#id = this.#channel.add(this);
      this.#channel.ask(ASK.connect, this.#id);
    } else if (this.#phase === "alive") events.opened();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#phase !== "alive" || this.#ending !== undefined || bytes.length === 0) return true;
    if (this.#kept.length === 0 && this.#isSmall(bytes) && this.#tryGive(bytes, 0, bytes.length)) return true;
    this.#kept.push(bytes);
    this.#giveKept();
    this.#channel?.wait(this);
    return false;
  }

  pause(): void {
    if (this.#isPaused || this.#phase !== "alive") return;
    this.#isPaused = true;
    this.#channel?.ask(ASK.pause, this.#id);
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#phase !== "alive") return;
    this.#channel?.ask(ASK.resume, this.#id);
    if (this.#isHolding) this.#channel?.wait(this);
  }

  probe(): void {
    if (this.#phase === "alive") this.#channel?.ask(ASK.probe, this.#id);
  }

  end(reason?: CloseReason): void {
    this.#end({ kind: ASK.end, reason });
  }

  endSending(): void {
    this.#end({ kind: ASK.endSending, reason: undefined });
  }

  abort(reason?: CloseReason): void {
    if (this.#phase !== "alive") return;
    this.#phase = "aborted";
    this.#kept = [];
    this.#last = this.#held?.closed;
    this.#held = undefined;
    if (this.#last !== undefined) this.#channel?.wait(this);
    this.#channel?.ask(ASK.abort, this.#id, 0, bytesOfReason(reason));
    this.#channel?.giveUp(this);
  }

  take(kind: number, extra: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    if (kind === TELL.closed) this.#close(readValue<ClosedValue>(bytes, start, end) as ClosedValue);
    else if (this.#phase !== "alive") return;
    else if (kind === TELL.left) this.#inFlight -= extra;
    else if (kind === TELL.rtt) this.#measure(readValue<number>(bytes, start, end));
    else if (this.#isPaused || this.#isHolding) this.#hold(kind, extra, copyOf(bytes, start, end));
    else this.#tell(kind, extra, bytes, start, end);
  }

  fail(reason: CloseReason): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#held = undefined;
    this.#kept = [];
    this.#events?.closed(reason);
  }

  advance(): boolean {
    if (this.#last !== undefined) this.#close(this.#last);
    if (this.#phase !== "alive") return true;
    if (!this.#isPaused && this.#isHolding) {
      this.#held?.visit(
        () => !this.#isPaused && this.#phase === "alive",
        (kind, extra, bytes) => this.#tell(kind, extra, bytes, 0, bytes.length),
        (closed) => this.#close(closed),
      );
    }
    if (this.#phase !== "alive") return true; // what was held has ended it
    this.#giveKept();
    if (this.#drained > 0) {
      const sizeBytes = this.#drained;
      this.#drained = 0;
      this.#events?.drained(sizeBytes);
    }
    return this.#kept.length === 0 && (this.#isPaused || !this.#isHolding);
  }

  get #isHolding(): boolean {
    return this.#held !== undefined && !this.#held.isEmpty;
  }

  #hold(kind: number, extra: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#held ??= new HeldRecords();
    this.#held.add(kind, extra, bytes);
  }

  #tell(kind: number, extra: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const events = this.#events;
    if (kind === TELL.received) this.#receive(viewOf(bytes, start, end));
    else if (kind === TELL.partial) events?.partial(extra);
    else if (kind === TELL.ended) events?.ended(readReason(bytes, start, end));
    else if (kind === TELL.opened) {
      this.#setFacts(readValue<LinkValue>(bytes, start, end) as LinkValue);
      events?.opened();
    }
  }

  /** A frame shows one value. */
  #measure(rttMs: number | undefined): void {
    this.#channel?.atFrame(() => {
      this.rttMs = rttMs;
    });
  }

  #receive(bytes: Uint8Array): void {
    this.#untold += bytes.length;
    this.#events?.received(bytes);
    const channel = this.#channel as Channel;
    if (this.#untold < receiveWindow(channel.ringBytes) / 2 || this.#phase !== "alive") return;
    channel.ask(ASK.taken, this.#id, this.#untold);
    this.#untold = 0;
  }

  /** What broke the link has lost what is held; an end has not. */
  #close(value: ClosedValue): void {
    if (this.#phase === "closed") return;
    if (this.#phase === "alive" && this.#held?.hasEnd === true) {
      this.#held.close(value);
      return;
    }
    this.#phase = "closed";
    this.#held = undefined;
    this.#kept = [];
    if (value.link !== undefined) this.#setFacts(value.link);
    this.#channel?.remove(this.#id, this);
    this.#events?.closed(reasonOfValue(value.reason));
  }

  #end(ending: { readonly kind: number; readonly reason: CloseReason | undefined }): void {
    if (this.#phase !== "alive" || this.#ending?.kind === ASK.end) return;
    this.#ending = ending;
    if (this.#kept.length === 0) this.#askEnd();
  }

  #askEnd(): void {
    const { kind, reason } = this.#ending as { kind: number; reason: CloseReason | undefined };
    this.#channel?.ask(kind, this.#id, 0, bytesOfReason(reason));
  }

  /** Whether bytes may go at once and whole. */
  #isSmall(bytes: Uint8Array): boolean {
    const window = sendWindow((this.#channel as Channel).ringBytes);
    return bytes.length <= LARGEST_PAYLOAD_BYTES && this.#inFlight + bytes.length <= window;
  }

  #tryGive(bytes: Uint8Array, start: number, end: number, kind: number = ASK.write): boolean {
    if (this.#channel?.tryGive(kind, this.#id, bytes, start, end) !== true) return false;
    this.#inFlight += end - start;
    return true;
  }

  /** Gives what was kept, as far as the window and the ring have room, and then the end of the stream. */
  #giveKept(): void {
    const window = sendWindow((this.#channel as Channel).ringBytes);
    const isStream = this.#terms.framing === "stream";
    if (this.#kept.length === 0) return;
    for (let first = this.#kept[0]; first !== undefined; first = this.#kept[0]) {
      // Messages in one write must not be cut, so those that have begun go on.
      const room = !isStream && this.#keptAt > 0 ? LARGEST_PAYLOAD_BYTES : window - this.#inFlight;
      const sizeBytes = Math.min(first.length - this.#keptAt, room, LARGEST_PAYLOAD_BYTES);
      const end = this.#keptAt + sizeBytes;
      const kind = isStream || end === first.length ? ASK.write : ASK.writePart;
      if (sizeBytes <= 0 || !this.#tryGive(first, this.#keptAt, end, kind)) return;
      this.#drained += sizeBytes;
      this.#keptAt = end === first.length ? 0 : end;
      if (this.#keptAt === 0) this.#kept.shift();
    }
    if (this.#ending !== undefined) this.#askEnd();
  }

  #setFacts(value: LinkValue): void {
    Object.assign(this, factsOfValue(value));
  }
}
