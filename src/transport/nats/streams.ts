/**
 * All streams of one `nats()` value: they hear by one subscription, and share the clock by
 * which silent peers are noticed.
 *
 *     broker ── _tw.<this value>.<stream> ──▶ streams ──▶ the stream's frame, nobody
 *     stream ── publish ──▶ bus: few enough bytes that the broker has not confirmed?
 *
 * The subject of a stream is random and known to its peer alone, which is what keeps
 * strangers out of it. Decides nothing of what a frame says.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Bus, BusSubscription, BusUser } from "./bus.ts";
import type { BusMessage } from "./client.ts";
import { newLinkId } from "./senders.ts";
import { FRAME, type Frame, frameOf, isStreamSubject, newFrame, WHY } from "./stream-frames.ts";
import { MOST_WINDOW_BYTES } from "./stream-output.ts";

/** A stream or a listener. None of these calls throws. */
export interface StreamUser {
  /** Where its frames come from. */
  readonly subject: string;
  /** How much it has room for of what its peer sends. */
  readonly windowBytes: number;
  /** The broker is there, or there again. */
  opened(): void;
  /** The broker is away. */
  suspended(): void;
  /** The broker cannot be reached, and is tried again. */
  trouble(reason: CloseReason): void;
  /** The broker can never be used. Last; it is removed. */
  failed(reason: CloseReason): void;
  /** It has been refused that, and now it may. */
  mayPublish(): void;
  /** Some time has passed, which is counted up to `nowMs`. */
  tick(nowMs: number): void;
  /** This process stood still for so long that others may take it for gone. */
  stalled(): void;
  /** Nobody hears what it has sent with its subject as reply. */
  nobody(): void;
  frame(frame: Frame, reply: string): void;
}

/** The streams of one value. */
export class Streams implements BusUser {
  readonly #bus: Bus;
  readonly #prefix = `_tw.${newLinkId()}`;
  readonly #users = new Map<string, StreamUser>();
  /** What all of them have room for. */
  #windowsBytes = 0;
  /** Those that wait until they may publish. */
  readonly #waiting = new Set<StreamUser>();
  #subscription: BusSubscription | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #tickedMs = 0;
  /** The time that was counted; a process that stands still counts little of it. */
  nowMs = 0;
  #resumedMs = -Infinity;
  /** All that was ever published, and how much of it the broker has, or was lost with its connection. */
  #publishedBytes = 0;
  #settledBytes = 0;
  #isAsking = false;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  get isOpen(): boolean {
    return this.#bus.isOpen && this.#subscription !== undefined;
  }

  /** Whether there was an outage a short time ago, so that others may not be back yet. */
  get isAfterOutage(): boolean {
    return this.nowMs - this.#resumedMs < this.deadPeerMs;
  }

  get deadPeerMs(): number {
    return this.#bus.settings.deadPeerMs;
  }

  get maxPayloadBytes(): number {
    return this.#bus.maxPayloadBytes;
  }

  newSubject(): string {
    return `${this.#prefix}.${newLinkId()}`;
  }

  /**
   * How much a new stream has room for: less and less of what is left where there are many, as
   * a broker cuts off whoever has too much to read.
   */
  newWindowBytes(): number {
    const share = Math.floor((ALL_WINDOWS_BYTES - this.#windowsBytes) / SHARES);
    return Math.max(LEAST_WINDOW_BYTES, Math.min(MOST_WINDOW_BYTES, share));
  }

  /** Adds one. `opened` may be called at once. */
  add(user: StreamUser): void {
    const isOpen = this.isOpen;
    this.adopt(user);
    if (isOpen) user.opened();
  }

  /** Adds one that begins while the broker is there. */
  adopt(user: StreamUser): void {
    this.#users.set(user.subject, user);
    this.#windowsBytes += user.windowBytes;
    if (this.#subscription === undefined) this.#begin();
  }

  /** Removes one. What it has published still leaves. */
  remove(user: StreamUser): void {
    this.#waiting.delete(user);
    if (!this.#users.delete(user.subject)) return;
    this.#windowsBytes -= user.windowBytes;
    this.#endIfUnused();
  }

  /** Listens to what comes for a listener. */
  subscribe(
    name: string,
    onMessage: (message: BusMessage) => void,
    refused: (reason: CloseReason) => void,
  ): BusSubscription {
    const noted = (message: BusMessage) => {
      this.#noteStall();
      onMessage(message);
    };
    return this.#bus.subscribe(`${name}${LISTEN}`, undefined, noted, refused);
  }

  /** Calls `done` once the broker has all that was done before; not when it goes. */
  confirm(done: () => void): void {
    this.#bus.confirm(done);
  }

  /** Sends a frame to whoever listens under a name. */
  ask(name: string, frame: Uint8Array, reply: string): void {
    this.publish(`${name}${LISTEN}`, frame, reply);
  }

  /** Sends a frame; while the broker is away it is dropped. */
  publish(subject: string, frame: Uint8Array, reply = ""): void {
    if (!this.isOpen) return;
    this.#bus.publish(subject, frame, reply);
    this.#publishedBytes += frame.length + OVERHEAD_BYTES;
    if (this.#unsettledBytes >= CONFIRM_AFTER_BYTES && !this.#isAsking) this.#askToConfirm();
  }

  /** Whether bytes of a stream may be published now; if not, `user` is told when they may. */
  mayPublish(user: StreamUser): boolean {
    if (!this.isOpen) return false; // it is opened again
    if (this.#unsettledBytes < MOST_UNCONFIRMED_BYTES) return true;
    this.#waiting.add(user);
    return false;
  }

  /** Answers somebody who takes this side for a stream that it is not. */
  tellUnknown(subject: string): void {
    this.publish(subject, newFrame(FRAME.reset, WHY.unknown));
  }

  // The events of the bus.

  opened(): void {
    for (const user of this.#all) user.opened();
  }

  resumed(): void {
    this.#resumedMs = this.nowMs;
    this.opened();
  }

  suspended(): void {
    this.#settleAll();
    for (const user of this.#all) user.suspended();
    this.#endIfUnused();
  }

  trouble(reason: CloseReason): void {
    for (const user of this.#all) user.trouble(reason);
  }

  closed(reason: CloseReason): void {
    const users = this.#all;
    this.#users.clear();
    this.#windowsBytes = 0;
    this.#end();
    for (const user of users) user.failed(reason);
  }

  get #all(): StreamUser[] {
    return [...this.#users.values()];
  }

  #begin(): void {
    this.#subscription = this.#bus.subscribe(
      `${this.#prefix}.*`,
      undefined,
      (message) => this.#received(message),
      (reason) => {
        this.#bus.leave(this);
        this.closed(reason);
      },
    );
    this.#tickedMs = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref(); // the broker's socket keeps the process
    this.#bus.use(this);
  }

  #endIfUnused(): void {
    if (this.#users.size > 0 || this.#subscription === undefined) return;
    if (!this.#bus.isOpen) this.#leave();
    else this.#bus.confirm(() => this.#users.size === 0 && this.#leave());
  }

  #leave(): void {
    if (this.#subscription === undefined) return;
    this.#end();
    this.#bus.leave(this);
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#subscription?.end();
    this.#subscription = undefined;
    this.#settleAll();
  }

  #tick(): void {
    const nowMs = performance.now();
    const passedMs = nowMs - this.#tickedMs;
    this.#tickedMs = nowMs;
    this.nowMs += Math.min(passedMs, 2 * TICK_MS);
    for (const user of this.#all) {
      if (passedMs >= STALL_MS) user.stalled();
      user.tick(this.nowMs);
    }
  }

  /** Has a stall noticed before what has come in it is read. */
  #noteStall(): void {
    if (performance.now() - this.#tickedMs >= STALL_MS) this.#tick();
  }

  #received({ subject, reply, bytes, isNobody }: BusMessage): void {
    this.#noteStall();
    const user = this.#users.get(subject);
    const frame = frameOf(bytes) ?? { kind: 0, number: 0, rest: bytes };
    if (isNobody) user?.nobody();
    else if (user !== undefined) user.frame(frame, reply);
    else if ((frame.kind === FRAME.ping || frame.kind === FRAME.accept) && isStreamSubject(reply))
      this.tellUnknown(reply);
  }

  get #unsettledBytes(): number {
    return this.#publishedBytes - this.#settledBytes;
  }

  /** Waits for nothing of what was published: its connection is over. */
  #settleAll(): void {
    this.#settledBytes = this.#publishedBytes;
    this.#isAsking = false;
    this.#waiting.clear();
  }

  #askToConfirm(): void {
    const upToBytes = this.#publishedBytes;
    this.#isAsking = true;
    this.#bus.confirm(() => {
      if (upToBytes <= this.#settledBytes) return; // the answer to a question of an earlier connection
      this.#isAsking = false;
      this.#settledBytes = upToBytes;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const user of waiting) user.mayPublish();
      if (this.#unsettledBytes >= CONFIRM_AFTER_BYTES && !this.#isAsking) this.#askToConfirm();
    });
  }
}

const LISTEN = "._tw.listen";
const TICK_MS = 250;
/** Others ask for longer than that before they take this process for gone. */
const STALL_MS = 1_000;
/** Three quarters of what a server of NATS keeps for a client that does not read, before it cuts it off: 64 MiB by default. */
const ALL_WINDOWS_BYTES = 50_331_648;
/** So the first 128 have the most that one can have, and 350 come to all. */
const SHARES = 64;
/** With these, 2,000 streams come to those 64 MiB. */
const LEAST_WINDOW_BYTES = 8_192;
/** What a frame costs the client beside its bytes, roughly. */
const OVERHEAD_BYTES = 128;
const CONFIRM_AFTER_BYTES = 1_048_576;
/** The most that all streams have in the client and on the way to the broker. */
const MOST_UNCONFIRMED_BYTES = 8_388_608;
