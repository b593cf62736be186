/**
 * A datagram link whose calls and events are recorded, and go on unchanged.
 */
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramEvents, DatagramLink, Destination } from "../../port/datagram-link.ts";
import { CALL, EVENT, RESULT } from "./log-entry.ts";
import { valueOfError, valueOfReason } from "./log-values.ts";
import { pumped, type Recorder } from "./recorded-link.ts";
import type { RecordedPiece } from "./recording-options.ts";

/** A datagram link, recorded. */
export class RecordedDatagrams implements DatagramLink, DatagramEvents {
  /** Its number in the recording. */
  readonly id: number;
  declare readonly pump?: (nowMs: number, poller: object, beginsFrame?: boolean) => number | undefined;
  readonly #recorder: Recorder;
  readonly #link: DatagramLink;
  #events: DatagramEvents | undefined;

  constructor(recorder: Recorder, link: DatagramLink) {
    this.#recorder = recorder;
    this.#link = link;
    this.id = recorder.journal.newId();
    if (link.pump === undefined) return;
    (this as { pump?: RecordedDatagrams["pump"] }).pump = (nowMs, poller, beginsFrame) =>
      pumped(recorder, this.id, beginsFrame, () => link.pump?.(nowMs, poller, beginsFrame));
  }

  attach(events: DatagramEvents): void {
    this.#events = events;
    this.#call(CALL.attach, () => this.#link.attach(this));
  }

  send(bytes: Uint8Array, to: Destination | undefined): void {
    const recorded = this.#redacted(bytes, "sent", undefined);
    this.#call(CALL.send, () => this.#link.send(bytes, to), recorded, to && destinationOf(to));
  }

  join(group: string, onInterface?: string): void {
    this.#call(CALL.join, () => this.#link.join(group, onInterface), [group, onInterface]);
  }

  leave(group: string, onInterface?: string): void {
    this.#call(CALL.leave, () => this.#link.leave(group, onInterface), [group, onInterface]);
  }

  close(): void {
    this.#call(CALL.close, () => this.#link.close());
  }

  abort(): void {
    this.#call(CALL.abort, () => this.#link.abort());
  }

  // The events of the link.

  bound(local: Address | undefined, remote: Address | undefined): void {
    this.#recorder.journal.event(EVENT.bound, this.id, local, remote);
    this.#events?.bound(local, remote);
  }

  received(bytes: Uint8Array, from: Address): void {
    const recorded = this.#redacted(bytes, "received", from);
    this.#recorder.journal.event(EVENT.datagram, this.id, recorded, from);
    this.#events?.received(bytes, from);
  }

  sent(sizeBytes: number): void {
    this.#recorder.journal.event(EVENT.sent, this.id, sizeBytes);
    this.#events?.sent(sizeBytes);
  }

  failed(reason: CloseReason): void {
    this.#recorder.journal.event(EVENT.failed, this.id, valueOfReason(reason));
    this.#events?.failed(reason);
  }

  closed(reason: CloseReason): void {
    this.#recorder.journal.event(EVENT.closed, this.id, valueOfReason(reason));
    this.#events?.closed(reason);
  }

  #redacted(
    bytes: Uint8Array,
    direction: RecordedPiece["direction"],
    remoteAddress: Address | undefined,
  ): Uint8Array {
    return this.#recorder.redact?.(bytes, { direction, remoteAddress }) ?? bytes;
  }

  /** Records a call, and what it throws, as the system may refuse it. */
  #call(kind: Parameters<Recorder["journal"]["begin"]>[0], run: () => void, ...args: unknown[]): void {
    const { journal } = this.#recorder;
    journal.begin(kind, this.id, ...args);
    try {
      run();
    } catch (error) {
      journal.end(RESULT.threw, valueOfError(error));
      throw error;
    }
    journal.end();
  }
}

/** What is recorded of a destination, which may be an object with more in it. */
export function destinationOf({ host, port }: Destination): Destination {
  return { host, port };
}
