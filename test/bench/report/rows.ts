/**
 * Everything that was measured, and what follows from it: ratios within a
 * round, verdicts, and which runs do not measure what they claim.
 */
import type { Result } from "../measure/reports.ts";
import { bytesPerLine } from "../wire.ts";
import { CONTESTANTS, type ContestantName, type Expectation, RATE_HZ, type Work } from "../works.ts";
import { FIGURES, type FigureName, percent, perSecond } from "./figures.ts";
import { type Spread, spreadOf } from "./statistics.ts";

/** The results of a benchmark: for each work and contestant, one per round. */
export class Rows {
  readonly #results = new Map<string, (Result | undefined)[]>();
  readonly #faulty = new Map<string, number>();

  add(work: string, contestant: ContestantName, round: number, result: Result): void {
    const key = `${work}/${contestant}`;
    const results = this.#results.get(key) ?? [];
    results[round] = result;
    this.#results.set(key, results);
  }

  /** Notes that one of the results does not measure what it claims. */
  doubt(work: string, contestant: ContestantName): void {
    const key = `${work}/${contestant}`;
    this.#faulty.set(key, (this.#faulty.get(key) ?? 0) + 1);
  }

  /** Whether so many results are in doubt that their median is. */
  isInvalid(work: string, contestant: ContestantName): boolean {
    const faulty = this.#faulty.get(`${work}/${contestant}`) ?? 0;
    return faulty > this.of(work, contestant).length / 2;
  }

  of(work: string, contestant: ContestantName): readonly (Result | undefined)[] {
    return this.#results.get(`${work}/${contestant}`) ?? [];
  }

  /** A figure over all rounds; `undefined` where there is none. */
  figure(work: string, contestant: ContestantName, figure: FigureName): Spread | undefined {
    return spreadOf(
      this.of(work, contestant)
        .map((result) => figureOf(result, figure))
        .filter(isNumber),
    );
  }

  /** How two contestants compare: round by round, so that whatever else the machine did met both. */
  compared(work: string, expectation: Comparison): Spread | undefined {
    const { figure, of, against, compare = "ratio" } = expectation;
    if (against === undefined) return this.figure(work, of, figure);
    const others = this.of(against.work ?? work, against.contestant);
    const values = this.of(work, of).map((result, round) => {
      const [mine, other] = [figureOf(result, figure), figureOf(others[round], figure)];
      if (mine === undefined || other === undefined) return undefined;
      return compare === "difference" ? mine - other : mine / other;
    });
    return spreadOf(values.filter(isNumber));
  }
}

/** What is compared with what. */
export type Comparison = Pick<Expectation, "figure" | "of" | "against" | "compare">;

/** Whether an expectation is met by the median; `undefined` when it was not measured. */
export function isMet(expectation: Expectation, measured: Spread | undefined): boolean | undefined {
  if (measured === undefined) return undefined;
  const { atMost = Infinity, atLeast = -Infinity } = expectation;
  return measured.median <= atMost && measured.median >= atLeast;
}

/** What is wrong with a run: why its figures do not measure what they claim. Usually nothing. */
export function faultsOf(
  { connections, task }: Work,
  name: ContestantName,
  { server, load }: Result,
): string[] {
  const faults: string[] = [];
  const near = (what: string, got: number, wanted: number) => {
    if (Math.abs(got / wanted - 1) <= TOLERANCE) return;
    faults.push(`${what}: ${got.toFixed(0)} where ${wanted.toFixed(0)} were due`);
  };
  const isPaced = task.kind === "receive" || task.kind === "everyone";
  const perTick = task.kind === "receive" ? task.perTick : 1;
  const isChurn = task.kind === "churn";
  // A datagram's sender is known when it has sent one, and whoever gave up has told in time.
  if (!isChurn && server.gaveUp === undefined && CONTESTANTS[name].wire !== "udp") {
    near("connections", server.connections, connections);
  }
  if (task.kind === "receive" || task.kind === "broadcast") {
    near("frames/s", perSecond(server, server.frames), RATE_HZ);
  }
  if (isPaced) near("sent by the load/s", perSecond(load, load.sent), connections * RATE_HZ * perTick);
  if (task.kind === "receive" && CONTESTANTS[name].program !== "bare") {
    near("taken/s", perSecond(server, server.taken), connections * RATE_HZ * task.perTick);
  }
  if (isChurn) near("connections", load.sent, task.times);
  if (server.sent > 0) {
    const received = load.receivedBytes / bytesPerLine(CONTESTANTS[name]);
    near("received by the load/s", perSecond(load, received), perSecond(server, server.sent));
  }
  // A silent load has nothing to be late with, and in a ping-pong one side always waits for the other.
  if (task.kind !== "idle" && task.kind !== "ping-pong") faults.push(...loadFaults(load));
  return faults;
}

/** Whether the load may have been what was measured: it had no time to spare, or was late. */
function loadFaults(load: Result["load"]): string[] {
  const faults: string[] = [];
  const busy = percent(load);
  if (busy > LOAD_CPU_PERCENT) faults.push(`the load had ${busy.toFixed(0)} % CPU: too busy`);
  const lateMs = load.loopDelayP99Ms ?? 0;
  if (lateMs > LOAD_LATE_MS) faults.push(`the load was ${lateMs.toFixed(0)} ms late (p99)`);
  return faults;
}

function figureOf(result: Result | undefined, figure: FigureName): number | undefined {
  return result === undefined ? undefined : FIGURES[figure].of(result);
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined && !Number.isNaN(value);
}

/** A few percent: windows of two processes do not begin in the same instant. */
const TOLERANCE = 0.05;
/** Above this the clients may have been what was measured. */
const LOAD_CPU_PERCENT = 90;
/** Later than this by a whole tick, players do not send what they should when they should. */
const LOAD_LATE_MS = 1_000 / RATE_HZ;
