/**
 * The listening end of a peer: accepts connections, receives their messages,
 * and notices their ends. Decides nothing about the cube.
 *
 *     listener ── tryAccept ──▶ conversations ── receive ──▶ EndEvent
 */
import {
  type CloseReason,
  formatAddress,
  type Listener,
  type Poller,
  type Transport,
} from "../../src/index.ts";
import { Conversation, type CubeConnection, newTally, type Tally } from "./conversation.ts";
import type { End, EndEvent } from "./end.ts";
import type { CubeCodec } from "./formats.ts";
import type { LinkChange, LinkState } from "./shared/changes.ts";
import type { Bad, Message } from "./shared/wire.ts";

/** A listener and the conversations with its peers. */
export class ServerEnd implements End {
  readonly speaksFirst = true;
  readonly tally: Tally = newTally();

  readonly #listener: Listener<Message | Bad, Message>;
  /** The address that was asked for, until the real one is known. */
  readonly #wanted: string;
  readonly #conversations = new Set<Conversation>();
  #gone: string | undefined;
  #turnedAway: (LinkChange & { kind: "turned away" }) | undefined;
  #told: "starting" | "listening" | "failed" = "starting";

  constructor(poller: Poller, transport: Transport, codec: CubeCodec, where: string) {
    this.#listener = poller.listen(transport, codec);
    this.#wanted = where;
    this.#listener.on("drop", ({ count, reason }) => {
      const before = this.#turnedAway?.count ?? 0;
      this.#turnedAway = { kind: "turned away", what: "peer", count: before + count, why: words(reason) };
    });
  }

  get conversations(): ReadonlySet<Conversation> {
    return this.#conversations;
  }

  get state(): LinkState {
    const { state, address, closeReason } = this.#listener;
    if (state === "closed") return { kind: "failed", why: words(closeReason) };
    if (state === "starting") return { kind: "starting" };
    const where = address === undefined ? this.#wanted : formatAddress(address);
    return {
      kind: "listening",
      where,
      peers: this.#conversations.size,
      gone: this.#gone,
      heldMs: this.#heldMs,
    };
  }

  /** For how long nobody has a line: that of the one that lost it last. */
  get #heldMs(): number | undefined {
    let least: number | undefined;
    for (const { heldMs } of this.#conversations) {
      if (heldMs === undefined) return undefined;
      least = Math.min(least ?? Infinity, heldMs);
    }
    return least;
  }

  frame(nowMs: number): readonly EndEvent[] {
    const events: EndEvent[] = [];
    this.#noteListener(events);
    if (this.#turnedAway !== undefined) events.push({ what: this.#turnedAway });
    this.#turnedAway = undefined;
    for (let next: CubeConnection | undefined; (next = this.#listener.tryAccept()) !== undefined; ) {
      const { remoteAddress } = next;
      const who = remoteAddress === undefined ? "a peer" : formatAddress(remoteAddress);
      const conversation = new Conversation(next, who, "never", this.tally);
      this.#conversations.add(conversation);
      events.push({ from: conversation, what: { kind: "up", who } });
    }
    for (const conversation of this.#conversations) {
      for (const what of conversation.receive(nowMs)) events.push({ from: conversation, what });
      // Closed means that its last line was taken too, so nothing is lost by forgetting it.
      if (conversation.connection.state !== "closed") continue;
      this.#conversations.delete(conversation);
      this.#gone = words(conversation.connection.closeReason);
      events.push({ from: conversation, what: { kind: "down", who: conversation.who, why: this.#gone } });
    }
    return events;
  }

  /** Tells once where it listens, or why it cannot. */
  #noteListener(events: EndEvent[]): void {
    const state = this.state;
    if (this.#told !== "starting" || state.kind === "starting") return;
    this.#told = state.kind === "listening" ? "listening" : "failed";
    if (state.kind === "listening") events.push({ what: { kind: "listening", where: state.where } });
    if (state.kind === "failed")
      events.push({ what: { kind: "failed", where: this.#wanted, why: state.why } });
  }
}

function words(reason: CloseReason | undefined): string {
  return reason?.message ?? "closed";
}
