/**
 * A poller with acceptors that the test drives, and links that keep what they are
 * given: whoever writes to bytes that a link has is found out.
 *
 *     step ──▶ poller, acceptors, connections ──▶ links ┊ sights: all that can be seen
 *
 * One that broadcasts as a listener does, and one that gives each connection a copy,
 * as simply as it can be said: what the two show has to be the same.
 */
import { expect } from "vitest";
import {
  type AcceptorEvents,
  type CloseReason,
  type Codec,
  type Connection,
  type Link,
  type LinkEvents,
  type Listener,
  type ListenOptions,
  Poller,
} from "../../../src/index.ts";

/** One step: what to do, to whom, how much, and for whom not. */
export type Step = readonly [what: Deed, which: number, much: number, other: number];

/** Everything that can be done. */
export type Deed =
  | ("arrive" | "accept" | "flush" | "poll" | "broadcast" | "broadcast but one" | "broadcast latest")
  | ("send" | "send latest" | "stick" | "take some" | "take all" | "say" | "reset")
  | ("hold" | "end" | "close" | "abort");

/** What is done most stands there most often. */
export const DEEDS: readonly Deed[] = [
  ...(["arrive", "accept", "accept", "flush", "flush", "poll", "poll", "poll"] as const),
  ...(["broadcast", "broadcast", "broadcast", "broadcast", "broadcast", "broadcast"] as const),
  ...(["broadcast but one", "broadcast latest", "send", "send", "send latest"] as const),
  ...(["stick", "take some", "take all", "say", "hold", "reset", "end", "close", "abort"] as const),
];

/** A poller with two listeners. */
export class BroadcastRig {
  readonly links: KeepingLink[] = [];
  readonly connections: Connection<string>[] = [];
  readonly listeners: readonly Listener<string>[];
  readonly poller: Poller = new Poller();
  readonly #broadcast: Broadcast;
  readonly #acceptors: AcceptorEvents[] = [];
  readonly #told: unknown[] = [];
  #timeMs = 0;

  constructor(listeners: readonly ListenOptions[], broadcast: Broadcast) {
    this.#broadcast = broadcast;
    this.listeners = listeners.map((options) => {
      const acceptor = { attach: (events: AcceptorEvents) => this.#acceptors.push(events), close: () => {} };
      return this.poller.listen({ listen: () => acceptor }, letters, options);
    });
    for (const acceptor of this.#acceptors) acceptor.listening(undefined);
    for (const type of ["close", "drain", "lose"] as const) {
      this.poller.on(type, ({ connection }) => this.#told.push([type, connection.id]));
    }
    this.poller.poll(0);
  }

  /** A connection arrives, and is accepted. */
  connect(index = 0): KeepingLink {
    const link = this.#arrive(index);
    this.poller.poll(this.#timeMs);
    this.#accept(index);
    return link;
  }

  /** Does a step, and answers what was answered. */
  do([what, which, much, other]: Step, letter: string): unknown {
    const index = which % this.listeners.length;
    const listener = this.listeners[index] as Listener<string>;
    const text = letter.repeat(much);
    if (what === "arrive") return this.#arrive(index) && undefined;
    if (what === "accept") return this.#accept(index);
    if (what === "flush") return this.poller.flush();
    if (what === "poll") return { ...this.poller.poll((this.#timeMs += 16)) };
    if (what === "broadcast") return this.#broadcast(listener, text);
    if (what === "broadcast latest") return this.#broadcast(listener, text, { key: other % 2 });
    if (what === "broadcast but one") {
      const except = this.connections[other % Math.max(1, this.connections.length)];
      return this.#broadcast(listener, text, except && { except });
    }
    const connection = this.connections[which % Math.max(1, this.connections.length)];
    const link = this.links[which % Math.max(1, this.links.length)];
    if (connection === undefined || link === undefined) return undefined;
    if (what === "send") return attempt(() => connection.trySend(text));
    if (what === "send latest") return attempt(() => connection.trySendLatest(other % 2, text));
    if (what === "hold" || what === "end" || what === "close" || what === "abort") return connection[what]();
    if (what === "take some") return link.take(link.keptBytes >> 1);
    if (what === "take all") return link.take(link.keptBytes);
    return link[what]();
  }

  /** All that can be seen. */
  get sights(): unknown {
    return {
      told: this.#told,
      poller: this.poller.stats,
      listeners: this.listeners.map(({ stats, connections }) => [stats, connections.size]),
      connections: this.connections.map(({ id, state, stats, pendingBytes, closeReason, outbox }) => {
        const { storedBytes, peakBytes, hasDrained } = outbox;
        return { id, state, stats, pendingBytes, closeReason, storedBytes, peakBytes, hasDrained };
      }),
      links: this.links.map(({ written, ending }) => [written, ending]),
    };
  }

  #arrive(index: number): KeepingLink {
    const link = new KeepingLink();
    this.links.push(link);
    this.#acceptors[index]?.incoming(link);
    return link;
  }

  #accept(index: number): number | undefined {
    const connection = this.listeners[index]?.tryAccept();
    if (connection !== undefined) this.connections.push(connection);
    return connection?.id;
  }
}

/** How a message is told to all. */
export type Broadcast = (listener: Listener<string>, text: string, rules?: BroadcastRules) => unknown;

interface BroadcastRules {
  readonly key?: number;
  readonly except?: Connection<string>;
}

/** As a user does. */
export const together: Broadcast = (listener, text, { key, except } = {}) =>
  attempt(() =>
    key === undefined
      ? listener.broadcast(text, { except })
      : listener.broadcastLatest(key, text, { except }),
  );

/** To each by itself, in bytes of its own. */
export const oneByOne: Broadcast = (listener, text, { key, except } = {}) =>
  attempt(() => {
    let queued = 0;
    for (const connection of listener.connections) {
      if (connection !== except && connection.sender.trySendEncoded(letters.encode(text), key)) queued++;
    }
    return queued;
  });

/** A link that takes all, or nothing until it is told to, and sees that nobody writes to what it keeps. */
export class KeepingLink implements Link {
  readonly localAddress = undefined;
  readonly remoteAddress = undefined;
  readonly allowHalfOpen = false;
  /** What was written, one text for each write. */
  readonly written: string[] = [];
  /** The very bytes that the last write was given. */
  last: Uint8Array | undefined;
  /** How it was ended. */
  ending: "end" | "endSending" | "abort" | undefined;
  /** Bytes that it has not sent. */
  keptBytes = 0;
  /** Whether it ever kept any. */
  hasKept = false;
  readonly #kept: { readonly bytes: Uint8Array; readonly text: string }[] = [];
  #isStuck = false;
  #events: LinkEvents | undefined;

  attach(events: LinkEvents): void {
    this.#events = events;
    events.opened();
  }

  stick(): void {
    this.#isStuck = true;
  }

  write(bytes: Uint8Array): boolean {
    const text = decoder.decode(bytes);
    this.written.push(text);
    this.last = bytes;
    if (!this.#isStuck) return true;
    this.#kept.push({ bytes, text });
    this.keptBytes += bytes.length;
    this.hasKept = true;
    return false;
  }

  /** Sends so many of the bytes that it kept; after the last of them it is quick again. */
  take(sizeBytes: number): void {
    for (const { bytes, text } of this.#kept) expect(decoder.decode(bytes)).toBe(text);
    this.keptBytes -= sizeBytes;
    this.#events?.drained(sizeBytes);
    if (this.keptBytes > 0) return;
    this.#kept.length = 0;
    this.#isStuck = false;
  }

  /** The peer says something. */
  say(): void {
    this.#events?.received(Uint8Array.of(1));
  }

  /** The peer is gone. */
  reset(): void {
    this.#events?.closed(GONE);
  }

  end(): void {
    this.ending = "end";
    this.#events?.closed(ENDED);
  }

  endSending(): void {
    this.ending = "endSending";
  }

  abort(): void {
    this.ending = "abort";
  }

  pause(): void {}
  resume(): void {}
}

/** Messages of any length, lent in bytes that are written over with the next. */
const letters: Codec<string> = {
  encode: (text) => {
    scratch.fill(0x2e); // what was lent is gone
    return scratch.subarray(0, encoder.encodeInto(text, scratch).written);
  },
  decoder: () => ({ decode: (bytes, sink) => sink.put(decoder.decode(bytes), bytes.length) }),
};

function attempt(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return `${error}`;
  }
}

const scratch = new Uint8Array(140_000);
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const GONE: CloseReason = { kind: "reset", message: "the peer is gone" };
const ENDED: CloseReason = { kind: "local", message: "this side ended it" };
