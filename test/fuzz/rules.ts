/**
 * What one game is played with, drawn from its seed: a codec, limits, policies,
 * budgets. Each choice is often the default, so that rare ones meet each other
 * seldom enough for most games to go far.
 */
import type { FrameBudget, ListenOptions, PollerOptions } from "../../src/index.ts";
import { SeededRandom } from "../soak/seeded-random.ts";
import { CODEC_NAMES, type Language, languageOf } from "./messages.ts";

/** The rules of one game. */
export interface Rules {
  readonly codec: (typeof CODEC_NAMES)[number];
  readonly language: Language;
  /** From these two and the codec follows the language. */
  readonly longest: number;
  readonly languageSeed: number;
  readonly server: PollerOptions;
  readonly client: PollerOptions;
  readonly listen: ListenOptions;
  readonly clients: number;
  readonly allowHalfOpen: boolean;
  /** What travels where a carrier has messages of its own. */
  readonly framing: "stream" | "message";
  readonly steps: number;
  /** How the game ends: after all has come, or in the middle; and by which call. */
  readonly isPatient: boolean;
  readonly ending: Ending;
}

export type Ending = (typeof ENDINGS)[number];
const ENDINGS = [
  "close each",
  "close pollers",
  "dispose awaited",
  "dispose at once",
  "near ends first",
  "end each",
] as const;

export function rulesOf(random: SeededRandom): Rules {
  const codec = random.pick(CODEC_NAMES);
  const longest = random.pick([30, 300, 3_000, 30_000]);
  const languageSeed = random.between(1, 1_000_000);
  const language = languageOf(codec, longest, new SeededRandom(languageSeed));
  const limits = (): PollerOptions => limitsFor(codec, longest, random);
  return {
    codec,
    language,
    longest,
    languageSeed,
    server: { ...limits(), ...often(random, { frameBudget: budgetOf(random) }) },
    client: { ...limits(), ...seldom(random, { frameBudget: budgetOf(random) }) },
    listen: {
      ...seldom(random, { acceptLimit: random.between(1, 5) }),
      ...seldom(random, { maxConnections: random.between(1, 8) }),
      ...seldom(random, { acceptRateHz: random.between(1, 50) }),
    },
    clients: random.between(1, 3),
    allowHalfOpen: random.next() < 0.4,
    framing: random.next() < 0.5 ? "stream" : "message",
    steps: random.between(40, 500),
    isPatient: random.next() < 0.7,
    ending: random.pick(ENDINGS),
  };
}

function limitsFor(codec: string, longest: number, random: SeededRandom): PollerOptions {
  const loses = codec !== "bytes"; // a gap in a stream of bytes is nothing that could be understood
  const least = 4 * longest + 400;
  return {
    ...often(random, { receiveLimitBytes: random.pick([least, 2 * least, 65_536]) }),
    ...often(random, { sendLimitBytes: random.pick([least, 2 * least, 10 * least]) }),
    ...often(random, { receiveOverflow: random.pick(loses ? RECEIVE : ["pause", "close"]) }),
    ...often(random, { sendOverflow: random.pick(["refuse", "drop-oldest", "close"]) }),
    ...seldom(random, { messageRateHz: random.pick([100, 200, 2_000]) }),
    ...often(random, { closeTimeoutMs: random.pick([1, 20, 200, 2_000, Infinity]) }),
    ...seldom(random, { unsentTimeoutMs: random.pick([50, 500]) }),
    ...seldom(random, { pauseTimeoutMs: random.pick([50, 500]) }),
    ...seldom(random, { partialMessageTimeoutMs: random.pick([20, 200]) }),
    ...seldom(random, { firstMessageTimeoutMs: random.pick([50, 500]) }),
    ...seldom(random, { idleTimeoutMs: random.pick([100, 1_000]) }),
    ...seldom(random, { maxMessageBytes: longest + 300 }),
    ...seldom(random, { maxFrameMs: random.pick([10, 100]) }),
  };
}

const RECEIVE = ["pause", "drop-oldest", "drop-newest", "close"] as const;

function budgetOf(random: SeededRandom): FrameBudget {
  return random.pick<FrameBudget>([{ messages: 3 }, { messages: 50 }, { bytes: 200 }, { bytes: 20_000 }]);
}

function often<Options extends object>(random: SeededRandom, options: Options): Options | object {
  return random.next() < 0.5 ? options : {};
}

function seldom<Options extends object>(random: SeededRandom, options: Options): Options | object {
  return random.next() < 0.08 ? options : {};
}
