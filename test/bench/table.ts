/**
 * What the runs say, as a Markdown table: a line per measure, tickwire beside
 * the hand-written server, each figure the median of the runs. A ratio is taken
 * in each pair of neighbouring runs, and its median shown with the least and
 * the most. Also says whether the load was really carried.
 */
import type { Result } from "./run.ts";
import { type Expectation, LINE_BYTES, type Scenario } from "./scenarios.ts";

/** Two neighbouring runs of one scenario. */
export interface Pair {
  readonly tickwire: Result;
  readonly net: Result;
}

/** The lines of the table for one scenario. */
export function tableRows(scenario: Scenario, pairs: readonly Pair[]): string[] {
  return measuresOf(scenario).map((measure, index) => {
    const title = index === 0 ? `**${scenario.row}** ${scenario.title}` : "";
    const cells = [title, measure.title, ...sides(measure, pairs), ...judged(measure, scenario, pairs)];
    return `| ${cells.join(" | ")} |`;
  });
}

export const TABLE_HEAD: readonly string[] = [
  "| row | measure | tickwire | hand-written | ratio (least–most) | expected |",
  "|---|---|--:|--:|--:|---|",
];

/** What is wrong with a run: why its figures do not measure what they claim. Usually nothing. */
export function faultsOf(scenario: Scenario, { server, load }: Result): string[] {
  const faults: string[] = [];
  const { connections, rateHz, linesIn, linesOut, takeLines } = scenario;
  const near = (what: string, got: number, wanted: number) => {
    if (!(Math.abs(got / wanted - 1) <= TOLERANCE)) {
      faults.push(`${what}: ${got.toFixed(0)} where ${wanted.toFixed(0)} were due`);
    }
  };
  const isFlood = linesIn === Infinity;
  if (server.gaveUp === undefined && server.connections !== connections) {
    faults.push(`connections: ${server.connections} of ${connections}`);
  }
  if (!isFlood) near("frames per second", perSecond(server, server.frames), rateHz);
  if (linesIn > 0 && !isFlood) {
    near("lines/s sent by the load", perSecond(load, load.sentLines), connections * rateHz * linesIn);
    near("lines/s taken", perSecond(server, server.takenLines), connections * rateHz * linesIn);
  }
  if (linesOut > 0) {
    near("lines/s sent", perSecond(server, server.sentLines), connections * rateHz * linesOut);
    const receivedLines = load.receivedBytes / LINE_BYTES;
    near("lines/s received by the load", perSecond(load, receivedLines), connections * rateHz * linesOut);
  }
  if (isFlood && server.takenLines === 0) faults.push("the flood did not arrive");
  if (takeLines !== Infinity) near("frames with lines left over", server.framesWithRest, server.frames);
  if (cpuPercent(load) > LOAD_CPU_PERCENT)
    faults.push(`the load had ${cpuPercent(load).toFixed(0)} % CPU: too busy`);
  return faults;
}

interface Measure {
  readonly title: string;
  readonly unit: string;
  readonly digits: number;
  of(result: Result): number;
}

function measuresOf({ linesIn, takeLines }: Scenario): Measure[] {
  const isFlood = linesIn === Infinity;
  const flood: Measure[] = [
    { title: "lines/s", unit: "", digits: 0, of: ({ server }) => perSecond(server, server.takenLines) },
    {
      title: "CPU per line taken",
      unit: "µs",
      digits: 3,
      of: ({ server }) => (server.cpuMs * 1e3) / server.takenLines,
    },
    { title: "peak memory", unit: "MiB", digits: 0, of: ({ server }) => server.peakRssBytes / 2 ** 20 },
    { title: "frames/s", unit: "", digits: 1, of: ({ server }) => perSecond(server, server.frames) },
  ];
  const frames: Measure[] = [
    { title: "frame p50", unit: "µs", digits: 1, of: ({ server }) => server.frameP50Us },
    { title: "frame p99", unit: "µs", digits: 1, of: ({ server }) => server.frameP99Us },
  ];
  return [
    ...(isFlood ? flood : []),
    { title: "CPU", unit: "%", digits: 1, of: ({ server }) => cpuPercent(server) },
    ...(isFlood && takeLines === Infinity ? [] : frames),
    { title: "load's CPU", unit: "%", digits: 0, of: ({ load }) => cpuPercent(load) },
  ];
}

function sides(measure: Measure, pairs: readonly Pair[]): string[] {
  return (["tickwire", "net"] as const).map((side) => {
    const gaveUp =
      measure.title === "peak memory" && pairs.some((pair) => pair[side].server.gaveUp !== undefined);
    const value = median(pairs.map((pair) => measure.of(pair[side])));
    const digits = value >= 1_000 ? 0 : measure.digits;
    const text = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return `${gaveUp ? "stopped at " : ""}${text} ${measure.unit}`.trim();
  });
}

/** The ratio and the verdict, where a ratio means something. */
function judged(measure: Measure, scenario: Scenario, pairs: readonly Pair[]): string[] {
  if (measure.title === "load's CPU") return ["", ""];
  const ratios = pairs.map(({ tickwire, net }) => measure.of(tickwire) / measure.of(net));
  const ratio = median(ratios);
  const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
  const expectation = scenario.expected.find((expected) => expected.measure === measure.title);
  const verdict = expectation === undefined ? "" : verdictOf(expectation, ratio);
  return [`${ratio.toFixed(ratio < 0.1 ? 3 : 2)} (${range})`, verdict];
}

function verdictOf({ atMost = Infinity, atLeast = -Infinity }: Expectation, ratio: number): string {
  const wanted = atMost === Infinity ? `≥ ${atLeast}` : `≤ ${atMost}`;
  return ratio <= atMost && ratio >= atLeast ? `${wanted}: met` : `${wanted}: **MISSED**`;
}

function perSecond({ elapsedMs }: { readonly elapsedMs: number }, count: number): number {
  return (count * 1_000) / elapsedMs;
}

function cpuPercent({ cpuMs, elapsedMs }: { readonly cpuMs: number; readonly elapsedMs: number }): number {
  return (100 * cpuMs) / elapsedMs;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (upper + lower) / 2;
}

/** A few percent: windows of two processes do not begin in the same instant. */
const TOLERANCE = 0.04;
/** Above this the clients may have been what was measured. */
const LOAD_CPU_PERCENT = 90;
