/**
 * The command line: what was asked for, or what was wrong with it in one line.
 * Decides the defaults. Starts nothing, prints nothing.
 */
import { parseArgs } from "node:util";
import type { ConditionedOptions } from "../../src/index.ts";
import type { Endpoint } from "./endpoint.ts";
import { NETWORK_FLAGS, NETWORK_HELP, networkOf } from "./network-options.ts";
import { FORMATS, type Format } from "./shared/wire.ts";
import type { Role } from "./shared/world.ts";

/** What the command line asks for. */
export interface Options {
  /** Which peers run here. */
  readonly peers: Role | "both";
  readonly link: LinkOptions;
  /** Whether that endpoint was asked for, so that no other will do. */
  readonly isEndpointFixed: boolean;
  /** `undefined`, for one peer: a terminal view on a terminal, a log in a pipe. */
  readonly view: View | undefined;
  /** The address of the browser's window; `undefined` for the first free port from the usual one up. */
  readonly window: Endpoint | undefined;
  /** Whether to open windows in the user's browser. */
  readonly open: boolean;
  /** The format to send in. */
  readonly wire: Format;
  /** How bad the network is; `{}` for the one that is there. */
  readonly network: ConditionedOptions;
  /** Whether the link between the peers is a session, which goes on where it was when its line was lost. */
  readonly session: boolean;
  readonly auto: boolean;
  readonly rateHz: number;
  /** How many ticks to run for; `Infinity` for ever. */
  readonly ticks: number;
  /** The new file that records what the peer's frames see of the network. */
  readonly record: string | undefined;
  /** The recording that takes the place of the network. */
  readonly replay: string | undefined;
}

/** An endpoint, and whether to listen on it or to connect to it. */
export interface LinkOptions extends Endpoint {
  readonly how: "listen" | "connect";
}

/** How to look at peers. */
export type View = (typeof VIEWS)[number];
const VIEWS = ["browser", "terminal", "log"] as const;

/** A command line, understood or not. */
export type Parsed =
  | { readonly kind: "run"; readonly options: Options }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

/** Reads the arguments after the program's name. Never throws: what is wrong is said. */
export function parseOptions(args: readonly string[]): Parsed {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
    if (values.help === true) return { kind: "help" };
    return { kind: "run", options: check(values, positionals) };
  } catch (error) {
    // Node's messages go on with advice; the first sentence says what was wrong.
    const [message = ""] = (error as Error).message.split(/\.\s|\n/, 1);
    return { kind: "wrong", message };
  }
}

/** What `--help` prints. */
export const HELP: string = `A cube in two programs: a mover moves it, a mirror shows it, over TCP.

  npm run demo                      both, each with a window in the browser
  npm run demo -- mirror [options]  listens on 127.0.0.1:14900
  npm run demo -- mover [options]   connects to 127.0.0.1:14900

  --listen HOST:PORT    wait for others here (port 0: the system chooses)
  --connect HOST:PORT   join the peer that listens there, and keep trying
  --view browser|terminal|log
                        a window in the browser, a picture in this terminal,
                        or a line for each change. By default both peers have
                        windows; one alone has the terminal, a log when piped
  --window HOST:PORT    serve the browser's window here; by default on the
                        first free port from 127.0.0.1:14901 (mover) or 14902.
                        Of both peers the mover's, with the mirror's one behind
  --no-open             print the window's address, open no browser
  --wire text|json|binary
                        the format to send in, text by default; all are received
${NETWORK_HELP}  --session             the link between the peers outlives its line: both need it
  --auto                the mover drives by itself
  --rate HZ             ticks per second, 60 by default
  --ticks N             end after N ticks
  --record FILE         record what a peer's frames see of the network, in a new
                        file; of both peers the mirror's. When that is started
                        again, it goes on in a file of the next number
  --replay FILE         show the recording of a mirror again: the cube moves as
                        it did
  --help                this

Keys: arrows or WASD move on the ground, Q/E or PageUp/PageDown move up and
down, space stops, Ctrl-C leaves. Without a picture: nc 127.0.0.1 14900, and
type: cube 1 2 3
`;

function check(values: Values, positionals: readonly string[]): Options {
  const [role, ...extra] = positionals;
  if (role !== undefined && role !== "mover" && role !== "mirror") {
    throw new RangeError(`unknown command "${role}"; expected mover or mirror`);
  }
  if (extra.length > 0) throw new RangeError(`unexpected "${extra.join(" ")}" after ${role}`);
  const { listen, connect, auto = false } = values;
  if (listen !== undefined && connect !== undefined) {
    throw new RangeError("--listen and --connect: expected one of them, got both");
  }
  if (connect !== undefined && role === undefined) {
    throw new RangeError("--connect: expected with mover or mirror, as these two meet each other");
  }
  if (auto && role === "mirror")
    throw new RangeError("--auto: expected with a mover, a mirror does not drive");
  checkRecording(role, values);
  const view =
    values.view === undefined
      ? usualView(values.replay === undefined ? role : "mirror")
      : oneOf("--view", values.view, VIEWS);
  checkWindow(role, view, values);
  return {
    peers: role ?? (values.replay === undefined ? "both" : "mirror"),
    link: linkOf(role, listen, connect),
    isEndpointFixed: listen !== undefined || connect !== undefined,
    view,
    window: values.window === undefined ? undefined : addressOf("--window", values.window, 0),
    open: values["no-open"] !== true,
    wire: values.wire === undefined ? "text" : oneOf("--wire", values.wire, FORMATS),
    network: networkOf(values),
    session: values.session === true,
    auto,
    rateHz: numberOf(
      "--rate",
      values.rate ?? "60",
      /^\d{1,4}(\.\d{1,3})?$/,
      1_000,
      "a number above 0 and up to 1000",
    ),
    ticks:
      values.ticks === undefined
        ? Infinity
        : numberOf("--ticks", values.ticks, /^\d{1,12}$/, 1e12, "a whole number from 1 up"),
    record: values.record,
    replay: values.replay,
  };
}

/** A recording takes the place of the network, and shows a mirror, which nobody steers. */
function checkRecording(role: Role | undefined, values: Values): void {
  for (const flag of ["record", "replay"] as const) {
    if (values[flag] === "") throw new RangeError(`--${flag}: expected a file`);
  }
  if (values.replay === undefined) return;
  const networkFlags = Object.keys(NETWORK_FLAGS) as (keyof typeof NETWORK_FLAGS)[];
  for (const flag of ["record", "listen", "connect", "auto", ...networkFlags] as const) {
    if (values[flag] !== undefined) throw new RangeError(`--${flag}: expected without --replay`);
  }
  if (role === "mover") throw new RangeError("--replay: expected with a mirror, as a mover is steered");
}

/** What belongs to a window is wrong where there is none. */
function checkWindow(role: Role | undefined, view: View | undefined, values: Values): void {
  for (const flag of ["window", "no-open"] as const) {
    if (values[flag] !== undefined && view !== "browser") {
      throw new RangeError(`--${flag}: expected with --view browser`);
    }
  }
  if (role === undefined && values.window?.endsWith(":65535")) {
    throw new RangeError("--window: expected a port up to 65534, as the mirror's window has the next one");
  }
}

/** Both peers together are a show; one alone stays in its terminal. */
function usualView(role: Role | undefined): View | undefined {
  return role === undefined ? "browser" : undefined;
}

function linkOf(
  role: Role | undefined,
  listen: string | undefined,
  connect: string | undefined,
): LinkOptions {
  if (listen !== undefined) return { how: "listen", ...addressOf("--listen", listen, 0) };
  if (connect !== undefined) return { how: "connect", ...addressOf("--connect", connect, 1) };
  return { how: role === "mover" ? "connect" : "listen", ...DEFAULT_ADDRESS };
}

function oneOf<Name extends string>(flag: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  const others = names.slice(0, -1).join(", ");
  throw new RangeError(`${flag}: expected ${others} or ${names.at(-1)}, got "${text}"`);
}

function addressOf(flag: string, text: string, leastPort: number): Endpoint {
  const found = /^(?:\[([^[\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3]);
  if (host === undefined || port < leastPort || port > 65_535) {
    throw new RangeError(
      `${flag}: expected HOST:PORT or [IPV6]:PORT, a port from ${leastPort} to 65535, got "${text}"`,
    );
  }
  return { host, port };
}

function numberOf(flag: string, text: string, shape: RegExp, most: number, expected: string): number {
  const value = Number(text);
  if (!shape.test(text) || value <= 0 || value > most) {
    throw new RangeError(`${flag}: expected ${expected}, got "${text}"`);
  }
  return value;
}

const DEFAULT_ADDRESS = { host: "127.0.0.1", port: 14_900 };

const FLAGS = {
  listen: { type: "string" },
  connect: { type: "string" },
  view: { type: "string" },
  window: { type: "string" },
  "no-open": { type: "boolean" },
  wire: { type: "string" },
  auto: { type: "boolean" },
  rate: { type: "string" },
  ticks: { type: "string" },
  ...NETWORK_FLAGS,
  session: { type: "boolean" },
  record: { type: "string" },
  replay: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

type Values = {
  -readonly [Name in keyof typeof FLAGS]?:
    | ((typeof FLAGS)[Name]["type"] extends "string" ? string : boolean)
    | undefined;
};
