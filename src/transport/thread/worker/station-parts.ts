/**
 * What the acceptors, links and datagram links of a station have in common, and the
 * polled time that they are given: that of the game, which it writes in each poll.
 */
import type { Pump, Transport } from "../../../port/transport.ts";
import type { RecordTarget } from "../records.ts";
import { CHANNEL } from "../shared-words.ts";

/** What a part asks of its station. */
export interface StationContext {
  readonly ringBytes: number;
  /** Whether records wait for room: what nobody would miss is not told then. */
  readonly isFull: boolean;
  /** An id for what a peer has opened. */
  newId(): number;
  add(id: number, part: StationPart): void;
  remove(id: number): void;
  /** Tells the game something; it comes there, however long that takes. */
  tell(kind: number, id: number, extra?: number, bytes?: Uint8Array): void;
  /** Tells the game something if there is room. */
  tryTell(kind: number, id: number, extra: number, bytes: Uint8Array): boolean;
  /** Counts an incoming peer that the game is told of now; `false` when too many are on their way. */
  tryCountPeer(): boolean;
}

/** One part of a station. */
export interface StationPart extends RecordTarget {
  /** Ends it at once. */
  abort(): void;
  /** The ring to the game is full, or has room again. */
  hold?(isHeld: boolean): void;
  /** A quarter of a second has passed. */
  beat?(): void;
  /** Its work in polled time; see `Pump`. */
  pump?(nowMs: number, poller: object, beginsFrame: boolean): number | undefined;
  /** Tells the game what has been measured. */
  measure?(): void;
}

/** The polls of the game, as the parts of one station have them. */
export class StationPolls {
  readonly #words: Int32Array;
  readonly #askToLook: () => void;
  /** The polled time, and the word that it was counted by. */
  #nowMs: number | undefined;
  #word = 0;

  /** @param askToLook has the game look at the words of this file again */
  constructor(words: Int32Array, askToLook: () => void) {
    this.#words = words;
    this.#askToLook = askToLook;
  }

  /** Has everything that counts polled time do its work, and says when the next poll is wanted. */
  pump(transport: Transport, parts: ReadonlyMap<number, StationPart>): void {
    if (Atomics.load(this.#words, CHANNEL.hasPolled) === 0) {
      transport.pump?.(0, this, true); // which reads, where the transport reads by itself
      return;
    }
    const nowMs = this.#advance();
    let wantsPolls = false;
    let soonestMs = Infinity;
    const run = (pump: Pump): void => {
      const dueInMs = pump(nowMs, this, true);
      wantsPolls ||= dueInMs !== undefined;
      soonestMs = Math.min(soonestMs, dueInMs ?? Infinity);
    };
    const own = transport.pump?.(nowMs, this, true) ?? Infinity;
    if (own < Infinity) run(() => own);
    for (const part of parts.values())
      if (part.pump !== undefined) run((ms, poller) => part.pump?.(ms, poller, true));
    if (wantsPolls) for (const part of parts.values()) part.measure?.();
    this.#say(wantsPolls, nowMs + soonestMs);
  }

  /** The game's time, in steps: the word wraps around after weeks. */
  #advance(): number {
    const word = Atomics.load(this.#words, CHANNEL.polledMs);
    this.#nowMs = this.#nowMs === undefined ? word : this.#nowMs + ((word - this.#word) | 0);
    this.#word = word;
    return this.#nowMs;
  }

  #say(wantsPolls: boolean, pollAtMs: number): void {
    const words = this.#words;
    const hadPollAt = Atomics.load(words, CHANNEL.hasPollAt) === 1;
    const hasPollAt = pollAtMs < Infinity;
    const isSooner =
      hasPollAt && (!hadPollAt || ((pollAtMs - Atomics.load(words, CHANNEL.pollAtMs)) | 0) < 0);
    if (hasPollAt) Atomics.store(words, CHANNEL.pollAtMs, Math.floor(pollAtMs) | 0);
    Atomics.store(words, CHANNEL.hasPollAt, hasPollAt ? 1 : 0);
    Atomics.store(words, CHANNEL.wantsPolls, wantsPolls ? 1 : 0);
    if (isSooner) this.#askToLook();
  }
}
