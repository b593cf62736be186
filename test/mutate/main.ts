/**
 * `npm run mutate`: makes mutants of the library, part by part, and says how many the
 * tests of that part kill. By hand, as the whole takes hours. Ends with 1 when fewer
 * than nine in ten die, and with 2 when it could not run at all.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const USAGE = `npm run mutate -- [part …] [--files GLOB]
  part         one or more of the parts below; all of them if none is named
  --files G    only these files of it, such as src/core/send/outbox.ts`;

/** A connection's life, without the random games and the long properties of others, which take minutes for a mutant. */
const LIFE = [
  "test/core/{connection,receive,frame,limits}",
  "test/core/{events,poll,reentrancy}.test.ts",
  "test/core/send/{send,latest,send-overflow,broadcast-buffer}.test.ts",
  "test/core/listen/{accept,drain}.test.ts",
  "test/core/storage/record-queue.test.ts",
].join(" ");

/** The parts: the files that are changed, and the tests that must notice. */
const PARTS: Readonly<Record<string, { readonly files: string; readonly tests: string }>> = {
  codec: {
    files: "src/{codec,port}/**/*.ts,src/check.ts",
    tests: "test/codec test/port test/check.test.ts test/core/storage/record-queue.test.ts",
  },
  storage: { files: "src/core/storage/**/*.ts", tests: "test/core/storage" },
  send: { files: "src/core/send/**/*.ts", tests: "test/core/send test/core/reentrancy.test.ts" },
  receive: { files: "src/core/receive/**/*.ts", tests: LIFE },
  listen: {
    files: "src/core/listen/**/*.ts",
    tests:
      "test/core/listen test/core/limits test/core/connection/endings.test.ts test/core/receive/throwing-codec.test.ts" +
      " test/core/mistakes.test.ts test/core/reentrancy.test.ts test/wait.test.ts" +
      " test/core/send/broadcast-buffer.test.ts test/core/send/latest.test.ts",
  },
  connection: { files: "src/core/connection/**/*.ts", tests: LIFE },
  frame: {
    files: "src/core/{frame,limits}/**/*.ts",
    tests: `${LIFE} test/core/lookup.test.ts test/core/datagram test/wait.test.ts`,
  },
  datagram: {
    files: "src/core/datagram/**/*.ts",
    tests: "test/core/datagram test/transport/datagrams.test.ts",
  },
  poller: { files: "src/core/*.ts", tests: "test/core test/wait.test.ts" },
  memory: { files: "src/transport/memory/**/*.ts", tests: "test/core test/transport/memory" },
  node: { files: "src/transport/node/**/*.ts", tests: "test/transport/node test/transport/endings.test.ts" },
  websocket: { files: "src/transport/websocket/**/*.ts", tests: "test/transport/websocket" },
};

/** The share of mutants that has to die, in percent. */
const LEAST = 90;

interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>;
}

try {
  main();
} catch (error) {
  console.error(`mutate: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
}

function main(): void {
  const { values, positionals } = parseArgs({
    options: { files: { type: "string" }, help: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(`${USAGE}\nparts: ${Object.keys(PARTS).join(" ")}`);
    return;
  }
  const names = positionals.length > 0 ? positionals : Object.keys(PARTS);
  for (const name of names) {
    const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
    if (part === undefined) throw new RangeError(`there is no part ${name}\n${USAGE}`);
    const { killed, all } = judge(name, values.files ?? part.files, part.tests);
    const percent = (100 * killed) / all;
    console.log(`${name}: ${killed} of ${all} mutants died, ${percent.toFixed(1)} %`);
    if (percent < LEAST) process.exitCode = 1;
  }
}

/** Makes the mutants of `files`, and counts those that `tests` notice. */
function judge(name: string, files: string, tests: string): { killed: number; all: number } {
  const report = `.mutants/${name}.json`;
  const env = { ...process.env, MUTATE_TESTS: tests, MUTATE_REPORT: report };
  const args = ["stryker", "run", "test/mutate/stryker.config.mjs", "--mutate", files];
  const { status } = spawnSync("npx", args, { env, stdio: "inherit" });
  if (status !== 0) throw new Error(`${name}: stryker ended with ${status}`);
  const { files: found } = JSON.parse(readFileSync(report, "utf8")) as Report;
  const states = Object.values(found).flatMap(({ mutants }) => mutants.map(({ status: state }) => state));
  const judged = states.filter((state) => state !== "Ignored" && state !== "CompileError");
  const killed = judged.filter(
    (state) => state === "Killed" || state === "Timeout" || state === "RuntimeError",
  );
  return { killed: killed.length, all: judged.length };
}
