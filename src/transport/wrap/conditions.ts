/**
 * The conditions of a bad network: its options, their checks and defaults, and the
 * presets with a name.
 *
 *     "mobile" or options ── termsOf ──▶ the terms of each direction
 *
 * Decides what a number means. Knows no bytes and no time.
 */
import {
  type Check,
  type Checks,
  checkOptions,
  deadline,
  finiteNumber,
  isLimit,
  isOneOf,
  isWholeNumber,
  kindOf,
  milliseconds,
  rate,
} from "../../check.ts";

/** The direction of what passes: away from this side, or to it. */
export type Direction = "send" | "receive";

/** One value for both directions, or one for each. A direction without a value has that of the preset, or the default. */
export type PerDirection<Value> = Value | { readonly send?: Value; readonly receive?: Value };

/** Stalls: times in which nothing leaves, such as a handover between two cells. */
export interface Stall {
  /** How long it goes well between two stalls, in milliseconds: the mean of an exponential distribution. */
  readonly everyMs: number;
  /** How long a stall lasts, in milliseconds: the mean of an exponential distribution. With 0 there are none. */
  readonly forMs: number;
}

/** What a network does to what passes. What is not given is that of the preset, and without one, of a perfect network. */
export interface Conditions {
  /** A preset, which the other options overrule. */
  readonly network?: NetworkName;
  /** The time from one end to the other, in milliseconds: a half of the round trip. 0 by default. */
  readonly latencyMs?: PerDirection<number>;
  /** What is added to it at random, in milliseconds: from 0 up to this. It never changes an order. 0 by default. */
  readonly jitterMs?: PerDirection<number>;
  /** The bandwidth, in bytes per second; `Infinity` by default. */
  readonly bytesPerSecond?: PerDirection<number>;
  /**
   * How much may wait for the bandwidth, a stall or a blackhole, in bytes. A stream that has
   * more to send is behind, as one of a system is; datagrams beyond it are lost. By default
   * 65,536, the most of one flush: with more, what waits is older than on most networks. It
   * should be more than the bandwidth carries between two polls.
   */
  readonly queueBytes?: PerDirection<number>;
  /** Stalls; none by default. */
  readonly stall?: PerDirection<Stall>;
  /**
   * How often a packet is lost, from 0 to 1; 0 by default. A datagram is lost. A stream loses
   * nothing: what follows a lost packet arrives when that has been sent again, which
   * takes two latencies, and 200 ms at least.
   */
  readonly lossChance?: PerDirection<number>;
  /** How many packets in a row a loss takes, on the average; 1 by default, where each is lost by itself. */
  readonly lossBurst?: PerDirection<number>;
  /** How often a datagram arrives twice, from 0 to 1; 0 by default. Not for streams. */
  readonly duplicateChance?: PerDirection<number>;
  /**
   * How often a datagram is held back, from 0 to 1; 0 by default. One to three that come after it
   * to the same peer overtake it, or nobody does within 100 ms. Not for streams.
   */
  readonly reorderChance?: PerDirection<number>;
}

/** The conditions of one direction, complete. */
export interface Terms {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
  readonly queueBytes: number;
  /** Without one, `undefined`. */
  readonly stall: Stall | undefined;
  readonly lossChance: number;
  readonly lossBurst: number;
  readonly duplicateChance: number;
  readonly reorderChance: number;
  /** How long a stream stands still for a lost packet. */
  readonly retransmitMs: number;
  /** Whether a stream passes as it is. */
  readonly isClearForStreams: boolean;
  /** Whether datagrams pass as they are. */
  readonly isClear: boolean;
}

/** The conditions of both directions. */
export type BothTerms = Readonly<Record<Direction, Terms>>;

/** The name of a preset. */
export type NetworkName = "broadband" | "wifi" | "mobile" | "poor";

/**
 * The presets: one way each, so a round trip takes twice the latency and, on the
 * average, the jitter. They are judgement, and no measurement of anybody's network.
 */
export const networkPresets: Readonly<Record<NetworkName, Conditions>> = /* @__PURE__ */ frozen({
  broadband: { latencyMs: 15, jitterMs: 3, lossChance: 0.001 },
  wifi: { latencyMs: 20, jitterMs: 10, lossChance: 0.005, stall: { everyMs: 10_000, forMs: 150 } },
  mobile: { latencyMs: 45, jitterMs: 20, lossChance: 0.01, stall: { everyMs: 15_000, forMs: 400 } },
  poor: { latencyMs: 150, jitterMs: 60, lossChance: 0.04 },
});

/** The terms of a preset or of options that are valid; throws otherwise. */
export function termsOf(conditions: Conditions | NetworkName): BothTerms {
  const options: Conditions = typeof conditions === "string" ? { network: conditions } : conditions;
  checkOptions(options, CONDITION_CHECKS);
  const preset = options.network === undefined ? {} : networkPresets[options.network];
  const send = oneWay("send", options, preset);
  const receive = oneWay("receive", options, preset);
  const retransmitMs = Math.max(LEAST_RETRANSMIT_MS, send.latencyMs + receive.latencyMs);
  return { send: { ...send, retransmitMs }, receive: { ...receive, retransmitMs } };
}

function oneWay(direction: Direction, options: Conditions, preset: Conditions): Omit<Terms, "retransmitMs"> {
  const one = <Value>(value: PerDirection<Value> | undefined) => ofDirection(value, direction);
  const pick = (name: keyof typeof DEFAULTS) => one(options[name]) ?? one(preset[name]) ?? DEFAULTS[name];
  const stall = one(options.stall) ?? one(preset.stall);
  const terms = {
    latencyMs: pick("latencyMs"),
    jitterMs: pick("jitterMs"),
    bytesPerSecond: pick("bytesPerSecond"),
    queueBytes: pick("queueBytes"),
    stall: stall?.forMs === 0 ? undefined : stall,
    lossChance: pick("lossChance"),
    lossBurst: pick("lossBurst"),
    duplicateChance: pick("duplicateChance"),
    reorderChance: pick("reorderChance"),
  };
  const isOnTime = terms.latencyMs === 0 && terms.jitterMs === 0 && terms.stall === undefined;
  const isClearForStreams = isOnTime && terms.bytesPerSecond === Infinity && terms.lossChance === 0;
  const isClear = isClearForStreams && terms.duplicateChance === 0 && terms.reorderChance === 0;
  return { ...terms, isClearForStreams, isClear };
}

/** The value of one direction. */
function ofDirection<Value>(value: PerDirection<Value> | undefined, direction: Direction): Value | undefined {
  return isPerDirection(value) ? value[direction] : value;
}

function isPerDirection<Value>(
  value: PerDirection<Value> | undefined,
): value is { readonly send?: Value; readonly receive?: Value } {
  return typeof value === "object" && value !== null && !("everyMs" in value || "forMs" in value);
}

/** The same, with all that is in it, so that no game changes another's. */
function frozen<Value extends object>(value: Value): Value {
  for (const part of Object.values(value)) if (typeof part === "object") frozen(part);
  return Object.freeze(value);
}

/** A check of one value, or of one for each direction. */
function eachWay(check: Check): Check {
  const directions: Checks<Record<Direction, unknown>> = { send: check, receive: check };
  return (name, value) => {
    if (isPerDirection(value)) checkOptions(value, directions, name);
    else check(name, value);
  };
}

function isDelay(name: string, value: unknown): void {
  finiteNumber(name, value);
  milliseconds(name, value);
}

function isChance(name: string, value: unknown): void {
  const chance = finiteNumber(name, value);
  if (!(chance >= 0 && chance <= 1)) throw new RangeError(`${name}: expected 0 to 1, got ${chance}`);
}

function isMeanRun(name: string, value: unknown): void {
  const packets = finiteNumber(name, value);
  if (!(packets >= 1)) throw new RangeError(`${name}: expected a number from 1 up, got ${packets}`);
}

function isStall(name: string, value: unknown): void {
  checkOptions(value, STALL_CHECKS, name);
  const { everyMs, forMs } = value as Partial<Stall>;
  for (const [part, given] of Object.entries({ everyMs, forMs })) {
    if (given === undefined) throw new TypeError(`${name}.${part}: expected a number, got ${kindOf(given)}`);
  }
}

const DEFAULTS = {
  latencyMs: 0,
  jitterMs: 0,
  bytesPerSecond: Infinity,
  queueBytes: 65_536,
  lossChance: 0,
  lossBurst: 1,
  duplicateChance: 0,
  reorderChance: 0,
};

const STALL_CHECKS: Checks<Stall> = {
  everyMs: (name, value) => {
    finiteNumber(name, value);
    deadline(name, value);
  },
  forMs: isDelay,
};

const CONDITION_CHECKS: Checks<Conditions> = /* @__PURE__ */ (() => ({
  network: isOneOf(Object.keys(networkPresets)),
  latencyMs: eachWay(isDelay),
  jitterMs: eachWay(isDelay),
  bytesPerSecond: eachWay(rate),
  queueBytes: eachWay(isLimit(1)),
  stall: eachWay(isStall),
  lossChance: eachWay(isChance),
  lossBurst: eachWay(isMeanRun),
  duplicateChance: eachWay(isChance),
  reorderChance: eachWay(isChance),
}))();

/** A check of the seed. */
export const isSeed: Check = /* @__PURE__ */ isWholeNumber(0);

/** What Linux waits for a packet at least before it sends it again. */
const LEAST_RETRANSMIT_MS = 200;
