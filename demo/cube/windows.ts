/**
 * The windows that look at a peer: receives their wishes, and sends each what it
 * does not know yet. Decides nothing about the cube, and knows no browser:
 * a window is a connection that speaks the lines of `window-wire.ts`.
 *
 *     windows ── cube, wire ──▶ receive ──▶ peer.place, peer.speak
 *     windows ◀── send ◀── where the cube is, how the link stands, what was counted
 *
 * A new window needs no greeting of its own: it was sent nothing yet, so it is
 * sent everything.
 */
import {
  type Connection,
  type Frame,
  type Listener,
  lines,
  type Poller,
  type Transport,
} from "../../src/index.ts";
import { cubeSizes } from "./formats.ts";
import type { Peer } from "./peer.ts";
import { type LinkChange, linkStatus } from "./shared/changes.ts";
import { type Asked, formatTold, parseAsked, type Stat, type Told } from "./shared/window-wire.ts";
import type { Bad } from "./shared/wire.ts";
import type { Role } from "./shared/world.ts";

/** What windows look at. */
export type Seen = Pick<
  Peer,
  "role" | "world" | "link" | "tally" | "frameTripMs" | "lineTripMs" | "format" | "network" | "knowsPosition"
>;

/** What windows may do to it. */
export type Steered = Pick<Peer, "role" | "place" | "speak" | "chooseNetwork" | "cut">;

/** All windows of one peer. In each frame {@link receive} goes before the peer's frame, and {@link send} after. */
export class Windows {
  readonly #listener: Listener<string>;
  readonly #windows = new Set<Window>();
  /** Messages from the peer in each frame since the last stat. */
  #arrivals: number[] = [];
  readonly #turnedAway: LinkChange[] = [];
  #linesIn = 0;
  #statDueMs = Number.NEGATIVE_INFINITY;

  constructor(poller: Poller, transport: Transport) {
    this.#listener = poller.listen(transport, lines({ maxLineBytes: LONGEST_LINE_BYTES }));
    this.#listener.on("drop", ({ count, reason: { message: why } }) => {
      this.#turnedAway.push({ kind: "turned away", what: "window", count, why });
    });
  }

  /** Why no window can come any more; `undefined` while they can. */
  get failure(): string | undefined {
    return this.#listener.closeReason?.message;
  }

  /** Takes this frame's wishes to the peer. The last one counts. Answers who was no window; empty when nobody was, the usual case. */
  receive(peer: Steered): readonly LinkChange[] {
    for (let next: Connection<string> | undefined; (next = this.#listener.tryAccept()) !== undefined; ) {
      const window = new Window(next);
      window.greet(peer.role);
      this.#windows.add(window);
    }
    for (const window of this.#windows) {
      for (const text of window.connection) obey(window, parseAsked(text), peer);
      if (window.connection.state === "closed") this.#windows.delete(window);
    }
    return this.#turnedAway.splice(0);
  }

  /** Sends every window what it does not know yet. */
  send(frame: Pick<Frame, "tick" | "nowMs">, peer: Seen): void {
    this.#arrivals.push(peer.tally.linesIn - this.#linesIn);
    this.#linesIn = peer.tally.linesIn;
    const updates = updatesOf(peer, frame.nowMs);
    const isStatDue = frame.nowMs >= this.#statDueMs;
    if (isStatDue) {
      this.#statDueMs = Math.max(this.#statDueMs + STAT_EVERY_MS, frame.nowMs);
      updates.push({ kind: "size", bytes: cubeSizes(peer.world.position) });
      updates.push({ kind: "stat", stat: statOf(frame.tick, peer, this.#arrivals) });
      this.#arrivals = [];
    }
    for (const window of this.#windows) for (const told of updates) window.send(told);
  }
}

/** One window, and what it knows. */
class Window {
  readonly connection: Connection<string>;
  /** The line of each kind that it said or was told last. */
  readonly #known = new Map<Told["kind"], string>();

  constructor(connection: Connection<string>) {
    this.connection = connection;
  }

  /** Says whose window it is, before anything else. */
  greet(role: Role): void {
    this.connection.trySend(formatTold({ kind: "role", role }));
  }

  /** Sends it, unless the window knows it. What does not fit now is sent in a later frame, if it still holds. */
  send(told: Told): void {
    const line = formatTold(told);
    if (!this.connection.linked) return; // what waited would arrive all at once, long out of date
    if (this.#known.get(told.kind) !== line && this.connection.trySend(line))
      this.#known.set(told.kind, line);
  }

  /** The window said this itself, so it need not be sent. */
  knows(told: Told): void {
    this.#known.set(told.kind, formatTold(told));
  }
}

function obey(window: Window, asked: Asked | Bad, peer: Steered): void {
  switch (asked.kind) {
    case "cube":
      window.knows(asked);
      peer.place(asked.position);
      break;
    case "wire":
      peer.speak(asked.format);
      break;
    case "network":
      peer.chooseNetwork(asked.network);
      break;
    case "cut":
      peer.cut();
      break;
    case "ping":
      window.connection.trySend(formatTold({ kind: "pong", number: asked.number }));
      break;
    case "bad":
      window.connection.trySend(formatTold({ kind: "error", message: asked.message }));
      break;
    case "pong":
    case "error":
      break; // it was not asked, and is not answered
  }
}

/** What every window should know, in the order in which a new one receives it. */
function updatesOf(peer: Seen, nowMs: number): Told[] {
  const { format, link, network, world } = peer;
  const updates: Told[] = [
    { kind: "wire", format },
    { kind: "network", network },
    { kind: "link", ...linkStatus(link, nowMs) },
  ];
  // A peer that was just restarted has only a guess, and its windows may know better.
  if (peer.knowsPosition) updates.push({ kind: "cube", position: world.position });
  return updates;
}

function statOf(tick: number, { tally, lineTripMs, frameTripMs }: Seen, arrivals: readonly number[]): Stat {
  return {
    tick,
    in: { lines: tally.linesIn, bytes: tally.bytesIn },
    out: { lines: tally.linesOut, bytes: tally.bytesOut },
    lineMs: lineTripMs,
    frameMs: frameTripMs,
    arrivals,
  };
}

/** Numbers that a person can follow, at little cost. */
const STAT_EVERY_MS = 100;
/** A window says positions and single words; nothing near this long. */
const LONGEST_LINE_BYTES = 1_024;
