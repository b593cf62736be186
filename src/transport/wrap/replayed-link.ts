/**
 * A link of a replay: tells the core what the recorded one told, and compares what the core
 * asks of it. There is nothing behind it. Once the game goes its own way, or the recording
 * is over, it takes all bytes and ends at once.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import { ReplayedMeasures } from "./link-measures.ts";
import { CALL, type CallKind, type Entry, EVENT, RESULT } from "./log-entry.ts";
import { factsOfValue, type LinkFacts, type LinkValue, reasonOfValue } from "./log-values.ts";
import type { Redact } from "./recording-options.ts";
import { firstDifference, type ReplayTarget } from "./replay-divergence.ts";
import type { ReplayScript } from "./replay-script.ts";

/** What all parts of one replay share. */
export interface Player {
  readonly script: ReplayScript;
  readonly redact: Redact | undefined;
  /** The number of the next connection. */
  nextConnection(): number;
}

/** A link of a replay. */
export class ReplayedLink extends ReplayedMeasures implements Link, ReplayTarget {
  connection: number | undefined;
  sentBytes = 0;
  unfinishedHint: string | undefined;
  declare readonly probe?: () => void;
  declare readonly reportPartial?: () => void;
  declare readonly carriesCode?: (code: number) => boolean;
  declare readonly pump?: (nowMs: number, poller?: object, beginsFrame?: boolean) => number | undefined;
  readonly #player: Player;
  readonly #script: ReplayScript;
  readonly #id: number;
  #facts: LinkFacts;
  #events: LinkEvents | undefined;
  /** The bytes that the recorded link has kept and not let go of. */
  #keptBytes = 0;
  #isClosed = false;

  constructor(player: Player, id: number, value: LinkValue) {
    super(value.linked);
    this.#player = player;
    this.#script = player.script;
    this.#id = id;
    this.#facts = factsOfValue(value);
    this.#script.targets.set(id, this);
    const own = this as { -readonly [Name in OptionalCall]?: ReplayedLink[Name] };
    if (value.has?.includes("probe")) own.probe = () => void this.#script.call(CALL.probe, id);
    if (value.has?.includes("reportPartial"))
      own.reportPartial = () => void this.#script.call(CALL.reportPartial, id);
    if (value.has?.includes("carriesCode"))
      own.carriesCode = (code) => replayedCarriesCode(this.#script, id, code);
    if (value.has?.includes("pump")) own.pump = (_nowMs, _poller, beginsFrame) => this.#pump(beginsFrame);
  }

  get localAddress(): Link["localAddress"] {
    return this.#facts.localAddress;
  }

  get remoteAddress(): Link["remoteAddress"] {
    return this.#facts.remoteAddress;
  }

  get failedAttempts(): Link["failedAttempts"] {
    return this.#facts.failedAttempts;
  }

  get security(): Link["security"] {
    return this.#facts.security;
  }

  get protocol(): string | undefined {
    return this.#facts.protocol;
  }

  get request(): Link["request"] {
    return this.#facts.request;
  }

  get allowHalfOpen(): boolean {
    return this.#facts.allowHalfOpen;
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    this.connection = this.#player.nextConnection();
    this.#script.call(CALL.attach, this.#id);
  }

  write(given: Uint8Array): boolean {
    const { redact, script } = this.#player;
    const bytes = redact?.(given, { direction: "sent", remoteAddress: this.remoteAddress }) ?? given;
    const entry = script.call(CALL.write, this.#id, bytes, ({ args: [recorded] }) => {
      const at = firstDifference(recorded as Uint8Array, bytes);
      return at === undefined ? undefined : { actual: bytes, at };
    });
    this.sentBytes += given.length;
    if (entry === undefined || entry.result === RESULT.yes) return true;
    this.#keptBytes += given.length;
    return false;
  }

  pause(): void {
    this.#script.call(CALL.pause, this.#id);
  }

  resume(): void {
    this.#script.call(CALL.resume, this.#id);
  }

  endSending(): void {
    this.#script.call(CALL.endSending, this.#id);
  }

  end(reason?: CloseReason): void {
    this.#end(CALL.end, reason);
  }

  abort(reason?: CloseReason): void {
    this.#end(CALL.abort, reason);
  }

  tell(entry: Entry): void {
    if (this.take(entry)) return;
    const { kind, args } = entry;
    const [first] = args;
    if (kind === EVENT.info) this.#facts = factsOfValue(first as LinkValue);
    else if (kind === EVENT.hint) this.unfinishedHint = first as string | undefined;
    else if (!this.#isClosed && this.#events !== undefined) this.#tell(this.#events, kind, first);
  }

  #tell(events: LinkEvents, kind: number, first: unknown): void {
    if (kind === EVENT.opened) events.opened();
    else if (kind === EVENT.received) events.received(first as Uint8Array);
    else if (kind === EVENT.partial) events.partial(first as number);
    else if (kind === EVENT.suspended) events.suspended();
    else if (kind === EVENT.resumed) events.resumed();
    else if (kind === EVENT.drained) this.#drain(first as number);
    else if (kind === EVENT.ended)
      events.ended(first === undefined ? undefined : reasonOfValue(first as never));
    else if (kind === EVENT.closed) this.#close(reasonOfValue(first as never));
  }

  /** After a difference, what was taken at once has left already. */
  #drain(sizeBytes: number): void {
    const isKnown = this.#script.state !== "diverged" || this.#keptBytes >= sizeBytes;
    this.#keptBytes -= sizeBytes;
    if (isKnown) this.#events?.drained(sizeBytes);
  }

  #end(kind: CallKind, reason: CloseReason | undefined): void {
    const said = JSON.stringify(reason?.goodbye);
    const entry = this.#script.call(kind, this.#id, undefined, ({ args: [recorded] }) => {
      const then = JSON.stringify((recorded as CloseReason | undefined)?.goodbye);
      if (then === said) return undefined;
      return {
        message: `a connection was closed with the goodbye ${said ?? "none"} instead of ${then ?? "none"}`,
      };
    });
    if (entry === undefined && this.#script.state !== "running") this.#close(LOCAL);
  }

  #close(reason: CloseReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#events?.closed(reason);
  }

  #pump(beginsFrame: boolean | undefined): number {
    if (beginsFrame === true) this.#script.pump(this.#id);
    return Infinity;
  }
}

/** The answer that a link or an acceptor gave; after a difference, each code can be sent. */
export function replayedCarriesCode(script: ReplayScript, id: number, code: number): boolean {
  const entry = script.call(CALL.carriesCode, id, undefined, ({ args: [recorded] }) =>
    recorded === code ? undefined : { message: `a goodbye had the code ${code} instead of ${recorded}` },
  );
  return entry === undefined || entry.result === RESULT.yes;
}

type OptionalCall = "probe" | "reportPartial" | "carriesCode" | "pump";

/** How a part of a replay ends that has nothing behind it. */
export const LOCAL: CloseReason = {
  kind: "local",
  message: "this side closed it, which the recording did not",
};
