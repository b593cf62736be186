/**
 * The cube's program: what one process is. Reads the command line, wires peers,
 * windows, keyboard and view to one loop, or launches one process for each
 * peer, and answers an exit code: 0 when it was asked to end, 1 when it could
 * not go on, 2 for a wrong command line.
 *
 *     poll ──▶ keys, windows ──▶ peers.frame ──▶ panes ──▶ view.show, windows ──▶ flush
 */
import { Poller, type Replay, runLoop } from "../../src/index.ts";
import { type Carrier, carrierOf } from "./carrier.ts";
import { launch } from "./launcher.ts";
import { LocalPeers } from "./local-peers.ts";
import { openWindows } from "./opener.ts";
import { HELP, type Options, parseOptions } from "./options.ts";
import type { Command, Role } from "./shared/world.ts";
import { Keyboard } from "./views/keyboard.ts";
import { LogView } from "./views/log.ts";
import { TerminalView } from "./views/terminal.ts";
import type { View } from "./views/view.ts";
import type { WindowServer } from "./window-server.ts";
import { Windows } from "./windows.ts";

async function main(args: readonly string[]): Promise<number> {
  const parsed = parseOptions(args);
  if (parsed.kind === "wrong") return complain(`${parsed.message} (see --help)`, 2);
  if (parsed.kind === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const end = new AbortController();
  endWhenAsked(end);
  const options = withDefaults(parsed.options);
  if (options.view !== "browser") return run(options, end);
  return options.peers === "both" ? launch(options, end) : runWithWindows(options, options.peers, end);
}

/** One peer, and the windows that look at it. */
async function runWithWindows(options: Options, role: Role, end: AbortController): Promise<number> {
  let server: WindowServer;
  try {
    // Only now: the other views need neither a WebSocket nor a bundler.
    const { serveWindows } = await import("./window-server.ts");
    server = await serveWindows(role, options.window);
  } catch (error) {
    return complain((error as Error).message, 1);
  }
  process.stdout.write(`window ${server.url}\n`);
  const why = options.open ? await openWindows([server.url]) : undefined;
  if (why !== undefined) complain(`not opened in a browser: ${why}`, 0);
  try {
    return await run(options, end, server);
  } finally {
    server.close();
  }
}

async function run(options: Options, end: AbortController, server?: WindowServer): Promise<number> {
  let carrier: Carrier;
  try {
    carrier = carrierOf(options);
  } catch (error) {
    return complain((error as Error).message, 1);
  }
  const poller = new Poller({ frameBudget: FRAME_BUDGET, closeTimeoutMs: CLOSE_TIMEOUT_MS });
  const peers = new LocalPeers(poller, options, server && new Windows(poller, server.transport), carrier);
  if (carrier.replay !== undefined) return replay(carrier.replay, poller, peers, options, end);
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
        view.show(frame, peers.frame(frame, Math.min(dtMs, LONGEST_STEP_MS), commands));
        failure = peers.failure;
        if (frame.tick >= options.ticks || failure !== undefined) end.abort();
      },
    });
  } finally {
    view.close();
    keyboard?.close();
    carrier.close();
    await poller[Symbol.asyncDispose]();
  }
  return failure === undefined ? 0 : complain(failure, 1);
}

/** Shows a recording at the pace at which it was made. */
async function replay(
  played: Replay,
  poller: Poller,
  peers: LocalPeers,
  options: Options,
  end: AbortController,
): Promise<number> {
  const view = openView(options, false);
  let lastMs: number | undefined;
  try {
    for (const nowMs of played.times) {
      const pauseMs = Math.min(nowMs - (lastMs ?? nowMs), LONGEST_STEP_MS);
      lastMs = nowMs;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (end.signal.aborted) break;
      const frame = poller.poll(nowMs);
      view.show(frame, peers.frame(frame, 0, []));
      poller.flush();
      if (frame.tick >= options.ticks) break;
    }
  } finally {
    view.close();
    poller[Symbol.dispose]();
  }
  const { divergence } = played;
  return divergence === undefined ? 0 : complain(`the replay went another way: ${divergence.message}`, 1);
}

/** In a pipe nobody can steer, so a demonstration drives itself. */
function withDefaults(options: Options): Options {
  const view = options.view ?? (process.stdout.isTTY ? "terminal" : "log");
  const isWatched = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const auto = options.auto || (options.peers === "both" && view !== "browser" && !isWatched);
  return { ...options, view, auto };
}

function openKeyboard(options: Options): Keyboard | undefined {
  if (options.view === "browser") return undefined; // its windows have the keys
  const isWanted = options.view === "terminal" || (options.peers !== "mirror" && !options.auto);
  if (process.stdin.isTTY && isWanted) return new Keyboard(process.stdin);
  if (options.peers === "mover" && !options.auto) complain("no keyboard here; --auto drives without one", 0);
  return undefined;
}

function openView(options: Options, hasKeys: boolean): View {
  if (options.view !== "terminal") {
    const look = { isPrefixed: options.peers === "both", hasPlaces: options.view === "log" };
    return new LogView(process.stdout, look);
  }
  // https://no-color.org: set and not empty.
  const isColoured = (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb";
  return new TerminalView(process.stdout, { isColoured, hasKeys: hasKeys && !options.auto });
}

/** Leaving is bounded in time, so a second signal has nothing to add; under npm, one Ctrl-C comes twice. */
function endWhenAsked(end: AbortController): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end.abort());
  // Whoever started this has a channel to here, and it closes when he dies, also by kill -9.
  process.on("disconnect", () => end.abort());
  process.channel?.unref(); // or it would keep this process alive
  if (process.env.npm_lifecycle_event !== undefined) endWithParent(end);
  // Whoever read this has gone (`| head`), or the terminal has: nothing is left to show to.
  process.stdout.on("error", () => end.abort());
  process.stderr.on("error", () => {});
}

/** Between npm and this stands a shell, which dies of npm's SIGTERM and does not pass it on. */
function endWithParent(end: AbortController): void {
  const parent = process.ppid;
  const look = () => {
    if (process.ppid !== parent) end.abort();
  };
  setInterval(look, LOOK_EVERY_MS).unref();
}

function complain(message: string, code: number): number {
  process.stderr.write(`cube: ${message}\n`);
  return code;
}

/** A flood of lines takes its turn with everybody else's. */
const FRAME_BUDGET = { messages: 4_096 };
/** Soon enough that nobody takes it for an orphan. */
const LOOK_EVERY_MS = 500;
/** A person who pressed Ctrl-C does not wait for a peer that never closes. */
const CLOSE_TIMEOUT_MS = 500;
/** After a stall (a debugger, a closed lid) the cube goes on; it does not leap to a wall. */
const LONGEST_STEP_MS = 250;

process.exitCode = await main(process.argv.slice(2));
