/**
 * The command line: what was asked for, or what was wrong with it in one line.
 * Decides the defaults. Starts nothing, prints nothing.
 */
import { parseArgs } from "node:util";
import type { Role } from "./world.ts";

/** What the command line asks for. */
export interface Options {
  /** Which peers run here. */
  readonly cast: Role | "both";
  readonly meeting: Place;
  /** Whether that place was asked for, so that no other will do. */
  readonly isPlaceFixed: boolean;
  /** `undefined`: a terminal view on a terminal, a log in a pipe. */
  readonly view: "terminal" | "log" | undefined;
  readonly auto: boolean;
  readonly rateHz: number;
  /** How many ticks to run for; `Infinity` for ever. */
  readonly ticks: number;
}

/** A place in the network, and which end of it to take. */
export interface Place {
  readonly how: "listen" | "connect";
  readonly host: string;
  readonly port: number;
}

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

/** An address as people write it. */
export function formatPlace({ host, port }: Pick<Place, "host" | "port">): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What `--help` prints. */
export const HELP = `A cube in two programs: a mover moves it, a mirror shows it, over TCP.

  npm run demo                      both, in this terminal
  npm run demo -- mirror [options]  listens on 127.0.0.1:14900
  npm run demo -- mover [options]   connects to 127.0.0.1:14900

  --listen HOST:PORT    wait for others here (port 0: the system chooses)
  --connect HOST:PORT   join the peer that listens there, and keep trying
  --view terminal|log   a picture, or a line for each change; log when piped
  --auto                the mover drives by itself
  --rate HZ             ticks per second, 60 by default
  --ticks N             end after N ticks
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
  const { listen, connect, view, auto = false } = values;
  if (listen !== undefined && connect !== undefined) {
    throw new RangeError("--listen and --connect: expected one of them, got both");
  }
  if (connect !== undefined && role === undefined) {
    throw new RangeError("--connect: expected with mover or mirror, as both peers of one terminal meet here");
  }
  if (auto && role === "mirror")
    throw new RangeError("--auto: expected with a mover, a mirror does not drive");
  if (view !== undefined && view !== "terminal" && view !== "log") {
    throw new RangeError(`--view: expected terminal or log, got "${view}"`);
  }
  return {
    cast: role ?? "both",
    meeting: placeOf(role, listen, connect),
    isPlaceFixed: listen !== undefined || connect !== undefined,
    view,
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
  };
}

function placeOf(role: Role | undefined, listen: string | undefined, connect: string | undefined): Place {
  if (listen !== undefined) return { how: "listen", ...addressOf("--listen", listen, 0) };
  if (connect !== undefined) return { how: "connect", ...addressOf("--connect", connect, 1) };
  return { how: role === "mover" ? "connect" : "listen", ...DEFAULT_ADDRESS };
}

function addressOf(flag: string, text: string, leastPort: number): { host: string; port: number } {
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
  auto: { type: "boolean" },
  rate: { type: "string" },
  ticks: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

type Values = {
  -readonly [Name in keyof typeof FLAGS]?:
    | ((typeof FLAGS)[Name]["type"] extends "string" ? string : boolean)
    | undefined;
};
