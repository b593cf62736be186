/** Makes every check, says a line for each, and ends by itself: what a check left open would hold it. */
import { CHECKS } from "./checks.ts";

const { bun, deno, node } = process.versions as Record<string, string | undefined>;
const runtime = bun !== undefined ? `bun ${bun}` : deno !== undefined ? `deno ${deno}` : `node ${node}`;

for (const { title, run } of CHECKS) {
  try {
    console.log(`ok      ${runtime}: ${title}: ${await run()}`);
  } catch (error) {
    process.exitCode = 1;
    console.log(
      `FAILED  ${runtime}: ${title}: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
    );
  }
}
