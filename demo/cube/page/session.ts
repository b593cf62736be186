/**
 * The window's link to its process: connects, receives, sends, and when the
 * process is gone waits until it is there again, so that nothing has to be
 * reloaded. Polled like everything else. Decides nothing about the cube.
 *
 *     connecting ──▶ open ──▶ pausing ──▶ probing ──▶ connecting ...
 *        └──────────────────────▲ └──────────┘
 */
import type { Connection, Poller, Transport } from "../../../src/browser.ts";
import { lines } from "../../../src/browser.ts";
import { type Asked, formatAsked, parseTold, type Told } from "../shared/window-wire.ts";

/** How the window stands to its process, in this frame. */
export type SessionState =
  | { readonly kind: "connecting" }
  /** `isSilent`: it is linked, and yet nothing has come for seconds. */
  | { readonly kind: "open"; readonly isSilent: boolean }
  /** `untilMs`: when it probes, or gives this probe up. */
  | { readonly kind: "pausing" | "probing"; readonly untilMs: number; readonly why: string };

/** Finds out whether the process serves again. Polled: `tryResult` is called once per frame. */
export interface ServerProbe {
  /** Starts a probe, and forgets the one before. */
  start(): void;
  /** Whether the process is there; `undefined` while that is not known, the usual case. */
  tryResult(): boolean | undefined;
}

/** A link that comes back. Call {@link frame} once in each frame of its poller. */
export class Session {
  /** How long the last ping took to be answered, in milliseconds of polled time; `undefined` before. */
  roundTripMs: number | undefined;

  readonly #poller: Poller;
  readonly #transport: Transport;
  readonly #probe: ServerProbe;
  #stage: Stage;
  #pauseMs = FIRST_PAUSE_MS;
  #receivedMs = Number.NEGATIVE_INFINITY;
  #ping = { number: 0, sentMs: Number.NEGATIVE_INFINITY };
  #isSilent = false;
  /** Whether this process has said who it is, and with it all that it knows. */
  #isGreeted = false;

  constructor(poller: Poller, transport: Transport, probe: ServerProbe) {
    this.#poller = poller;
    this.#transport = transport;
    this.#probe = probe;
    // The page has just come from there, so no probe is needed.
    this.#stage = this.#connect();
  }

  get state(): SessionState {
    const stage = this.#stage;
    switch (stage.kind) {
      case "open":
        return { kind: "open", isSilent: this.#isSilent };
      case "connecting":
        return { kind: "connecting" };
      default:
        return stage;
    }
  }

  /** One frame, after `poll()`: what the process has told, in order; empty when nothing came. */
  frame(nowMs: number): readonly Told[] {
    const stage = this.#stage;
    if (stage.kind === "pausing" && nowMs >= stage.untilMs) this.#startProbe(stage.why, nowMs);
    if (stage.kind === "probing") this.#checkProbe(stage.why, stage.untilMs, nowMs);
    if (stage.kind === "connecting" && stage.connection.state !== "connecting")
      this.#begin(stage.connection, nowMs);
    return this.#stage.kind === "open" ? this.#receive(this.#stage.connection, nowMs) : NOTHING;
  }

  /**
   * `false` when the process cannot receive it now; it is then dropped. Before
   * its greeting it cannot: what it knows must come first, or an old position
   * would replace a new one.
   */
  trySend(asked: Asked): boolean {
    return (
      this.#stage.kind === "open" && this.#isGreeted && this.#stage.connection.trySend(formatAsked(asked))
    );
  }

  #connect(): Stage {
    return { kind: "connecting", connection: this.#poller.connect(this.#transport, lines()) };
  }

  #begin(connection: Connection<string>, nowMs: number): void {
    if (connection.state === "closed") {
      this.#pause(connection.closeReason?.message, nowMs);
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
      if (what.kind === "pong") this.#notePong(what.number, nowMs);
      else if (what.kind === "ping") this.trySend({ kind: "pong", number: what.number });
      else if (what.kind === "bad") this.trySend({ kind: "error", message: what.message });
      else told.push(what);
    }
    this.#isSilent = nowMs - this.#receivedMs > SILENT_MS;
    if (connection.state === "closed") this.#pause(connection.closeReason?.message, nowMs);
    else if (nowMs - this.#ping.sentMs >= PING_EVERY_MS) this.#sendPing(nowMs);
    return told;
  }

  #sendPing(nowMs: number): void {
    const number = this.#ping.number + 1;
    if (this.trySend({ kind: "ping", number })) this.#ping = { number, sentMs: nowMs };
  }

  #notePong(number: number, nowMs: number): void {
    if (number === this.#ping.number) this.roundTripMs = nowMs - this.#ping.sentMs;
  }

  #pause(why: string = "closed", nowMs: number): void {
    this.#stage = { kind: "pausing", untilMs: nowMs + this.#pauseMs, why };
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    this.roundTripMs = undefined;
    this.#isSilent = false;
  }

  #startProbe(why: string, nowMs: number): void {
    this.#probe.start();
    this.#stage = { kind: "probing", untilMs: nowMs + PROBE_MS, why };
  }

  #checkProbe(why: string, untilMs: number, nowMs: number): void {
    const isOpen = this.#probe.tryResult();
    if (isOpen === true) this.#stage = this.#connect();
    if (isOpen === false || nowMs >= untilMs) this.#pause(why, nowMs);
  }
}

type Stage =
  | { readonly kind: "connecting" | "open"; readonly connection: Connection<string> }
  | { readonly kind: "pausing" | "probing"; readonly untilMs: number; readonly why: string };

const NOTHING: readonly Told[] = [];
/** A process that restarts is back this soon. */
const FIRST_PAUSE_MS = 250;
/** Somebody looks at this page, and a probe costs one small request. */
const LONGEST_PAUSE_MS = 2_000;
/** A server that does not answer in this time is as good as gone. */
const PROBE_MS = 5_000;
const PING_EVERY_MS = 1_000;
/** A process tells something ten times a second, and answers a ping each second. */
const SILENT_MS = 3_000;
