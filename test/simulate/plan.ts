/**
 * What an evening is made of, drawn from its seed: how long a frame is, which codec and
 * limits, and how many players on which networks. What goes wrong in it is drawn in
 * `disturbances.ts`.
 */
import type {
  Conditions,
  FrameBudget,
  ListenOptions,
  MemoryOptions,
  PollerOptions,
  SessionOptions,
} from "../../src/index.ts";
import { CODEC_NAMES, type CodecName, type Language, languageOf } from "../fuzz/messages.ts";
import { SeededRandom } from "../soak/seeded-random.ts";

/** One evening, before it begins. */
export interface Plan {
  readonly seed: number;
  readonly frames: number;
  readonly tickMs: number;
  readonly codec: CodecName;
  readonly language: Language;
  readonly server: PollerOptions;
  readonly client: PollerOptions;
  readonly listen: ListenOptions;
  readonly wire: MemoryOptions;
  readonly players: number;
  /** How many of the players come over sessions, and what those have; `undefined` where none do. */
  readonly sessions: SessionPlan | undefined;
  /** The server's own line, where that is a bad one. */
  readonly serverLine: Conditions | undefined;
  /** How likely something goes wrong in a frame. */
  readonly chance: number;
  /** Whether everything that was sent must come before the evening ends. */
  readonly isPatient: boolean;
  readonly ending: (typeof ENDINGS)[number];
}

/** What sessions have in an evening. */
export interface SessionPlan {
  readonly share: number;
  readonly client: SessionOptions;
  readonly server: SessionOptions;
}

const ENDINGS = [
  "each closes",
  "players close",
  "each ends",
  "pollers close",
  "pollers are disposed",
] as const;

/** The plan of the evening with that seed; `frames` exchanges only its length. */
export function planOf(seed: number, frames?: number): Plan {
  const random = randomOf(seed, 0);
  const codec = random.pick(CODEC_NAMES);
  const longest = random.pick([30, 30, 300, 3_000]);
  const tickMs = random.pick([5, 16, 16, 50, 200]);
  const drawnFrames = random.pick([60, 120, 250, 500]);
  const limits = (): PollerOptions => limitsFor(codec, longest, tickMs, random);
  return {
    seed,
    frames: frames ?? drawnFrames,
    tickMs,
    codec,
    language: languageOf(codec, longest, random),
    server: { ...limits(), ...maybe(random, 0.3, { frameBudget: budgetOf(random) }) },
    client: { ...limits(), ...maybe(random, 0.1, { frameBudget: budgetOf(random) }) },
    listen: {
      ...maybe(random, 0.1, { acceptLimit: random.between(1, 4) }),
      ...maybe(random, 0.1, { maxConnections: random.between(1, 6) }),
      ...maybe(random, 0.1, { acceptRateHz: random.between(1, 20) }),
    },
    wire: {
      allowHalfOpen: random.next() < 0.4,
      ...maybe(random, 0.3, { pieceBytes: random.pick([1, 5, 100, 1_000]) }),
    },
    players: random.between(1, random.pick([2, 6, 12])),
    sessions: sessionsOf(randomOf(seed, 3)),
    serverLine: random.next() < 0.25 ? lineOf(random) : undefined,
    chance: random.pick([0, 0.02, 0.05, 0.2, 0.5]),
    isPatient: random.next() < 0.7,
    ending: random.pick(ENDINGS),
  };
}

function sessionsOf(random: SeededRandom): SessionPlan | undefined {
  const share = random.pick([0, 0, 0.5, 1, 1]);
  if (share === 0) return undefined;
  const both = (): SessionOptions => ({
    ...maybe(random, 0.3, { pingIntervalMs: random.pick([200, 1_400]) }),
    ...maybe(random, 0.5, { deadPeerMs: random.pick([1_500, 3_000]) }),
    ...maybe(random, 0.5, { resumeWindowMs: random.pick([400, 5_000, 60_000]) }),
    ...maybe(random, 0.5, { resendBytes: random.pick([1, 1_000, 20_000]) }),
    ...maybe(random, 0.3, { dialTimeoutMs: random.pick([300, 2_000]) }),
  });
  const server = {
    ...both(),
    ...maybe(random, 0.2, { handshakeTimeoutMs: random.pick([200, 1_000]) }),
    ...maybe(random, 0.1, { maxPending: random.between(1, 3) }),
    ...maybe(random, 0.2, { maxSuspended: random.between(1, 3) }),
    ...maybe(random, 0.1, { mayResume: () => random.next() < 0.7 }),
  };
  return { share, client: both(), server };
}

/** Chance of its own for each part of an evening, so that one more player moves nobody else's. */
export function randomOf(seed: number, part: number): SeededRandom {
  return new SeededRandom(Math.imul(Math.imul(seed, 0x85ebca6b) ^ (part + 1), 0xc2b2ae35) ^ (seed >>> 7));
}

/** A player's network. */
export function lineOf(random: SeededRandom): Conditions {
  const preset = random.pick(["broadband", "wifi", "mobile", "poor"] as const);
  const own: Conditions = {
    ...maybe(random, 0.7, { latencyMs: random.pick([1, 20, 100, 400]) }),
    ...maybe(random, 0.5, { jitterMs: random.pick([1, 30, 200]) }),
    ...maybe(random, 0.3, { lossChance: random.pick([0.01, 0.2]) }),
    ...maybe(random, 0.3, { bytesPerSecond: random.pick([1_000, 10_000, 100_000]) }),
    ...maybe(random, 0.3, { queueBytes: random.pick([1_000, 8_000]) }),
    ...maybe(random, 0.2, {
      stall: { everyMs: random.pick([500, 5_000]), forMs: random.pick([100, 2_000]) },
    }),
  };
  return random.pick<Conditions>([{}, { network: preset }, own, { network: preset, ...own }]);
}

function limitsFor(codec: CodecName, longest: number, tickMs: number, random: SeededRandom): PollerOptions {
  const loses = codec !== "bytes"; // a gap in a stream of bytes is nothing that could be understood
  const least = 4 * longest + 400;
  const ticks = (...counts: number[]): number => random.pick(counts) * tickMs;
  return {
    ...maybe(random, 0.5, { receiveLimitBytes: random.pick([least, 2 * least, 65_536]) }),
    ...maybe(random, 0.5, { sendLimitBytes: random.pick([least, 2 * least, 10 * least]) }),
    ...maybe(random, 0.4, { receiveOverflow: random.pick(loses ? RECEIVE : (["pause", "close"] as const)) }),
    ...maybe(random, 0.4, { sendOverflow: random.pick(["refuse", "drop-oldest", "close"] as const) }),
    ...maybe(random, 0.1, { messageRateHz: random.pick([20, 100, 1_000]) }),
    ...maybe(random, 0.5, { closeTimeoutMs: ticks(1, 5, 50, 500) }),
    ...maybe(random, 0.2, { faultTimeoutMs: ticks(1, 5, 50) }),
    ...maybe(random, 0.3, { timeoutMs: ticks(2, 20, 200) }),
    ...maybe(random, 0.1, { unsentTimeoutMs: ticks(5, 50) }),
    ...maybe(random, 0.1, { pauseTimeoutMs: ticks(5, 50) }),
    ...maybe(random, 0.1, { partialMessageTimeoutMs: ticks(5, 50) }),
    ...maybe(random, 0.1, { firstMessageTimeoutMs: ticks(10, 100) }),
    ...maybe(random, 0.1, { idleTimeoutMs: ticks(20, 200) }),
    ...maybe(random, loses ? 0.1 : 0, { untakenTimeoutMs: ticks(5, 50) }),
    ...maybe(random, 0.2, { maxFrameMs: ticks(1, 3, 20) }),
  };
}

function budgetOf(random: SeededRandom): FrameBudget {
  return random.pick<FrameBudget>([{ messages: 3 }, { messages: 50 }, { bytes: 200 }, { bytes: 20_000 }]);
}

function maybe<Options extends object>(
  random: SeededRandom,
  chance: number,
  options: Options,
): Partial<Options> {
  return random.next() < chance ? options : {};
}

const RECEIVE = ["pause", "drop-oldest", "drop-newest", "close"] as const;
