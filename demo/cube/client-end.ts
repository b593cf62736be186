/**
 * The connecting end of a peer: connects, exchanges messages, and when the
 * other is gone connects again after a pause that grows. Decides nothing about
 * the cube.
 *
 *     connecting ──▶ linked ──▶ pausing ──▶ connecting ...
 *        └──────────────────────▲
 */
import { type CloseReason, formatAddress, type Poller, type Transport } from "../../src/index.ts";
import { Conversation, type CubeConnection, newTally, type Tally } from "./conversation.ts";
import type { End, EndEvent } from "./end.ts";
import type { CubeCodec } from "./formats.ts";
import type { LinkState } from "./shared/changes.ts";

/** A link that comes back. */
export class ClientEnd implements End {
  readonly speaksFirst = false;
  readonly tally: Tally = newTally();
  readonly conversations: Set<Conversation> = new Set();

  readonly #poller: Poller;
  readonly #transport: Transport;
  readonly #codec: CubeCodec;
  readonly #where: string;
  #stage: Stage;
  #pauseMs = FIRST_PAUSE_MS;

  /** @param where the address that `transport` connects to, as people write it */
  constructor(poller: Poller, transport: Transport, codec: CubeCodec, where: string) {
    this.#poller = poller;
    this.#transport = transport;
    this.#codec = codec;
    this.#where = where;
    this.#stage = this.#connect();
  }

  get state(): LinkState {
    const where = this.#where;
    if (this.#stage.kind === "connecting") return { kind: "connecting", where };
    if (this.#stage.kind === "linked") {
      const { who, heldMs } = this.#stage.conversation;
      return heldMs === undefined
        ? { kind: "linked", where: who }
        : { kind: "held", where: who, downMs: heldMs };
    }
    return { ...this.#stage, where };
  }

  frame(nowMs: number): readonly EndEvent[] {
    const events: EndEvent[] = [];
    if (this.#stage.kind === "pausing" && nowMs >= this.#stage.untilMs) this.#stage = this.#connect();
    if (this.#stage.kind === "connecting") this.#whileConnecting(this.#stage.connection, nowMs, events);
    if (this.#stage.kind === "linked") this.#whileLinked(this.#stage.conversation, nowMs, events);
    return events;
  }

  #connect(): Stage {
    return { kind: "connecting", connection: this.#poller.connect(this.#transport, this.#codec) };
  }

  #whileConnecting(connection: CubeConnection, nowMs: number, events: EndEvent[]): void {
    if (connection.state === "connecting") return;
    if (connection.state === "closed") {
      this.#pause(this.#where, connection.closeReason, nowMs, events);
      return;
    }
    const { remoteAddress } = connection;
    const who = remoteAddress === undefined ? this.#where : formatAddress(remoteAddress);
    const conversation = new Conversation(connection, who, "each second", this.tally);
    this.#stage = { kind: "linked", conversation };
    this.#pauseMs = FIRST_PAUSE_MS;
    this.conversations.add(conversation);
    events.push({ from: conversation, what: { kind: "up", who } });
  }

  #whileLinked(conversation: Conversation, nowMs: number, events: EndEvent[]): void {
    for (const what of conversation.receive(nowMs)) events.push({ from: conversation, what });
    if (conversation.connection.state !== "closed") return;
    this.conversations.delete(conversation);
    this.#pause(conversation.who, conversation.connection.closeReason, nowMs, events);
  }

  #pause(who: string, reason: CloseReason | undefined, nowMs: number, events: EndEvent[]): void {
    const why = reason?.message ?? "closed";
    this.#stage = { kind: "pausing", why, untilMs: nowMs + this.#pauseMs };
    events.push({ what: { kind: "down", who, why } });
    events.push({ what: { kind: "retry", inMs: this.#pauseMs } });
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

type Stage =
  | { readonly kind: "connecting"; readonly connection: CubeConnection }
  | { readonly kind: "linked"; readonly conversation: Conversation }
  | { readonly kind: "pausing"; readonly why: string; readonly untilMs: number };

/** A peer that restarts is back this soon. */
const FIRST_PAUSE_MS = 250;
/** A peer that stays away is asked this seldom; nobody waits longer for one that returns. */
const LONGEST_PAUSE_MS = 2_000;
