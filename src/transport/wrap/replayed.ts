/**
 * The replay of a recording: transports with nothing behind them, and the times at which the
 * game polled.
 *
 *     recording ──▶ replay.times ──▶ game ──▶ poller ──▶ replay.transport
 *                                     └── what it sends ──▶ state, divergence
 *
 * Decides which transports there are, and which frame is next. `replay-script.ts` compares.
 */
import { type Checks, checkOptions, isBoolean, isFunction, kindOf } from "../../check.ts";
import type { NameQuery } from "../../port/name-query.ts";
import { printable } from "../../port/printable.ts";
import type { Pump, Transport } from "../../port/transport.ts";
import { VERSION } from "../../version.ts";
import { warn } from "../../warn.ts";
import type { RecordingHeader } from "./log-check.ts";
import { CALL, type Entry, NOTE } from "./log-entry.ts";
import type { LinkValue } from "./log-values.ts";
import { platformName, Recording } from "./recording.ts";
import type { Redact } from "./recording-options.ts";
import type { ReplayDivergence } from "./replay-divergence.ts";
import { withoutChance } from "./replay-guard.ts";
import { ReplayScript, type ReplayState } from "./replay-script.ts";
import { type Player, ReplayedLink } from "./replayed-link.ts";
import { ReplayedAcceptor, ReplayedDatagrams, replayedQuery } from "./replayed-parts.ts";

/** Options of {@link replayed}. */
export interface ReplayOptions {
  /** What the recording was made with, so that what the game sends is compared with what was recorded. */
  readonly redact?: Redact;
  /**
   * Whether `Math.random` and `Date.now` throw while the game runs a frame of `times`, as what
   * they answer is in no recording. `false` by default.
   */
  readonly guard?: boolean;
}

/**
 * A replay of `recording`, as fast as the game steps through `times`. A recording of another
 * version of tickwire, or of another major version of Node, is played, and a warning says so.
 *
 * @throws TypeError when `recording` is none, or an option is not known or of a wrong kind
 */
export function replayed(recording: Recording, options: ReplayOptions = {}): Replay {
  if (!(recording instanceof Recording))
    throw new TypeError(`recording: expected a Recording, got ${kindOf(recording)}`);
  checkOptions(options, CHECKS);
  warnOfOthers(recording.header);
  return new Replay(recording, options);
}

/** A recording that is played again. */
export class Replay {
  /** What is played. */
  readonly recording: Recording;
  /** The transports that were recorded, in the order of their `recorded()`. */
  readonly transports: readonly Transport[];
  /** The queries for names that were recorded, in the order of their `recorded()`. */
  readonly queries: readonly NameQuery[];
  readonly #script: ReplayScript;
  readonly #polls: readonly { readonly poller: number; readonly nowMs: number }[];
  readonly #hasGuard: boolean;
  readonly #pollers = new WeakMap<object, number>();
  readonly #leading = new WeakMap<object, number>();
  #lastPoller = 0;

  /** @internal */
  constructor(recording: Recording, { redact, guard = false }: ReplayOptions) {
    this.recording = recording;
    this.#hasGuard = guard;
    this.#script = new ReplayScript(recording.reader());
    let connections = 0;
    const player: Player = { script: this.#script, redact, nextConnection: () => ++connections };
    const pumps = new Map<number, Pump>();
    const polls: { poller: number; nowMs: number }[] = [];
    const transports: Transport[] = [];
    const queries: NameQuery[] = [];
    for (const entry of recording.entries()) {
      const { kind, target, args } = entry;
      if (kind === CALL.poll) polls.push({ poller: target, nowMs: args[0] as number });
      else if (kind === NOTE.transport) transports.push(this.#transportOf(entry, player, pumps));
      else if (kind === NOTE.query) queries.push(replayedQuery(player, target));
    }
    this.#polls = polls;
    this.transports = transports;
    this.queries = queries;
  }

  /**
   * The transport that was recorded first, usually the only one.
   *
   * @throws RangeError when there is none
   */
  get transport(): Transport {
    const [first] = this.transports;
    if (first === undefined) throw new RangeError("transport: none was recorded");
    return first;
  }

  /** Whether the game does what it did: `"running"` and then `"ended"`, or from the first difference on `"diverged"`. */
  get state(): ReplayState {
    return this.#script.state;
  }

  /** The first difference; `undefined` while there is none. */
  get divergence(): ReplayDivergence | undefined {
    return this.#script.divergence;
  }

  /** How many frames were played, of all pollers together. */
  get frame(): number {
    return this.#script.frame;
  }

  /** Whose frame is next, where several pollers were recorded: counted from 1 in the order of their first frames; 0 after the last one. */
  get poller(): number {
    return this.#polls[this.#script.frame]?.poller ?? 0;
  }

  /**
   * The times at which the game polled, in order: for each, poll with it, and do all else that a
   * frame of the game does. After the last one, `state` says how it went.
   */
  get times(): Generator<number, void, undefined> {
    const times = this.#timesOf();
    return this.#hasGuard ? withoutChance(times) : times;
  }

  /** Says that the game acts between two frames, where it called `recording.mark()`. */
  mark(): void {
    this.#script.mark();
  }

  *#timesOf(): Generator<number, void, undefined> {
    const script = this.#script;
    for (let frame = script.frame; frame < this.#polls.length; frame++) {
      script.tellWaiting();
      yield this.#polls[frame]?.nowMs as number;
      if (script.frame === frame) script.missFrame();
    }
    script.finish();
  }

  #transportOf({ target: id, args: [given] }: Entry, player: Player, pumps: Map<number, Pump>): Transport {
    const { verbs, framing, pump: pumpId } = given as TransportValue;
    const pump: Pump =
      pumps.get(pumpId) ?? ((nowMs, poller, beginsFrame) => this.#pump(pumpId, nowMs, poller, beginsFrame));
    pumps.set(pumpId, pump);
    return {
      ...(verbs.includes("listen") && {
        listen: (codec) => {
          const made = this.#made(CALL.listen, id, codec);
          return new ReplayedAcceptor(player, made.id, made.value.has ?? []);
        },
      }),
      ...(verbs.includes("connect") && {
        connect: (codec) => {
          const made = this.#made(CALL.connect, id, codec);
          return new ReplayedLink(player, made.id, made.value);
        },
      }),
      ...(verbs.includes("bind") && {
        bind: (codec) => {
          const made = this.#made(CALL.bind, id, codec);
          return new ReplayedDatagrams(player, made.id, made.value.has ?? []);
        },
      }),
      ...(framing !== undefined && { framing }),
      pump,
    };
  }

  /** What a call has made: its number, and what is known of it; a part of nothing when the game goes its own way. */
  #made(
    kind: typeof CALL.listen | typeof CALL.connect | typeof CALL.bind,
    transport: number,
    codec?: string,
  ): Made {
    const entry = this.#script.call(kind, transport, undefined, ({ args: [, value] }) => {
      const { codec: recorded } = value as { readonly codec?: string };
      if (recorded === undefined || codec === undefined || recorded === codec) return undefined;
      return {
        message: `the recording was made with the codec ${printable(recorded)}, and the game uses ${codec}`,
      };
    });
    if (entry === undefined) return { id: -1, value: { halfOpen: false } };
    return { id: entry.args[0] as number, value: entry.args[1] as LinkValue };
  }

  #pump(id: number, nowMs: number, poller: object, beginsFrame = false): number {
    if (!beginsFrame) return Infinity;
    const leading = this.#leading.get(poller) ?? id;
    this.#leading.set(poller, leading);
    if (leading !== id) this.#script.pump(id);
    else this.#script.beginFrame(this.#numberOf(poller), nowMs);
    return Infinity;
  }

  #numberOf(poller: object): number {
    const number = this.#pollers.get(poller) ?? ++this.#lastPoller;
    this.#pollers.set(poller, number);
    return number;
  }
}

/** Says who has made a recording, if that does not run here: what it shows may differ, and what a game computes of it. */
function warnOfOthers({ tickwire, platform }: RecordingHeader): void {
  const here = platformName();
  if (tickwire === VERSION && majorOf(platform) === majorOf(here)) return;
  const message = `a recording of tickwire ${printable(tickwire)} on ${printable(platform)} is replayed by tickwire ${VERSION} on ${here}`;
  warn("TICKWIRE_RECORDING", message);
}

/** Of `"node 22.20.0"`, `"node 22"`. */
function majorOf(platform: string): string {
  return platform.replace(/^(node \d+)\..*$/, "$1");
}

/** What was recorded of a transport. */
interface TransportValue {
  readonly verbs: readonly string[];
  readonly framing?: "stream" | "message";
  readonly pump: number;
}

interface Made {
  readonly id: number;
  readonly value: LinkValue;
}

const CHECKS: Checks<ReplayOptions> = { redact: isFunction, guard: isBoolean };
