/**
 * The arena's program: the launcher of all, or the one process that the first argument names.
 * Answers an exit code: 0 when it was asked to end, 1 when it could not go on, 2 for a
 * wrong command line.
 *
 *     launcher ──▶ gateway, world, bots: this program again
 */
import { runLoop } from "../../src/index.ts";
import { nats } from "../../src/nats.ts";
import { websocket } from "../../src/websocket.ts";
import { Bots } from "./bots.ts";
import { Gateway } from "./gateway.ts";
import { launch } from "./launcher.ts";
import type { Bus, Part } from "./member.ts";
import { HELP, type Options, parseOptions } from "./options.ts";
import { HOST, type PageServer, servePage } from "./page-server.ts";
import { WORLD_HZ } from "./shared/rules.ts";
import { World } from "./world.ts";

async function main(args: readonly string[]): Promise<number> {
  const parsed = parseOptions(args);
  if (parsed.kind === "wrong") return complain(`${parsed.message} (see --help)`, 2);
  if (parsed.kind === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const end = new AbortController();
  endWhenAsked(end);
  try {
    return await (parsed.options.role === "launcher"
      ? launch(parsed.options, end)
      : runOne(parsed.options, end));
  } catch (error) {
    return complain((error as Error).message, 1);
  }
}

/** One process of the arena. */
async function runOne(options: Options, end: AbortController): Promise<number> {
  const bus = nats({ ...(options.nats !== undefined && { servers: options.nats }) });
  const { role, index, worlds, gateways, port = 0 } = options;
  const places = Array.from({ length: gateways }, (_, other) => `${HOST}:${port + 1 + other}`);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  if (role === "world") return run(new World({ index, worlds, bus, say }), WORLD_HZ, end);
  if (role === "bots") return run(botsOf(options, bus, places), BOTS_HZ, end);
  const server: PageServer = await servePage({ page: "play", port: port + 1 + index, places });
  try {
    return await run(
      new Gateway({ index, zones: worlds, bus, players: server.transport, places }),
      GATEWAY_HZ,
      end,
    );
  } finally {
    server.close();
  }
}

function botsOf({ bots, worlds: zones, seed }: Options, bus: Bus, places: readonly string[]): Bots {
  return new Bots({ bots, zones, bus, places, seed, transport: (place) => websocket(`ws://${place}/link`) });
}

async function run(part: Part, rateHz: number, end: AbortController): Promise<number> {
  const { member } = part;
  let failure: string | undefined;
  await runLoop({
    rateHz,
    poller: member.poller,
    signal: end.signal,
    report: (times) => member.note(times),
    tick(dtMs, { nowMs }) {
      member.frame(part, dtMs, nowMs);
      failure = part.failure ?? member.socket.closeReason?.message;
      if (failure !== undefined) end.abort();
    },
  });
  await part.end();
  return failure === undefined ? 0 : complain(failure, 1);
}

function endWhenAsked(end: AbortController): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end.abort());
  // Whoever started this has a channel to here, and it closes when he dies, also by kill -9.
  process.on("disconnect", () => end.abort());
  process.channel?.unref(); // or it would keep this process alive
  if (process.env.npm_lifecycle_event !== undefined) endWithParent(end);
  process.stdout.on("error", () => end.abort());
  process.stderr.on("error", () => {});
}

/** Between npm and this stands a shell, which dies of npm's SIGTERM and does not pass it on. */
function endWithParent(end: AbortController): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) end.abort();
  }, LOOK_EVERY_MS).unref();
}

function complain(message: string, code: number): number {
  process.stderr.write(`arena: ${message}\n`);
  return code;
}

/** Soon enough that nobody takes it for an orphan. */
const LOOK_EVERY_MS = 500;
/** Twice as often as the worlds, so that little time is lost between them and a player. */
const GATEWAY_HZ = 60;
const BOTS_HZ = 20;

process.exitCode = await main(process.argv.slice(2));
