/**
 * A station: the network thread's side of one channel. It has the acceptors, links and
 * datagram links that the game has asked for, in place of a core.
 *
 *     ring from the game ──▶ work ──▶ acceptors, links, datagram links ──▶ sockets
 *     ring to the game ◀── tell ◀── acceptors, links, datagram links ◀── sockets
 *
 * Where the ring to the game is full, every link is paused, so that TCP holds back its
 * peers, and what still comes waits here in order: at most what was under way. Datagrams
 * have nobody to hold back; they are dropped and counted.
 */
import type { CloseReason } from "../../../port/close-reason.ts";
import type { Sleep, Transport } from "../../../port/transport.ts";
import { cut, PIECE, Pieces } from "../pieces.ts";
import { ASK, bytesOfReason, TELL } from "../records.ts";
import { LARGEST_PAYLOAD_BYTES, RingReader, RingWriter, type TakeRecord } from "../ring.ts";
import { CHANNEL, type ChannelParts, channelParts } from "../shared-words.ts";
import { StationAcceptor } from "./station-acceptor.ts";
import { StationDatagrams } from "./station-datagrams.ts";
import { StationLink } from "./station-link.ts";
import { type StationContext, type StationPart, StationPolls } from "./station-parts.ts";

/** What a station needs of its thread. */
export interface StationHost {
  /** A record is in a ring: the game is woken, if it waits. */
  told(): void;
  /** Something was opened that the game has asked for. */
  opened(): void;
  /** Something is over. */
  closed(): void;
}

/** One station. */
export class Station implements StationContext {
  readonly ringBytes: number;
  readonly #parts: ChannelParts;
  readonly #host: StationHost;
  /** The transport, or why it could not be made. */
  readonly #transport: Transport | Error;
  readonly #writer: RingWriter;
  readonly #reader: RingReader;
  readonly #polls: StationPolls;
  readonly #members = new Map<number, StationPart>();
  readonly #pieces = new Pieces();
  /** What has no room in the ring. */
  #untold: (() => boolean)[] = [];
  #isEnding = false;
  #toldPeers = 0;
  #nextId = 2;

  constructor(block: SharedArrayBuffer, transport: Transport | Error, host: StationHost) {
    const parts = channelParts(block);
    this.#parts = parts;
    this.ringBytes = parts.ringBytes;
    this.#host = host;
    this.#transport = transport;
    this.#writer = new RingWriter(parts.in);
    this.#reader = new RingReader(parts.out);
    this.#polls = new StationPolls(parts.words, () => this.tell(TELL.look, 0));
  }

  /** Whether the game has asked for something since the last `work`, or has made room for what waits. */
  get hasWork(): boolean {
    const { words } = this.#parts;
    if (this.#hasUnread || Atomics.load(words, CHANNEL.gameIsFull) === 1) return true;
    if (this.isFull) this.#tellUntold();
    return this.#isReleased && !this.#isEnding;
  }

  get isFull(): boolean {
    return this.#untold.length > 0;
  }

  /** Whether anything is open. */
  get isBusy(): boolean {
    return this.#members.size > 0;
  }

  /** Whether nothing is left, also to be told, and nothing more will be asked. */
  get isOver(): boolean {
    return this.#isEnding && !this.isBusy && !this.isFull && !this.#hasUnread;
  }

  get #hasUnread(): boolean {
    return !this.#reader.isEmpty;
  }

  get #isReleased(): boolean {
    return Atomics.load(this.#parts.words, CHANNEL.isReleased) === 1;
  }

  /** How its transport waits for the system by itself, if it does, and anything of it is open. */
  get sleep(): Sleep | undefined {
    return this.#transport instanceof Error || this.#members.size === 0 ? undefined : this.#transport.sleep;
  }

  /** Does what the game has asked for. */
  work(): void {
    this.#reader.drain(this.#take);
    const { words } = this.#parts;
    if (Atomics.exchange(words, CHANNEL.gameIsFull, 0) === 1) this.tell(TELL.look, 0);
    this.#tellUntold();
    if (!(this.#transport instanceof Error)) this.#polls.pump(this.#transport, this.#members);
    if (this.#isReleased && !this.#hasUnread) this.#end();
  }

  /** A quarter of a second has passed. */
  beat(): void {
    for (const part of this.#members.values()) part.beat?.();
  }

  // What the parts ask of it.

  newId(): number {
    do this.#nextId = (this.#nextId + 2) & 0x7fff_ffff;
    while (this.#members.has(this.#nextId));
    return this.#nextId;
  }

  add(id: number, part: StationPart): void {
    this.#members.set(id, part);
    if (this.isFull) part.hold?.(true);
  }

  remove(id: number): void {
    this.#members.delete(id);
    this.#host.closed();
  }

  tell(kind: number, id: number, extra: number = 0, whole?: Uint8Array): void {
    const isLarge = whole !== undefined && whole.length > LARGEST_PAYLOAD_BYTES;
    const bytes = isLarge ? cut(whole, (piece) => this.tell(PIECE, id, 0, piece)) : whole;
    if (this.#untold.length > 0 || !this.#writer.tryWrite(kind, id, extra, bytes))
      this.#tellLater(kind, id, extra, bytes);
    this.#host.told();
  }

  tryTell(kind: number, id: number, extra: number, bytes: Uint8Array): boolean {
    const isTold = this.#untold.length === 0 && this.#writer.tryWrite(kind, id, extra, bytes);
    if (isTold) this.#host.told();
    return isTold;
  }

  tryCountPeer(): boolean {
    const shown = Atomics.load(this.#parts.words, CHANNEL.shownPeers);
    if (((this.#toldPeers - shown) | 0) >= MOST_UNSHOWN_PEERS) return false;
    this.#toldPeers = (this.#toldPeers + 1) | 0;
    return true;
  }

  /** Nobody asks for anything more: what is left ends. */
  #end(): void {
    this.#isEnding = true;
    for (const part of [...this.#members.values()]) part.abort();
  }

  readonly #take: TakeRecord = (kind, id, extra, bytes, start, end) => {
    if (kind === PIECE) this.#pieces.add(id, bytes, start, end);
    else if (this.#pieces.isEmpty) this.#do(kind, id, extra, bytes, start, end);
    else {
      const whole = this.#pieces.take(id, bytes, start, end);
      this.#do(kind, id, extra, whole, 0, whole.length);
    }
  };

  readonly #do: TakeRecord = (kind, id, extra, bytes, start, end) => {
    if (kind > ASK.bind) this.#members.get(id)?.take(kind, extra, bytes, start, end);
    else this.#open(kind, id);
  };

  #open(kind: number, id: number): void {
    this.#host.opened();
    try {
      const transport = this.#transport;
      if (transport instanceof Error) throw transport;
      if (kind === ASK.listen && transport.listen) new StationAcceptor(this, id, transport.listen()).start();
      else if (kind === ASK.connect && transport.connect) StationLink.connect(this, id, transport.connect());
      else if (kind === ASK.bind && transport.bind) new StationDatagrams(this, id, transport.bind()).start();
    } catch (cause) {
      const reason: CloseReason = { kind: "failed", message: (cause as Error).message, cause };
      const value = kind === ASK.connect ? undefined : bytesOfReason(reason);
      this.#members.delete(id);
      this.tell(TELL.closed, id, 0, value ?? StationLink.closedBytes(reason));
      this.#host.closed();
    }
  }

  /** Says that there is no room, and tries once more: the game may have made some before it could see that. */
  #tellLater(kind: number, id: number, extra: number, bytes: Uint8Array | undefined): void {
    const { words } = this.#parts;
    Atomics.store(words, CHANNEL.workerIsFull, 1);
    const isFirst = this.#untold.length === 0;
    if (isFirst && this.#writer.tryWrite(kind, id, extra, bytes)) {
      Atomics.store(words, CHANNEL.workerIsFull, 0);
      return;
    }
    const own = bytes && new Uint8Array(bytes); // they are lent
    this.#untold.push(() => this.#writer.tryWrite(kind, id, extra, own));
    if (isFirst) for (const part of this.#members.values()) part.hold?.(true);
  }

  #tellUntold(): void {
    if (this.#untold.length === 0) return;
    let next = 0;
    while (next < this.#untold.length && this.#untold[next]?.()) next++;
    this.#untold.splice(0, next);
    if (next > 0) this.#host.told();
    if (this.#untold.length > 0) return;
    Atomics.store(this.#parts.words, CHANNEL.workerIsFull, 0);
    for (const part of this.#members.values()) part.hold?.(false);
  }
}

/** How many incoming peers may be on their way to the game: those of a full server, four times over. */
const MOST_UNSHOWN_PEERS = 4_096;
