/**
 * A player's way to the arena, through whichever gateway there is: dials one, and when that one
 * is gone or silent the next, where it is the same player, as it brings the same secret. A session is of
 * one gateway, so each dial begins a new one.
 *
 *     connecting ──▶ open ⇄ held ── for too long, or closed ──▶ pausing ──▶ connecting, to the next
 *
 * Used by the page and by bots. Decides nothing about the game.
 */
import type { Connection } from "../../../src/browser.ts";
import type { Identity } from "./identity.ts";
import type { Asked, Told } from "./play-wire.ts";

/** How a player stands to the arena, in this frame. */
export type LinkState =
  | { readonly kind: "connecting" | "open" | "pausing"; readonly place: string }
  /** It has no line, for so long. */
  | { readonly kind: "held"; readonly place: string; readonly downMs: number }
  /** The player plays on elsewhere, by his own wish. */
  | { readonly kind: "over"; readonly place: string; readonly why: string };

/** What a link is made of. */
export interface PlayerLinkOptions {
  /** Dials the gateway at that place, over a session. */
  readonly dial: (place: string) => Connection<Told, Asked>;
  readonly identity: Identity;
  readonly looksHz: number;
  /** Where to begin; the gateways tell of the others. */
  readonly places: readonly string[];
}

/** A player's link. Call {@link frame} once in each frame of its poller. */
export class PlayerLink {
  readonly #options: PlayerLinkOptions;
  #places: readonly string[];
  #place: string;
  #connection: Connection<Told, Asked> | undefined;
  #sinceMs = 0;
  /** When it dialled first. */
  #firstMs: number | undefined;
  /** Whether no gateway has welcomed it yet. */
  #isNew = true;
  #frameMs = 0;
  /** For how long a gateway that has a line says nothing: it may stand still. */
  #silentMs = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  #why: string | undefined;
  /** How often it has dialled. */
  dials = 0;

  constructor(options: PlayerLinkOptions) {
    this.#options = options;
    this.#places = options.places;
    this.#place = options.places[0] ?? "";
  }

  get state(): LinkState {
    const place = this.#place;
    const connection = this.#connection;
    if (this.#why !== undefined) return { kind: "over", place, why: this.#why };
    if (connection === undefined) return { kind: "pausing", place };
    if (connection.state !== "open") return { kind: "connecting", place };
    return connection.linked ? { kind: "open", place } : { kind: "held", place, downMs: connection.downMs };
  }

  /** All places it knows. */
  get places(): readonly string[] {
    return this.#places;
  }

  /** What the link measures, while there is one. */
  get connection(): Connection<Told, Asked> | undefined {
    return this.#connection;
  }

  /** One frame, after `poll()`: what was told, in order. */
  frame(nowMs: number): readonly Told[] {
    if (this.#why !== undefined) return NOTHING;
    if (this.#connection === undefined) {
      if (nowMs >= this.#untilMs) this.#dial(nowMs);
      return NOTHING;
    }
    const told = [...this.#connection];
    this.#silentMs = told.length > 0 ? 0 : this.#silentMs + Math.min(nowMs - this.#frameMs, LONGEST_STEP_MS);
    this.#frameMs = nowMs;
    for (const one of told) {
      if (one.kind !== "welcome") continue;
      this.#isNew = false;
      if (one.places.length > 0) this.#places = one.places;
    }
    this.#judge(this.#connection, nowMs);
    return told;
  }

  /** Sends the newest wish; an older one that has not left yet is replaced. */
  trySteer(move: Omit<Asked & { kind: "move" }, "kind">): boolean {
    return (
      this.#connection?.linked === true && this.#connection.trySendLatest("move", { kind: "move", ...move })
    );
  }

  /** Leaves the arena. */
  close(): void {
    this.#connection?.close();
  }

  #dial(nowMs: number): void {
    const { dial, identity, looksHz } = this.#options;
    this.dials++;
    this.#firstMs ??= nowMs;
    this.#sinceMs = this.#frameMs = nowMs;
    this.#silentMs = 0;
    this.#connection = dial(this.#place);
    this.#connection.trySend({ kind: "hello", ...identity, looksHz });
  }

  #judge(connection: Connection<Told, Asked>, nowMs: number): void {
    const isSlow = connection.state === "connecting" && nowMs - this.#sinceMs > DIAL_MS;
    const isGone = connection.state === "open" && !connection.linked && connection.downMs > HELD_MS;
    const isStill = connection.state === "open" && this.#silentMs > SILENT_MS;
    if (!isSlow && !isGone && !isStill && connection.state !== "closed") return;
    const goodbye = connection.closeReason?.goodbye;
    connection.abort();
    this.#connection = undefined;
    if (goodbye?.code === OVER_CODE) this.#why = goodbye.text ?? "";
    this.#untilMs = nowMs + PAUSE_MS;
    if (this.#isNew && nowMs - (this.#firstMs ?? nowMs) < BEGIN_MS) return; // it may not have begun yet
    const at = this.#places.indexOf(this.#place);
    this.#place = this.#places[(at + 1) % this.#places.length] ?? this.#place;
  }
}

const NOTHING: readonly Told[] = [];
/** A gateway on this machine or another one answers sooner, or is not there. */
const DIAL_MS = 2_000;
/** For so long the same line may come back; then another gateway is nearer. */
const HELD_MS = 1_000;
/** A gateway says something each second at least. */
const SILENT_MS = 3_000;
/** A page that was away itself has no silence to tell of. */
const LONGEST_STEP_MS = 250;
const PAUSE_MS = 200;
/** All processes of the demo begin together, and some are slower. */
const BEGIN_MS = 15_000;
/** Of `PLAYS_ELSEWHERE`. */
const OVER_CODE = 4001;
