/**
 * `npm run simulate -- --seeds N | --seed N | --leases N`: simulated evenings, or leases. Ends with code 1 at the
 * first that went wrong, and with 2 when it could not play at all.
 */
import { existsSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Recording } from "../../src/index.ts";
import { simulateLeases } from "./leases.ts";
import { type Outcome, simulate } from "./simulate.ts";

const USAGE = `npm run simulate -- [options]
  --seeds N      plays the evenings of N seeds, 1,000 unless it is said
  --first N      the first of them, 1 unless it is said
  --seed N       plays that one evening, and prints its hash
  --record FILE  writes what its server saw into a new file, for npx tickwire inspect
  --leases N     plays N games of leases from --first on, in the place of evenings
  --frames N     how many frames an evening has, in the place of what its seed says`;
/** Between two lines of the many. */
const TELL_MS = 10_000;

try {
  main();
} catch (error) {
  console.error(`simulate: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
}

function main(): void {
  const options = {
    seeds: { type: "string" },
    seed: { type: "string" },
    first: { type: "string", default: "1" },
    frames: { type: "string" },
    leases: { type: "string" },
    record: { type: "string" },
    help: { type: "boolean" },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help === true) {
    console.log(USAGE);
    return;
  }
  const numberOf = (name: "seeds" | "seed" | "first" | "frames" | "leases"): number | undefined => {
    const value = values[name];
    if (value === undefined) return undefined;
    if (!/^\d{1,10}$/.test(value))
      throw new RangeError(`--${name}: expected a whole number, got ${value}\n${USAGE}`);
    if (Number(value) === 0 && name !== "seed" && name !== "first")
      throw new RangeError(`--${name}: expected a number from 1 up, got ${value}\n${USAGE}`);
    return Number(value);
  };
  const frames = numberOf("frames");
  const seed = numberOf("seed");
  const leases = numberOf("leases");
  if (leases !== undefined) playLeases(numberOf("first") ?? 1, leases);
  else if (seed !== undefined) playOne(seed, frames, values.record);
  else if (values.record !== undefined) throw new RangeError(`--record: of which --seed?\n${USAGE}`);
  else playMany(numberOf("first") ?? 1, numberOf("seeds") ?? 1_000, frames);
}

function playOne(seed: number, frames: number | undefined, file: string | undefined): void {
  if (file !== undefined && existsSync(file)) throw new Error(`--record: ${file} is there already`);
  const recording = file === undefined ? undefined : new Recording({ seed, meta: { simulated: seed } });
  const outcome = simulate(seed, { frames, ...(recording !== undefined && { recording }) });
  console.log(`seed ${seed}: ${outcome.frames} frames, ${outcome.messages} messages, hash ${outcome.hash}`);
  if (file !== undefined && recording !== undefined) {
    writeFileSync(file, recording.toBytes());
    console.log(`recorded: npx tickwire inspect ${file}`);
  }
  tell(outcome, frames);
}

function playMany(first: number, count: number, frames: number | undefined): void {
  const beganMs = performance.now();
  let told = beganMs;
  const sums = { evenings: 0, frames: 0, messages: 0 };
  for (let seed = first; seed < first + count; seed++) {
    const outcome = simulate(seed, { frames });
    sums.evenings++;
    sums.frames += outcome.frames;
    sums.messages += outcome.messages;
    const nowMs = performance.now();
    if (outcome.failure !== undefined || nowMs - told > TELL_MS || seed === first + count - 1) {
      const rate = (sums.evenings / (nowMs - beganMs)) * 1_000;
      console.log(
        `${sums.evenings} evenings, ${sums.frames} frames, ${sums.messages} messages; ${rate.toFixed(1)} evenings a second`,
      );
      told = nowMs;
    }
    if (tell(outcome, frames)) return;
  }
  console.log("all is well");
}

/** Plays games of leases, until one goes wrong. */
function playLeases(first: number, count: number): void {
  const beganMs = performance.now();
  const sums = { games: 0, holds: 0, acts: 0 };
  for (let seed = first; seed < first + count; seed++) {
    const { failure, holds, acts } = simulateLeases(seed);
    sums.games++;
    sums.holds += holds;
    sums.acts += acts;
    if (failure === undefined) continue;
    console.error(`wrong with seed ${seed}: ${failure instanceof Error ? failure.stack : failure}`);
    console.error(`again: npm run simulate -- --leases 1 --first ${seed}`);
    process.exitCode = 1;
    break;
  }
  const rate = (sums.games / (performance.now() - beganMs)) * 1_000;
  console.log(
    `${sums.games} games, ${sums.holds} owners, ${sums.acts} frames of theirs; ${rate.toFixed(1)} games a second`,
  );
  if (process.exitCode === undefined) console.log("all is well");
}

/** Says what went wrong, if anything did. */
function tell({ seed, failure }: Outcome, frames: number | undefined): boolean {
  if (failure === undefined) return false;
  const { frame, error } = failure;
  const isFault = error instanceof Error && error.name === "Fault";
  console.log(
    `wrong with seed ${seed} in frame ${frame}: ${isFault ? error.message : (error as Error)?.stack}`,
  );
  console.log(
    `again: npm run simulate -- --seed ${seed}${frames === undefined ? "" : ` --frames ${frames}`}`,
  );
  process.exitCode = 1;
  return true;
}
