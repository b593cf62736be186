/**
 * The window's link to its process: connects, receives, sends, and when the
 * process is gone connects again once it is there, so that nothing has to be
 * reloaded. While its line is lost the link is held, and goes on where it was; a process
 * that was started again knows nothing of it, and another one begins. Polled like
 * everything else. Decides nothing about the cube.
 *
 *     connecting ──▶ open ⇄ held ──▶ pausing ──▶ connecting ...
 *        └──────────────────────────────▲
 */
import type { Connection, Poller, Transport } from "../../../src/browser.ts";
import { lines } from "../../../src/browser.ts";
import { type Asked, formatAsked, parseTold, type Told } from "../shared/window-wire.ts";

/** How the window stands to its process, in this frame. */
export type SessionState =
  | { readonly kind: "connecting" }
  /** Connecting again: the process was there, or should have been. */
  | { readonly kind: "retrying" }
  /** `isSilent`: it is linked, and yet nothing has come for seconds. */
  | { readonly kind: "open"; readonly isSilent: boolean }
  /** It has no line, for so long. */
  | { readonly kind: "held"; readonly downMs: number }
  /** `untilMs`: when it connects again. */
  | { readonly kind: "pausing"; readonly untilMs: number };

/** Round trips to the process, in milliseconds; `undefined` while none is known. */
export interface Trips {
  /** Of the line. */
  readonly lineMs: number | undefined;
  /** From a frame of the window to the one that has the answer of a frame of the process. */
  readonly frameMs: number | undefined;
}

/** A link that comes back. Call {@link frame} once in each frame of its poller. */
export class Session {
  readonly #poller: Poller;
  readonly #transport: Transport;
  #stage: Stage;
  #pauseMs = FIRST_PAUSE_MS;
  #receivedMs = Number.NEGATIVE_INFINITY;
  #isSilent = false;
  /** Whether this process has said who it is, and with it all that it knows. */
  #isGreeted = false;

  /** @param transport to the process, by itself or over sessions */
  constructor(poller: Poller, transport: Transport) {
    this.#poller = poller;
    this.#transport = transport;
    this.#stage = this.#connect(false);
  }

  get state(): SessionState {
    const stage = this.#stage;
    switch (stage.kind) {
      case "open":
        if (!stage.connection.linked) return { kind: "held", downMs: stage.connection.downMs };
        return { kind: "open", isSilent: this.#isSilent };
      case "connecting":
        return { kind: stage.isAgain ? "retrying" : "connecting" };
      default:
        return stage;
    }
  }

  get trips(): Trips {
    const connection = this.#stage.kind === "open" ? this.#stage.connection : undefined;
    return { lineMs: connection?.rttMs, frameMs: connection?.frameRttMs };
  }

  /** One frame, after `poll()`: what the process has told, in order; empty when nothing came. */
  frame(nowMs: number): readonly Told[] {
    const stage = this.#stage;
    if (stage.kind === "pausing" && nowMs >= stage.untilMs) this.#stage = this.#connect(true);
    if (stage.kind === "connecting" && stage.connection.state !== "connecting")
      this.#begin(stage.connection, nowMs);
    return this.#stage.kind === "open" ? this.#receive(this.#stage.connection, nowMs) : NOTHING;
  }

  /**
   * `false` when the process cannot receive it now; it is then dropped. Before
   * its greeting it cannot: what it knows must come first, or an old position
   * would replace a new one. Held it cannot either: a process that was started again would
   * never have what waits here.
   */
  trySend(asked: Asked): boolean {
    if (this.#stage.kind !== "open" || !this.#isGreeted || !this.#stage.connection.linked) return false;
    return this.#stage.connection.trySend(formatAsked(asked));
  }

  #connect(isAgain: boolean): Stage {
    return { kind: "connecting", isAgain, connection: this.#poller.connect(this.#transport, lines()) };
  }

  #begin(connection: Connection<string>, nowMs: number): void {
    if (connection.state === "closed") {
      this.#pause(nowMs);
      return;
    }
    this.#stage = { kind: "open", connection };
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#isGreeted = false;
    this.#receivedMs = nowMs;
  }

  #receive(connection: Connection<string>, nowMs: number): readonly Told[] {
    const told: Told[] = [];
    for (let line: string | undefined; (line = connection.tryRecv()) !== undefined; ) {
      this.#receivedMs = nowMs;
      const what = parseTold(line);
      if (what.kind === "role") this.#isGreeted = true;
      if (what.kind === "ping") this.trySend({ kind: "pong", number: what.number });
      else if (what.kind === "bad") this.trySend({ kind: "error", message: what.message });
      else told.push(what);
    }
    if (!connection.linked) this.#receivedMs = nowMs; // nothing can come, and silence begins with the next line
    this.#isSilent = nowMs - this.#receivedMs > SILENT_MS;
    if (connection.state === "closed") this.#pause(nowMs);
    return told;
  }

  #pause(nowMs: number): void {
    this.#stage = { kind: "pausing", untilMs: nowMs + this.#pauseMs };
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    this.#isSilent = false;
  }
}

type Stage =
  | { readonly kind: "connecting"; readonly connection: Connection<string>; readonly isAgain: boolean }
  | { readonly kind: "open"; readonly connection: Connection<string> }
  | { readonly kind: "pausing"; readonly untilMs: number };

const NOTHING: readonly Told[] = [];
/** A process that restarts is back this soon. */
const FIRST_PAUSE_MS = 250;
/** Somebody looks at this page, and a try costs one small request. */
const LONGEST_PAUSE_MS = 2_000;
/** A process tells something ten times a second. */
const SILENT_MS = 3_000;
