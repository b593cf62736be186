/**
 * `npm run fuzz -- tcp --seconds N --seed S`: random games over real sockets. Ends
 * with code 1 when a game went wrong, and with 2 when it could not play at all.
 */
import { parseArgs } from "node:util";
import { type Carrier, carrierOf } from "./carriers.ts";
import { type Failure, type FuzzOptions, playGames } from "./fuzz.ts";

const NAMES = [
  "memory",
  "tcp",
  "native",
  "threaded",
  "unix",
  "tls",
  "ws",
  "wss",
  "session",
  "nats",
  "page",
] as const;
const USAGE = `npm run fuzz -- ${NAMES.join("|")} [options]
  --seconds N   how long, 10 unless it is said
  --games N     how many games, in the place of a time
  --seed S      the games' chance; printed, and a new one each time
  --first N     the number of the first game, to play one again
  --all         goes on after a game that went wrong, and says each in a line
  --verbose     says something of each game`;

try {
  await main();
} catch (error) {
  console.error(`fuzz: ${error instanceof Error ? error.stack : error}`);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const options = {
    seconds: { type: "string", default: "10" },
    games: { type: "string" },
    seed: { type: "string" },
    first: { type: "string", default: "1" },
    all: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    help: { type: "boolean" },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const name = NAMES.find((known) => known === positionals[0]);
  if (values.help === true || name === undefined || positionals.length > 1)
    throw new RangeError(`which?\n${USAGE}`);
  const seconds = Number(values.seconds);
  const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
  const first = Number(values.first);
  const games = values.games === undefined ? Infinity : Number(values.games);
  if (!(seconds > 0) || !(games > 0) || ![seed, first].every(Number.isInteger))
    throw new RangeError(`bad number\n${USAGE}`);
  console.log(`fuzz: ${name}, seed ${seed}, Node ${process.version}`);
  const page = name === "page" ? await pageCarrier() : undefined;
  try {
    const carrier = name === "page" ? page : carrierOf(name);
    if (carrier === undefined) console.log(`left out: this machine lacks what ${name} needs`);
    else await play({ carrier, seed, first, verbose: values.verbose }, { seconds, games, all: values.all });
  } finally {
    await page?.close();
  }
}

interface Length {
  readonly seconds: number;
  readonly games: number;
  /** Whether to go on after a game that went wrong. */
  readonly all: boolean;
}

async function play(
  options: FuzzOptions & { first: number },
  { seconds, games, all }: Length,
): Promise<void> {
  const untilMs = performance.now() + seconds * 1_000;
  let count = 0;
  let sum = 0;
  for (;;) {
    const { played, messages, failure } = await playGames(
      { ...options, first: options.first + count },
      (now) => {
        return games === Infinity ? performance.now() < untilMs : count + now < games;
      },
    );
    count += played;
    sum += messages;
    if (failure === undefined) {
      const verdict = process.exitCode === 1 ? "something is wrong" : "all is well";
      console.log(`${count} games, ${sum} messages: ${verdict}`);
      return;
    }
    process.exitCode = 1;
    if (!all) {
      tell(failure, options.carrier.name);
      return;
    }
    console.log(`game ${failure.game}, step ${failure.step}: ${String(failure.error).slice(0, 400)}`);
  }
}

/** Chromium's carrier, from a file that the types of a page belong to. */
async function pageCarrier(): Promise<PageCarrier | undefined> {
  const file = new URL("../browser/fuzz-page.ts", import.meta.url).href;
  return ((await import(file)) as { pageCarrier(): Promise<PageCarrier | undefined> }).pageCarrier();
}

type PageCarrier = Carrier & { close(): Promise<void> };

function tell({ seed, game, step, error, lastSteps }: Failure, name: string): void {
  console.log(lastSteps.join("\n"));
  console.log(
    `wrong in game ${game} at step ${step}, seed ${seed}: ${error instanceof Error ? error.stack : error}`,
  );
  console.log(`again: npm run fuzz -- ${name} --seed ${seed} --first ${game} --games 1`);
}
