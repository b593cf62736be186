/**
 * `npm run soak -- --minutes N`: random players come, talk, misbehave and
 * leave, in waves; after each wave the server must be as empty as before it.
 * Prints a table. Ends with code 1 when something grew, stayed or was lost, and
 * with 2 when it could not run at all.
 */
import { parseArgs } from "node:util";
import { endAll } from "../demo/children.ts";
import { Soak } from "./soak.ts";

const USAGE = `npm run soak -- [options]
  --minutes N    how long, 10 unless it is said
  --seed N       the players' chance; printed, and a new one each time`;

try {
  await main();
} catch (error) {
  console.error(`soak: ${error instanceof Error ? error.stack : error}`);
  process.exitCode = 2;
} finally {
  await endAll();
}

async function main(): Promise<void> {
  const options = {
    minutes: { type: "string", default: "10" },
    seed: { type: "string" },
    help: { type: "boolean" },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help === true) {
    console.log(USAGE);
    return;
  }
  const minutes = Number(values.minutes);
  const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
  if (!(minutes > 0) || !Number.isInteger(seed)) {
    console.error(`soak: expected a number above 0 after --minutes, and a whole one after --seed\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  console.log(`soak: ${minutes} minutes, seed ${seed}, Node ${process.version}`);
  await using soak = new Soak(seed);
  const complaints = await soak.run(minutes * 60_000);
  for (const complaint of complaints) console.log(`wrong: ${complaint}`);
  console.log(complaints.length === 0 ? "all is flat" : `wrong in all: ${complaints.length}`);
  if (complaints.length > 0) process.exitCode = 1;
}
