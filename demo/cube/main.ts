/**
 * The cube's program: the only file with a process in it. Reads the command
 * line, wires peers, keyboard and view to one loop, and answers an exit code:
 * 0 when it was asked to end, 1 when it could not go on, 2 for a wrong command
 * line.
 *
 *     poll ──▶ keys ──▶ cast.frame ──▶ panes ──▶ view.show ──▶ flush
 */
import { Poller, runLoop } from "../../src/index.ts";
import { Cast } from "./cast.ts";
import { HELP, type Options, parseOptions } from "./options.ts";
import { Keyboard } from "./views/keyboard.ts";
import { LogView } from "./views/log.ts";
import { TerminalView } from "./views/terminal.ts";
import type { View } from "./views/view.ts";
import type { Command } from "./world.ts";

async function main(args: readonly string[]): Promise<number> {
  const parsed = parseOptions(args);
  if (parsed.kind === "wrong") return complain(`${parsed.message} (see --help)`, 2);
  if (parsed.kind === "run") return run(withDefaults(parsed.options));
  process.stdout.write(HELP);
  return 0;
}

async function run(options: Options): Promise<number> {
  const end = new AbortController();
  endOnSignals(end);
  const poller = new Poller({ frameBudget: FRAME_BUDGET, closeTimeoutMs: CLOSE_TIMEOUT_MS });
  const cast = new Cast(poller, options);
  const keyboard = openKeyboard(options);
  const view = openView(options, keyboard !== undefined);
  let failure: string | undefined;
  try {
    await runLoop({
      rateHz: options.rateHz,
      poller,
      signal: end.signal,
      tick(dtMs, frame) {
        const commands: Command[] = [];
        for (const key of keyboard?.take() ?? []) {
          if (key === "quit") end.abort();
          else commands.push(key);
        }
        view.show(frame, cast.frame(frame, Math.min(dtMs, LONGEST_STEP_MS), commands));
        failure = cast.failure;
        if (frame.tick >= options.ticks || failure !== undefined) end.abort();
      },
    });
  } finally {
    view.close();
    keyboard?.close();
    await poller[Symbol.asyncDispose]();
  }
  return failure === undefined ? 0 : complain(failure, 1);
}

/** In a pipe nobody can steer, so a demonstration drives itself. */
function withDefaults(options: Options): Options {
  const view = options.view ?? (process.stdout.isTTY ? "terminal" : "log");
  const isWatched = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const auto = options.auto || (options.cast === "both" && !isWatched);
  return { ...options, view, auto };
}

function openKeyboard(options: Options): Keyboard | undefined {
  const isWanted = options.view === "terminal" || (options.cast !== "mirror" && !options.auto);
  if (process.stdin.isTTY && isWanted) return new Keyboard(process.stdin);
  if (options.cast === "mover" && !options.auto) complain("no keyboard here; --auto drives without one", 0);
  return undefined;
}

function openView(options: Options, hasKeys: boolean): View {
  if (options.view === "log") return new LogView(process.stdout, options.cast === "both");
  // https://no-color.org: set and not empty.
  const isColoured = (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb";
  return new TerminalView(process.stdout, { isColoured, hasKeys: hasKeys && !options.auto });
}

/** Leaving is bounded in time, so a second signal has nothing to add; under npm and tsx, one Ctrl-C comes twice. */
function endOnSignals(end: AbortController): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end.abort());
  // Whoever read this has gone (`| head`), or the terminal has: nothing is left to show to.
  process.stdout.on("error", () => end.abort());
  process.stderr.on("error", () => {});
}

function complain(message: string, code: number): number {
  process.stderr.write(`cube: ${message}\n`);
  return code;
}

/** A flood of lines takes its turn with everybody else's. */
const FRAME_BUDGET = { messages: 4_096 };
/** A person who pressed Ctrl-C does not wait for a peer that never says goodbye. */
const CLOSE_TIMEOUT_MS = 500;
/** After a stall (a debugger, a closed lid) the cube goes on; it does not leap to a wall. */
const LONGEST_STEP_MS = 250;

process.exitCode = await main(process.argv.slice(2));
