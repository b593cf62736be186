/**
 * An acceptor whose server is in the network thread, and the handshakes of its peers. The
 * core decides about a peer when it is shown it, which is a poll later than the network
 * thread has met it: until then that one goes on with the handshake, and drops the peer
 * when the core refuses it.
 */
import type { Acceptor, AcceptorEvents, Handshake } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { passCarriesCode } from "../wrap/link-facts.ts";
import type { LinkValue } from "../wrap/log-values.ts";
import type { Channel, ChannelTarget } from "./channel.ts";
import { ASK, readReason, readValue, TELL } from "./records.ts";
import { type LinkTerms, ThreadedLink } from "./threaded-link.ts";

/** One acceptor. */
export class ThreadedAcceptor implements Acceptor, ChannelTarget {
  declare readonly carriesCode?: (code: number) => boolean;
  readonly #terms: LinkTerms;
  readonly #open: () => Channel;
  #channel: Channel | undefined;
  #id = 0;
  #events: AcceptorEvents | undefined;
  #phase: "idle" | "alive" | "closing" | "closed" = "idle";

  /** @param open returns the channel, when the acceptor is attached */
  constructor(terms: LinkTerms, open: () => Channel) {
    this.#terms = terms;
    this.#open = open;
    passCarriesCode(terms.model, this);
  }

  attach(events: AcceptorEvents): void {
    this.#events = events;
    this.#phase = "alive";
    this.#channel = this.#open();
    this.#id = this.#channel.add(this);
    this.#channel.ask(ASK.listen, this.#id);
  }

  close(): void {
    if (this.#phase !== "alive") return;
    this.#phase = "closing";
    this.#channel?.ask(ASK.close, this.#id);
    this.#channel?.giveUp(this);
  }

  take(kind: number, extra: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const events = this.#events as AcceptorEvents;
    const channel = this.#channel as Channel;
    if (kind === TELL.listening) events.listening(readValue<Address>(bytes, start, end));
    else if (kind === TELL.handshaking) {
      channel.countShownPeer();
      new ThreadedHandshake(this.#terms, channel, extra).begin(events, readValue<Address>(bytes, start, end));
    } else if (kind === TELL.incoming) {
      channel.countShownPeer();
      const value = readValue<LinkValue>(bytes, start, end) as LinkValue;
      events.incoming(ThreadedLink.incoming(this.#terms, channel, extra, value));
    } else if (kind === TELL.rejected) {
      const reason = readReason(bytes, start, end) as CloseReason;
      for (let count = 0; count < extra; count++) events.rejected(reason);
    } else if (kind === TELL.closed) this.#close(readReason(bytes, start, end) as CloseReason);
  }

  fail(reason: CloseReason): void {
    this.#close(reason);
  }

  #close(reason: CloseReason): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#channel?.remove(this.#id, this);
    this.#events?.closed(reason);
  }
}

/** The handshake of one peer. */
class ThreadedHandshake implements ChannelTarget {
  readonly #terms: LinkTerms;
  readonly #channel: Channel;
  readonly #id: number;
  #handshake: Handshake | undefined;

  constructor(terms: LinkTerms, channel: Channel, id: number) {
    this.#terms = terms;
    this.#channel = channel;
    this.#id = id;
  }

  begin(events: AcceptorEvents, from: Address | undefined): void {
    this.#channel.adopt(this.#id, this);
    this.#handshake = events.handshaking(from, () => this.#drop());
    if (this.#handshake.refusal !== undefined) this.#drop();
  }

  take(kind: number, extra: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const handshake = this.#handshake as Handshake;
    if (kind === TELL.identified) {
      if (handshake.identified(readValue<Address>(bytes, start, end)) !== undefined) this.#drop();
    } else if (kind === TELL.incoming) {
      const value = readValue<LinkValue>(bytes, start, end) as LinkValue;
      const link = ThreadedLink.incoming(this.#terms, this.#channel, extra, value);
      this.#end();
      handshake.incoming(link);
    } else if (kind === TELL.rejected) {
      this.#end();
      handshake.rejected(readReason(bytes, start, end) as CloseReason);
    }
  }

  fail(reason: CloseReason): void {
    this.#end();
    this.#handshake?.rejected(reason);
  }

  #drop(): void {
    this.#channel.ask(ASK.drop, this.#id);
    this.#end();
  }

  #end(): void {
    this.#channel.remove(this.#id, this);
  }
}
