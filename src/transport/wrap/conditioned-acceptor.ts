/**
 * An acceptor on a bad network: another acceptor, whose links are conditioned. Peers
 * come in as they do: what makes a connection late is at the end that connects.
 */
import type { Acceptor, AcceptorEvents, Handshake } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { Link } from "../../port/link.ts";
import { Agenda } from "./agenda.ts";
import { ConditionedLink } from "./conditioned-link.ts";
import type { Conditioner } from "./conditioner.ts";
import { passCarriesCode } from "./link-facts.ts";

/** One acceptor of a conditioned transport. */
export class ConditionedAcceptor implements Acceptor {
  declare readonly carriesCode?: (code: number) => boolean;
  readonly #conditioner: Conditioner;
  readonly #inner: Acceptor;
  readonly #agenda: Agenda;
  #isClosed = false;

  constructor(conditioner: Conditioner, inner: Acceptor) {
    this.#conditioner = conditioner;
    this.#inner = inner;
    passCarriesCode(inner, this);
    this.#agenda = new Agenda(conditioner);
  }

  attach(events: AcceptorEvents): void {
    this.#conditioner.addAcceptor(this);
    this.#inner.attach({
      listening: (address) => events.listening(address),
      incoming: (link) => events.incoming(this.#wrapped(link)),
      handshaking: (from, drop) => this.#handshake(events, from, drop),
      rejected: (reason) => events.rejected(reason),
      closed: (reason) => {
        this.#ended();
        events.closed(reason);
      },
    });
  }

  close(): void {
    this.#ended();
    this.#inner.close();
  }

  beginTimedDrain(): number | undefined {
    return this.#inner.beginTimedDrain?.();
  }

  endTimedDrain(visited: number): void {
    this.#inner.endTimedDrain?.(visited);
  }

  pump(nowMs: number, poller?: object, beginsFrame?: boolean): number | undefined {
    const innerMs = this.#inner.pump?.(nowMs, poller, beginsFrame);
    const ownMs = this.#agenda.pump(nowMs, beginsFrame);
    if (innerMs === undefined && this.#isClosed && this.#agenda.size === 0) return undefined;
    return Math.min(innerMs ?? Infinity, ownMs);
  }

  #handshake(events: AcceptorEvents, from: Address | undefined, drop: () => void): Handshake {
    const handshake = events.handshaking(from, drop);
    return {
      get refusal() {
        return handshake.refusal;
      },
      identified: (address) => handshake.identified(address),
      incoming: (link) => handshake.incoming(this.#wrapped(link)),
      rejected: (reason) => handshake.rejected(reason),
    };
  }

  #wrapped(link: Link): Link {
    return new ConditionedLink(this.#conditioner, link, this.#agenda);
  }

  #ended(): void {
    this.#isClosed = true;
    this.#conditioner.removeAcceptor(this);
  }
}
