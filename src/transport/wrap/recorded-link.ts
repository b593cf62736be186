/**
 * A link whose calls and events are recorded, and go on unchanged.
 *
 *     core ── write, pause, end … ──▶ recorded link ──▶ link
 *     core ◀── received, closed … ──── recorded link ◀── link
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import type { Journal } from "./journal.ts";
import { RecordedMeasures } from "./link-measures.ts";
import { CALL, type CallKind, EVENT, RESULT } from "./log-entry.ts";
import { type LinkValue, valueOfError, valueOfLink, valueOfReason } from "./log-values.ts";
import type { RecordedPiece, Redact } from "./recording-options.ts";

/** What all that is recorded in one recording shares. */
export interface Recorder {
  readonly journal: Journal;
  readonly redact: Redact | undefined;
}

/** A link, recorded. */
export class RecordedLink implements Link, LinkEvents {
  /** Its number in the recording. */
  readonly id: number;
  /** Whether it has closed. */
  isOver = false;
  declare readonly probe?: () => void;
  declare readonly reportPartial?: () => void;
  declare carriesCode?: (code: number) => boolean;
  declare readonly pump?: (nowMs: number, poller: object, beginsFrame?: boolean) => number | undefined;
  readonly #recorder: Recorder;
  readonly #journal: Journal;
  readonly #link: Link;
  readonly #redact: Redact | undefined;
  #events: LinkEvents | undefined;
  /** What was recorded of it last, as text. */
  #known: string;
  readonly #measures: RecordedMeasures;
  #hint: string | undefined;

  constructor(recorder: Recorder, link: Link) {
    this.#recorder = recorder;
    this.#journal = recorder.journal;
    this.#redact = recorder.redact;
    this.#link = link;
    this.id = recorder.journal.newId();
    this.#known = JSON.stringify(valueOfLink(link));
    this.#measures = new RecordedMeasures(link, recorder.journal, this.id);
    this.#addOptionalCalls();
  }

  /** What is recorded when it comes into being. */
  get value(): LinkValue {
    const has = OPTIONAL_CALLS.filter((name) => this[name] !== undefined);
    const { linked } = this.#link;
    return { ...valueOfLink(this.#link), ...(linked !== undefined && { linked }), has };
  }

  get localAddress(): Link["localAddress"] {
    return this.#link.localAddress;
  }

  get remoteAddress(): Link["remoteAddress"] {
    return this.#link.remoteAddress;
  }

  get failedAttempts(): Link["failedAttempts"] {
    return this.#link.failedAttempts;
  }

  get security(): Link["security"] {
    return this.#link.security;
  }

  get protocol(): string | undefined {
    return this.#link.protocol;
  }

  get request(): Link["request"] {
    return this.#link.request;
  }

  // What it measures is what was recorded last, so that a replay shows nothing else.

  get rttMs(): number | undefined {
    return this.#measures.rttMs;
  }

  get jitterMs(): number | undefined {
    return this.#measures.jitterMs;
  }

  get frameRttMs(): number | undefined {
    return this.#measures.frameRttMs;
  }

  get clock(): Link["clock"] {
    return this.#measures.clock;
  }

  get linked(): boolean | undefined {
    return this.#link.linked;
  }

  get downMs(): number | undefined {
    return this.#link.downMs;
  }

  get unfinishedHint(): string | undefined {
    return this.#link.unfinishedHint;
  }

  get allowHalfOpen(): boolean {
    return this.#link.allowHalfOpen;
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    this.#call(CALL.attach, () => this.#link.attach(this));
  }

  write(bytes: Uint8Array): boolean {
    const journal = this.#journal;
    if (!journal.isOpen) return this.#link.write(bytes);
    journal.beginWrite(this.id, this.#redact === undefined ? bytes : this.#redacted(bytes, "sent"));
    let isTaken: boolean;
    try {
      isTaken = this.#link.write(bytes);
    } catch (error) {
      journal.end(RESULT.threw, valueOfError(error));
      throw error;
    }
    journal.end(isTaken ? RESULT.yes : RESULT.none);
    return isTaken;
  }

  pause(): void {
    this.#call(CALL.pause, () => this.#link.pause());
  }

  resume(): void {
    this.#call(CALL.resume, () => this.#link.resume());
  }

  endSending(): void {
    this.#call(CALL.endSending, () => this.#link.endSending());
  }

  end(reason?: CloseReason): void {
    this.#call(CALL.end, () => this.#link.end(reason), reason);
  }

  abort(reason?: CloseReason): void {
    this.#call(CALL.abort, () => this.#link.abort(reason), reason);
  }

  // The events of the link.

  opened(): void {
    this.#noteInfo();
    this.#journal.event(EVENT.opened, this.id);
    this.#events?.opened();
  }

  received(bytes: Uint8Array): void {
    this.#noteHint();
    if (this.#redact === undefined) this.#journal.received(this.id, bytes);
    else this.#journal.received(this.id, this.#redacted(bytes, "received"));
    this.#events?.received(bytes);
  }

  partial(sizeBytes: number): void {
    this.#noteHint();
    this.#journal.event(EVENT.partial, this.id, sizeBytes);
    this.#events?.partial(sizeBytes);
  }

  suspended(): void {
    this.#journal.event(EVENT.suspended, this.id);
    this.#events?.suspended();
  }

  resumed(): void {
    this.#noteInfo();
    this.#journal.event(EVENT.resumed, this.id);
    this.#events?.resumed();
  }

  drained(sizeBytes: number): void {
    this.#journal.event(EVENT.drained, this.id, sizeBytes);
    this.#events?.drained(sizeBytes);
  }

  ended(reason?: CloseReason): void {
    this.#noteInfo();
    this.#journal.event(EVENT.ended, this.id, valueOfReason(reason));
    this.#events?.ended(reason);
  }

  closed(reason: CloseReason): void {
    this.#noteInfo();
    this.#journal.event(EVENT.closed, this.id, valueOfReason(reason));
    this.isOver = true;
    this.#events?.closed(reason);
  }

  /** Whether {@link noteMeasures} may have something to record. */
  get isMeasuring(): boolean {
    return this.#measures.hasAny;
  }

  /** Shows and records what the link measures and has changed: after the pump that begins a frame. */
  noteMeasures(): void {
    this.#measures.note();
  }

  /** Records what the link knows of itself and of its peer, if that has changed. */
  #noteInfo(): void {
    if (!this.#journal.isOpen) return;
    const value = valueOfLink(this.#link);
    const text = JSON.stringify(value);
    if (text === this.#known) return;
    this.#known = text;
    this.#journal.event(EVENT.info, this.id, value);
  }

  #noteHint(): void {
    const { unfinishedHint } = this.#link;
    if (unfinishedHint === this.#hint) return;
    this.#hint = unfinishedHint;
    this.#journal.event(EVENT.hint, this.id, unfinishedHint);
  }

  #redacted(bytes: Uint8Array, direction: RecordedPiece["direction"]): Uint8Array {
    return this.#redact?.(bytes, { direction, remoteAddress: this.#link.remoteAddress }) ?? bytes;
  }

  #call(kind: CallKind, run: () => void, reason?: CloseReason): void {
    this.#journal.begin(kind, this.id, valueOfReason(reason));
    try {
      run();
    } finally {
      this.#journal.end();
    }
  }

  /** Has the calls that the link has, as their being there says something. */
  #addOptionalCalls(): void {
    const link = this.#link;
    const own = this as { -readonly [Name in (typeof OPTIONAL_CALLS)[number]]?: RecordedLink[Name] };
    if (link.probe !== undefined) own.probe = () => this.#call(CALL.probe, () => link.probe?.());
    if (link.reportPartial !== undefined)
      own.reportPartial = () => this.#call(CALL.reportPartial, () => link.reportPartial?.());
    recordCarriesCode(this.#recorder, link, this);
    if (link.pump === undefined) return;
    own.pump = (nowMs, poller, beginsFrame) =>
      pumped(this.#recorder, this.id, beginsFrame, () => {
        const dueInMs = link.pump?.(nowMs, poller, beginsFrame);
        if (beginsFrame === true && this.isMeasuring) this.noteMeasures();
        return dueInMs;
      });
  }
}

/** Records a pump in which something happens; one in which nothing does leaves no trace. */
export function pumped(
  { journal }: Recorder,
  target: number,
  beginsFrame: boolean | undefined,
  run: () => number | undefined,
): number | undefined {
  if (beginsFrame !== true) return run(); // what it tells then is told at any time
  journal.begin(CALL.pump, target);
  try {
    return run();
  } finally {
    journal.endOrForget();
  }
}

/** Gives a recorded link, or acceptor, the call that only those have that carry goodbyes. */
export function recordCarriesCode(
  { journal }: Recorder,
  carrier: Pick<Link, "carriesCode">,
  recorded: { readonly id: number; carriesCode?: (code: number) => boolean },
): void {
  if (carrier.carriesCode === undefined) return;
  recorded.carriesCode = (code) => {
    const isCarried = carrier.carriesCode?.(code) !== false;
    journal.begin(CALL.carriesCode, recorded.id, code);
    journal.end(isCarried ? RESULT.yes : RESULT.none);
    return isCarried;
  };
}

const OPTIONAL_CALLS = ["probe", "reportPartial", "carriesCode", "pump"] as const;
