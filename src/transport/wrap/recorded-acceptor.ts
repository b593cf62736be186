/**
 * An acceptor whose calls and events are recorded, and go on unchanged; so are the
 * handshakes and the links that it makes.
 */
import type { Acceptor, AcceptorEvents, Handshake } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link } from "../../port/link.ts";
import { MeasuredLinks } from "./link-measures.ts";
import { CALL, EVENT, RESULT } from "./log-entry.ts";
import { valueOfReason } from "./log-values.ts";
import { pumped, RecordedLink, type Recorder, recordCarriesCode } from "./recorded-link.ts";

/** An acceptor, recorded. */
export class RecordedAcceptor implements Acceptor, AcceptorEvents {
  /** Its number in the recording. */
  readonly id: number;
  declare carriesCode?: (code: number) => boolean;
  declare readonly pump?: (nowMs: number, poller: object, beginsFrame?: boolean) => number | undefined;
  readonly #recorder: Recorder;
  readonly #acceptor: Acceptor;
  readonly #measured = new MeasuredLinks();
  #events: AcceptorEvents | undefined;

  constructor(recorder: Recorder, acceptor: Acceptor) {
    this.#recorder = recorder;
    this.#acceptor = acceptor;
    this.id = recorder.journal.newId();
    recordCarriesCode(recorder, acceptor, this);
    if (acceptor.pump === undefined) return;
    (this as { pump?: RecordedAcceptor["pump"] }).pump = (nowMs, poller, beginsFrame) =>
      pumped(recorder, this.id, beginsFrame, () => {
        const dueInMs = acceptor.pump?.(nowMs, poller, beginsFrame);
        if (beginsFrame === true) this.#measured.note();
        return dueInMs;
      });
  }

  attach(events: AcceptorEvents): void {
    const { journal } = this.#recorder;
    this.#events = events;
    journal.begin(CALL.attach, this.id);
    this.#acceptor.attach(this);
    journal.end();
  }

  close(): void {
    const { journal } = this.#recorder;
    journal.begin(CALL.close, this.id);
    this.#acceptor.close();
    journal.end();
  }

  beginTimedDrain(): undefined {
    this.#recorder.journal.begin(CALL.drain, this.id);
    return undefined;
  }

  endTimedDrain(visited: number): void {
    this.#recorder.journal.end(RESULT.number, visited);
  }

  // The events of the acceptor.

  listening(address: Address | undefined): void {
    this.#recorder.journal.event(EVENT.listening, this.id, address);
    this.#events?.listening(address);
  }

  incoming(link: Link): void {
    const recorded = this.#recorded(link);
    this.#recorder.journal.event(EVENT.incoming, this.id, recorded.id, recorded.value);
    this.#events?.incoming(recorded);
  }

  handshaking(from: Address | undefined, drop: () => void): Handshake {
    const { journal } = this.#recorder;
    const events = this.#events as AcceptorEvents;
    const id = journal.newId();
    journal.event(EVENT.handshaking, this.id, id, from);
    const handshake = events.handshaking(from, () => {
      journal.begin(CALL.drop, id);
      drop();
      journal.end();
    });
    return {
      refusal: handshake.refusal,
      identified: (address) => {
        journal.event(EVENT.identified, id, address);
        return handshake.identified(address);
      },
      incoming: (link) => {
        const recorded = this.#recorded(link);
        journal.event(EVENT.admitted, id, recorded.id, recorded.value);
        handshake.incoming(recorded);
      },
      rejected: (reason) => {
        journal.event(EVENT.rejected, id, valueOfReason(reason));
        handshake.rejected(reason);
      },
    };
  }

  rejected(reason: CloseReason): void {
    this.#recorder.journal.event(EVENT.rejected, this.id, valueOfReason(reason));
    this.#events?.rejected(reason);
  }

  closed(reason: CloseReason): void {
    this.#recorder.journal.event(EVENT.closed, this.id, valueOfReason(reason));
    this.#events?.closed(reason);
  }

  #recorded(link: Link): RecordedLink {
    const recorded = new RecordedLink(this.#recorder, link);
    this.#measured.add(recorded);
    return recorded;
  }
}
