/**
 * The rows of the benchmark: what the clients do, what the game does, and what
 * is expected of tickwire beside the hand-written server. Numbers only; every
 * process of the benchmark reads the same ones.
 */

/** One row: what is carried in every tick, and how it is judged. */
export interface Scenario {
  /** A row's letter, as in `--rows a,c`; two scenarios may share one. */
  readonly row: string;
  readonly title: string;
  readonly connections: number;
  readonly rateHz: number;
  /** Lines that each client sends per tick; `Infinity`: as fast as the connection takes them. */
  readonly linesIn: number;
  /** Lines that the server sends to each client per tick. */
  readonly linesOut: number;
  /** Lines that the game takes per tick at the most. */
  readonly takeLines: number;
  /** The ratios that matter here: tickwire's figure divided by the hand-written one's. */
  readonly expected: readonly Expectation[];
  /** What a reader of the figures should know: where they fall short by nature, and why. */
  readonly note?: string;
}

/** A ratio that a row should stay under, or above. */
export interface Expectation {
  readonly measure: "frame p50" | "CPU" | "lines/s" | "peak memory";
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** Bytes of every line, its line break included: what `cube 1.25 -3.50 8.125` takes. */
export const LINE_BYTES = 24;

export const SCENARIOS: readonly Scenario[] = [
  {
    row: "a",
    title: "1,000 idle connections",
    connections: 1_000,
    rateHz: 60,
    linesIn: 0,
    linesOut: 0,
    takeLines: Infinity,
    expected: [{ measure: "frame p50", atMost: 0.05 }],
    note:
      "A frame begins after a rest, with cold caches: a microsecond or more for anything at all, while " +
      "a look into 1,000 arrays takes only a few. The gap grows with the connections, as an idle frame " +
      "of tickwire does not: see `--rows a --connections 8000`.",
  },
  {
    row: "b",
    title: "1,000 connections, each sends 1 line per tick",
    connections: 1_000,
    rateHz: 60,
    linesIn: 1,
    linesOut: 0,
    takeLines: Infinity,
    expected: [{ measure: "CPU", atMost: 1 }],
  },
  {
    row: "c",
    title: "500 connections, 4 lines broadcast to each per tick",
    connections: 500,
    rateHz: 60,
    linesIn: 0,
    linesOut: 4,
    takeLines: Infinity,
    expected: [{ measure: "CPU", atMost: 0.65 }],
  },
  {
    row: "d",
    title: "1 connection sends at full speed, the game takes all it sees",
    connections: 1,
    rateHz: 60,
    linesIn: Infinity,
    linesOut: 0,
    takeLines: Infinity,
    expected: [],
    note:
      "A frame cannot hold more than the receive limit, 1 MiB, each line charged 64 bytes more: some " +
      "13,000 of these. That bounds the memory, and so lines/s. A larger `receiveLimitBytes` carries more.",
  },
  {
    row: "d",
    title: "1 connection sends at full speed, the game takes 4,000 lines per tick",
    connections: 1,
    rateHz: 60,
    linesIn: Infinity,
    linesOut: 0,
    takeLines: 4_000,
    expected: [
      { measure: "lines/s", atLeast: 0.95 },
      { measure: "peak memory", atMost: 0.5 },
    ],
  },
];

/** A line of {@link LINE_BYTES} bytes without its line break. */
export function lineOf(number: number): string {
  return `cube ${number}`.padEnd(LINE_BYTES - 1, ".");
}
