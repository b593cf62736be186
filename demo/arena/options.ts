/**
 * The command line: what was asked for, or what was wrong with it in one line. Starts nothing,
 * prints nothing.
 */
import { parseArgs } from "node:util";
import { MOST_ZONES } from "./shared/rules.ts";

/** What the command line asks for. */
export interface Options {
  /** What this process is: the launcher of all, or one of what it launches. */
  readonly role: Role;
  readonly bots: number;
  readonly gateways: number;
  readonly worlds: number;
  /** Where NATS is; `undefined` for one that the launcher starts. */
  readonly nats: string | undefined;
  /** Whether all is in one process, without NATS. */
  readonly memory: boolean;
  /** Of the operator's page; the gateways' are behind it. `undefined` for the first free ones. */
  readonly port: number | undefined;
  readonly open: boolean;
  /** Of a gateway or a world: its number, from 0. */
  readonly index: number;
  /** Of the bots: where their chance comes from. */
  readonly seed: number;
}

/** What a process of the demo is. */
export type Role = "launcher" | "gateway" | "world" | "bots";

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
    const [role = "launcher", ...extra] = positionals;
    if (!isRole(role) || extra.length > 0) throw new RangeError(`unexpected "${positionals.join(" ")}"`);
    if (values.memory === true && values.nats !== undefined)
      throw new RangeError("--memory and --nats: expected one of them, got both");
    if (values.nats !== undefined && !/^(nats|tls):\/\/[^\s@]+$/.test(values.nats))
      throw new RangeError("--nats: expected an address such as nats://127.0.0.1:4222");
    return {
      kind: "run",
      options: {
        role,
        bots: wholeOf("--bots", values.bots ?? "40", 0, 2_000),
        gateways: wholeOf("--gateways", values.gateways ?? "2", 1, 16),
        worlds: wholeOf("--worlds", values.worlds ?? "2", 1, MOST_ZONES),
        nats: values.nats,
        memory: values.memory === true,
        port: values.port === undefined ? undefined : wholeOf("--port", values.port, 1, 65_000),
        open: values["no-open"] !== true,
        index: wholeOf("--index", values.index ?? "0", 0, 15),
        seed: wholeOf("--seed", values.seed ?? "1", 0, 2 ** 31),
      },
    };
  } catch (error) {
    // Node's messages go on with advice; the first sentence says what was wrong.
    const [message = ""] = (error as Error).message.split(/\.\s|\n/, 1);
    return { kind: "wrong", message };
  }
}

/** What `--help` prints. */
export const HELP: string = `An arena on many machines: players at gateways, zones in worlds, NATS between them.

  npm run demo:arena -- [options]

  --bots N       so many players without a page, 40 by default
  --gateways N   so many processes that hold players, 2 by default
  --worlds N     so many processes that play zones, and zones; 2 by default
  --nats URL     over this NATS, such as nats://127.0.0.1:4222, with JetStream;
                 by default one is started, when nats-server is on PATH
  --memory       all in one process, without NATS
  --port N       the operator's page; the gateways' pages are behind it
  --no-open      print the pages' addresses, open no browser
  --help         this
`;

function isRole(text: string): text is Role {
  return ["launcher", "gateway", "world", "bots"].includes(text);
}

function wholeOf(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value < least || value > most)
    throw new RangeError(`${flag}: expected a whole number from ${least} to ${most}, got "${text}"`);
  return value;
}

const FLAGS = {
  bots: { type: "string" },
  gateways: { type: "string" },
  worlds: { type: "string" },
  nats: { type: "string" },
  memory: { type: "boolean" },
  port: { type: "string" },
  "no-open": { type: "boolean" },
  index: { type: "string" },
  seed: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;
