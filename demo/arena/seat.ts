/**
 * A player's seat at a gateway: who he is, what he wishes, and where in the arena he is. Asks
 * all zones for somebody whom none shows, and begins him in one only when each has said that
 * it does not have him: a zone whose world is away right now may.
 *
 *     unknown ──▶ seeking: seek ──▶ found: enter ──▶ in a zone ── not seen for long ──▶ seeking
 */
import type { BusMessage, PlayerInput } from "./bus-wire.ts";
import { idOf, SECRET_BYTES, tidyName } from "./shared/identity.ts";
import type { Asked } from "./shared/play-wire.ts";
import { WORLD_HZ } from "./shared/rules.ts";

/** What one zone has answered. */
interface Answer {
  readonly has: boolean;
  readonly hops: number;
}

/** One player's seat. */
export class Seat {
  readonly #zones: number;
  readonly #answers = new Map<number, Answer>();
  #secret: Uint8Array = new Uint8Array();
  #name = "";
  #wish = { dx: 0, dy: 0, seq: 0 };
  #zone: number | undefined;
  #seenMs = Number.NEGATIVE_INFINITY;
  #askDueMs = Number.NEGATIVE_INFINITY;
  #waitUntilMs = Number.NEGATIVE_INFINITY;
  /** His public number; 0 until he has said who he is. */
  id = 0;
  /** He sees each state of a zone that is a multiple of this. */
  every = 1;
  /** Whether his wish is another one than the zone was told. */
  hasChanged = false;

  constructor(zones: number) {
    this.#zones = zones;
  }

  get isKnown(): boolean {
    return this.id !== 0;
  }

  /** The zone that shows him; `undefined` while none does. */
  get zone(): number | undefined {
    return this.#zone;
  }

  /** Says who he is. `false` when that is nobody. */
  sit({ name, secret, looksHz }: Asked & { kind: "hello" }): boolean {
    if (secret.length !== SECRET_BYTES) return false;
    this.#secret = secret;
    this.#name = tidyName(name);
    this.id = idOf(secret);
    this.every = Math.max(1, Math.round(WORLD_HZ / Math.max(1, looksHz)));
    return true;
  }

  steer({ dx, dy, seq }: Asked & { kind: "move" }): void {
    this.#wish = { dx, dy, seq };
    this.hasChanged = true;
  }

  /** What is told to his zone; who is not there now stands still. */
  takeInput(linked: boolean): PlayerInput {
    this.hasChanged = false;
    const { id } = this;
    return linked ? { id, ...this.#wish } : { id, dx: 0, dy: 0, seq: this.#wish.seq };
  }

  /** A zone shows him. */
  seen(zone: number, nowMs: number): void {
    if (zone !== this.#zone) this.hasChanged = true; // it may not know what he wishes
    this.#zone = zone;
    this.#seenMs = nowMs;
    this.#answers.clear();
  }

  /** A zone has answered. */
  found({ zone, has, hops }: Answer & { zone: number }): void {
    this.#answers.set(zone, { has, hops });
  }

  /**
   * What there is to say for him, and to which zone.
   *
   * @param isAlive whether his zone shows itself: while it does not, he waits for it
   */
  lead(nowMs: number, isAlive: boolean): readonly { message: BusMessage; zone: number }[] {
    if (this.#zone !== undefined) {
      if (!isAlive || nowMs - this.#seenMs < UNSEEN_MS) return NOTHING;
      this.#zone = undefined;
    }
    if (nowMs < this.#waitUntilMs) return NOTHING;
    const secret = this.#secret;
    const best = this.#best();
    if (best !== undefined) {
      this.#answers.clear();
      this.#waitUntilMs = nowMs + ENTER_MS;
      return [{ zone: best.zone, message: { kind: "enter", name: this.#name, secret, begins: best.begins } }];
    }
    if (nowMs < this.#askDueMs) return NOTHING;
    this.#askDueMs = nowMs + SEEK_EVERY_MS;
    return Array.from({ length: this.#zones }, (_, zone) => ({
      zone,
      message: { kind: "seek", secret } as const,
    }));
  }

  /** The zone that has him; when all have said that they do not, the one that had him last, or any. */
  #best(): { zone: number; begins: boolean } | undefined {
    let best: { zone: number; hops: number } | undefined;
    for (const [zone, { has, hops }] of this.#answers)
      if (has && (best === undefined || hops > best.hops)) best = { zone, hops };
    if (best !== undefined) return { zone: best.zone, begins: false };
    if (this.#answers.size < this.#zones) return undefined;
    best = { zone: this.id % this.#zones, hops: -1 };
    for (const [zone, { hops }] of this.#answers) if (hops > best.hops) best = { zone, hops };
    return { zone: best.zone, begins: true };
  }
}

const NOTHING: readonly { message: BusMessage; zone: number }[] = [];
/** Longer than a zone takes to show somebody whom it has taken. */
const UNSEEN_MS = 1_000;
const ENTER_MS = 500;
const SEEK_EVERY_MS = 300;
