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
  declare readonly refuse?: (to: Destination) => string | undefined;
  declare readonly refuseGroup?: (group: string, within?: string) => string | undefined;
  readonly #recorder: Recorder;
  readonly #link: DatagramLink;
  #events: DatagramEvents | undefined;

  constructor(recorder: Recorder, link: DatagramLink) {
    this.#recorder = recorder;
    this.#link = link;
    this.id = recorder.journal.newId();
    const own = this as Writable<Pick<RecordedDatagrams, "refuse" | "refuseGroup">>;
    if (link.refuse !== undefined) own.refuse = (to) => link.refuse?.(to);
    if (link.refuseGroup !== undefined)
      own.refuseGroup = (group, within) => link.refuseGroup?.(group, within);
    if (link.pump === undefined) return;
    (this as { pump?: RecordedDatagrams["pump"] }).pump = (nowMs, poller, beginsFrame) =>
      pumped(recorder, this.id, beginsFrame, () => link.pump?.(nowMs, poller, beginsFrame));
  }

  /** Where it takes subjects: that it does, and whether ports too. Nothing where it takes ports alone. */
  get rules(): { readonly has?: readonly string[] } {
    const { refuse } = this.#link;
    if (refuse === undefined) return {};
    const takesPorts = this.#link.refuse?.(SOME_PORT) === undefined;
    return { has: takesPorts ? ["subjects", "ports"] : ["subjects"] };
  }

  attach(events: DatagramEvents): void {
    this.#events = events;
    this.#call(CALL.attach, () => this.#link.attach(this));
  }

  send(bytes: Uint8Array, to: Destination | undefined): void {
    const recorded = this.#redacted(bytes, "sent", undefined);
    this.#call(CALL.send, () => this.#link.send(bytes, to), recorded, to && destinationOf(to));
  }

  flush(): void {
    this.#link.flush?.();
  }

  join(group: string, within?: string): void {
    this.#call(CALL.join, () => this.#link.join(group, within), [group, within]);
  }

  leave(group: string, within?: string): void {
    this.#call(CALL.leave, () => this.#link.leave(group, within), [group, within]);
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

  received(bytes: Uint8Array, from: Address, subject?: string): void {
    const recorded = this.#redacted(bytes, "received", from);
    this.#recorder.journal.event(EVENT.datagram, this.id, recorded, from, subject);
    this.#events?.received(bytes, from, subject);
  }

  sent(sizeBytes: number): void {
    this.#recorder.journal.event(EVENT.sent, this.id, sizeBytes);
    this.#events?.sent(sizeBytes);
  }

  failed(reason: CloseReason): void {
    this.#recorder.journal.event(EVENT.failed, this.id, valueOfReason(reason));
    this.#events?.failed(reason);
  }

  trouble(reason: CloseReason): void {
    this.#recorder.journal.event(EVENT.trouble, this.id, valueOfReason(reason));
    this.#events?.trouble(reason);
  }

  lost(count: number): void {
    this.#recorder.journal.event(EVENT.lost, this.id, count);
    this.#events?.lost(count);
  }

  suspended(): void {
    this.#recorder.journal.event(EVENT.suspended, this.id);
    this.#events?.suspended();
  }

  resumed(): void {
    this.#recorder.journal.event(EVENT.resumed, this.id);
    this.#events?.resumed();
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

type Writable<Part> = { -readonly [Name in keyof Part]: Part[Name] };

/** No subject. */
const SOME_PORT: Destination = { host: "127.0.0.1", port: 1 };

/** What is recorded of a destination, which may be an object with more in it. */
export function destinationOf({ host, port }: Destination): Destination {
  return { host, port };
}
