/**
 * The listening end of a peer: takes guests in, hears them, notices who has
 * gone. Decides nothing about the cube.
 *
 *     listener ── tryAccept ──▶ guests ── listen ──▶ News
 */
import {
  type CloseReason,
  formatAddress,
  type Listener,
  type Poller,
  type Transport,
} from "../../src/index.ts";
import { Conversation, type CubeConnection, newTally, type Tally } from "./conversation.ts";
import type { End, News } from "./end.ts";
import type { CubeCodec } from "./formats.ts";
import type { LinkState } from "./shared/changes.ts";
import type { Bad, Message } from "./shared/wire.ts";

/** A door with guests behind it. */
export class Guests implements End {
  readonly speaksFirst = true;
  readonly tally: Tally = newTally();

  readonly #listener: Listener<Message | Bad, Message>;
  /** Where it was asked to listen, for the time before it does. */
  readonly #wanted: string;
  readonly #guests = new Set<Conversation>();
  #gone: string | undefined;
  #told: "starting" | "listening" | "failed" = "starting";

  constructor(poller: Poller, transport: Transport, codec: CubeCodec, where: string) {
    this.#listener = poller.listen(transport, codec);
    this.#wanted = where;
  }

  get conversations(): ReadonlySet<Conversation> {
    return this.#guests;
  }

  get state(): LinkState {
    const { state, address, closeReason } = this.#listener;
    if (state === "closed") return { kind: "failed", why: words(closeReason) };
    if (state === "starting") return { kind: "starting" };
    const where = address === undefined ? this.#wanted : formatAddress(address);
    return { kind: "listening", where, guests: this.#guests.size, gone: this.#gone };
  }

  frame(nowMs: number): readonly News[] {
    const news: News[] = [];
    this.#noteDoor(news);
    for (let guest: CubeConnection | undefined; (guest = this.#listener.tryAccept()) !== undefined; ) {
      const who = guest.remoteAddress === undefined ? "a guest" : formatAddress(guest.remoteAddress);
      const conversation = new Conversation(guest, who, "never", this.tally);
      this.#guests.add(conversation);
      news.push({ from: conversation, what: { kind: "up", who } });
    }
    for (const guest of this.#guests) {
      for (const what of guest.listen(nowMs)) news.push({ from: guest, what });
      // Closed means that its last line was taken too, so nothing is lost by forgetting it.
      if (guest.connection.state !== "closed") continue;
      this.#guests.delete(guest);
      this.#gone = words(guest.connection.closeReason);
      news.push({ from: guest, what: { kind: "down", who: guest.who, why: this.#gone } });
    }
    return news;
  }

  /** Told once: that it listens, and where, or why it cannot. */
  #noteDoor(news: News[]): void {
    const state = this.state;
    if (this.#told !== "starting" || state.kind === "starting") return;
    this.#told = state.kind === "listening" ? "listening" : "failed";
    if (state.kind === "listening") news.push({ what: { kind: "listening", where: state.where } });
    if (state.kind === "failed") news.push({ what: { kind: "failed", where: this.#wanted, why: state.why } });
  }
}

function words(reason: CloseReason | undefined): string {
  return reason?.message ?? "closed";
}
