/**
 * The lane of one direction of a place for datagrams: what is on its way, which may
 * be lost, come twice or be overtaken.
 *
 *     push ──▶ new ┊ stamp ──▶ lost, or due ──▶ take
 *
 * Each peer has draws of its own, by the order of its datagrams, so that one more
 * peer changes nothing for the others. All share the bandwidth. Knows no link.
 */
import type { Terms } from "./conditions.ts";
import { DatagramPeer } from "./datagram-peer.ts";
import type { Draws } from "./draws.ts";
import { EFFECT } from "./draws.ts";
import { type Due, DueHeap } from "./due-heap.ts";
import { Fifo } from "./fifo.ts";
import { Stalls } from "./stalls.ts";

/** One datagram, and whom it is for or from. */
export interface OnItsWay<Peer> extends Due {
  readonly bytes: Uint8Array;
  readonly peer: Peer;
}

/** Whom a datagram is for or from; `undefined` for the one peer of a connected socket. */
type AnyPeer = { readonly host: string; readonly port: number } | undefined;

/** The datagrams of one direction. */
export class DatagramLane<Peer extends AnyPeer> {
  readonly #draws: Draws;
  readonly #stalls: Stalls;
  readonly #new = new Fifo<{ readonly bytes: Uint8Array; readonly peer: Peer }>();
  readonly #heap = new DueHeap<OnItsWay<Peer>>();
  /** What waits for the bandwidth or a stall: when it leaves, and its size. */
  readonly #queue = new Fifo<{ readonly leavesMs: number; readonly sizeBytes: number }>();
  readonly #peers = new Map<string, DatagramPeer>();
  #peerCount = 0;
  #sizeBytes = 0;
  #queuedBytes = 0;
  #freeMs = -Infinity;
  #order = 0;

  constructor(draws: Draws) {
    this.#draws = draws;
    this.#stalls = new Stalls(draws);
  }

  get isEmpty(): boolean {
    return this.#heap.size === 0 && this.#new.length === 0;
  }

  get dueMs(): number {
    return this.#new.length > 0 ? -Infinity : (this.#heap.first?.dueMs ?? Infinity);
  }

  /** Puts a datagram that nobody writes to any more. One beyond the bytes that may be on their way is lost. */
  push(bytes: Uint8Array, peer: Peer): void {
    if (this.#sizeBytes + costOf(bytes) > ON_THE_WAY_BYTES) return;
    this.#sizeBytes += costOf(bytes);
    this.#new.push({ bytes, peer });
  }

  /** Gives what came at `atMs` its time; with `isBlackholed` it is lost. */
  stamp(atMs: number, terms: Terms, isBlackholed: boolean): void {
    for (
      let next: { bytes: Uint8Array; peer: Peer } | undefined;
      (next = this.#new.shift()) !== undefined;
    ) {
      const { bytes, peer } = next;
      if (isBlackholed || !this.#passes(bytes, peer, atMs, terms)) this.#sizeBytes -= costOf(bytes);
    }
  }

  take(nowMs: number): OnItsWay<Peer> | undefined {
    if (!((this.#heap.first?.dueMs ?? Infinity) <= nowMs)) return undefined;
    const first = this.#heap.shift();
    if (first !== undefined) this.#sizeBytes -= costOf(first.bytes);
    return first;
  }

  clear(): void {
    this.#new.clear();
    this.#heap.clear();
    this.#queue.clear();
    this.#sizeBytes = this.#queuedBytes = 0;
  }

  /** Whether the datagram is not lost. */
  #passes(bytes: Uint8Array, to: Peer, atMs: number, terms: Terms): boolean {
    const peer = this.#peerOf(to);
    const place = peer.next(terms);
    if (peer.isLosing) return false;
    const leavesMs = this.#leave(bytes.length, atMs, terms);
    if (leavesMs === undefined) return false;
    const jitter = terms.jitterMs * peer.draws.uniform(EFFECT.jitter, place);
    const arrivesMs = leavesMs + terms.latencyMs + jitter;
    const item = { bytes, peer: to, dueMs: arrivesMs, order: this.#order++, heapIndex: -1 };
    const isHeldBack = this.#happens(EFFECT.reorder, place, peer, terms.reorderChance);
    if (isHeldBack) peer.holdBack(item, place);
    else peer.follow(item, (overtaken) => this.#overtaken(overtaken));
    this.#heap.update(item);
    if (this.#happens(EFFECT.duplicate, place, peer, terms.duplicateChance)) this.#again(item);
    return true;
  }

  #happens(effect: 5 | 6, place: number, peer: DatagramPeer, chance: number): boolean {
    return chance > 0 && peer.draws.uniform(effect, place) < chance;
  }

  /** The same once more, right behind the first. */
  #again({ bytes, peer, dueMs }: OnItsWay<Peer>): void {
    this.#sizeBytes += costOf(bytes);
    this.#heap.update({ bytes: new Uint8Array(bytes), peer, dueMs, order: this.#order++, heapIndex: -1 });
  }

  /** An item that was held back is due behind the last that overtook it, unless it was taken before. */
  #overtaken(item: Due): void {
    if (item.heapIndex < 0) return;
    item.order = this.#order++;
    this.#heap.update(item as OnItsWay<Peer>);
  }

  /** When so many bytes have left; `undefined` when the queue has no room. */
  #leave(sizeBytes: number, atMs: number, terms: Terms): number | undefined {
    this.#passQueue(atMs);
    const startMs = this.#stalls.clearFrom(Math.max(atMs, this.#freeMs), terms.stall);
    const mustWait = startMs > atMs;
    if (mustWait && this.#queuedBytes + sizeBytes > terms.queueBytes) return undefined;
    const leavesMs = startMs + (sizeBytes / terms.bytesPerSecond) * 1_000;
    this.#freeMs = this.#stalls.clearFrom(leavesMs, terms.stall);
    if (this.#freeMs > atMs) {
      this.#queue.push({ leavesMs: this.#freeMs, sizeBytes });
      this.#queuedBytes += sizeBytes;
    }
    return this.#freeMs;
  }

  #passQueue(nowMs: number): void {
    for (let first = this.#queue.first; first !== undefined && first.leavesMs <= nowMs; ) {
      this.#queuedBytes -= first.sizeBytes;
      this.#queue.shift();
      first = this.#queue.first;
    }
  }

  #peerOf(peer: AnyPeer): DatagramPeer {
    const key = peer === undefined ? "" : `${peer.host} ${peer.port}`;
    const known = this.#peers.get(key);
    if (known !== undefined) return known;
    if (this.#peers.size >= MOST_PEERS) {
      for (const oldest of this.#peers.keys()) {
        this.#peers.delete(oldest);
        break;
      }
    }
    const made = new DatagramPeer(this.#draws.branch(this.#peerCount++));
    this.#peers.set(key, made);
    return made;
  }
}

function costOf(bytes: Uint8Array): number {
  return bytes.length + 64; // as the limits of a poller count
}

/** The most that may be on its way, as for a stream. */
const ON_THE_WAY_BYTES = 4_194_304;

/** How many peers have draws of their own; with more, the oldest begins anew when it comes back. */
const MOST_PEERS = 4_096;
