/**
 * The whole demonstration: a mover and a mirror as two processes, each with a
 * window in the browser. Decides the endpoint between the two, opens the windows,
 * and ends everything when one cannot go on. Knows no cube.
 *
 *     launcher ─┬─ mirror ── window        each a process of this program,
 *               └─ mover  ── window        kept by `supervisor.ts`
 */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join, parse } from "node:path";
import { type Endpoint, formatEndpoint, reachableHost } from "./endpoint.ts";
import { networkArgs } from "./network-options.ts";
import { openWindows } from "./opener.ts";
import type { Options } from "./options.ts";
import type { Role } from "./shared/world.ts";
import { Supervisor } from "./supervisor.ts";

/** Runs both until `end`, which it also aborts when one of them cannot go on. Answers an exit code. */
export async function launch(options: Options, end: AbortController): Promise<number> {
  const { host, port } = await chooseEndpoint(options);
  const urls = new Map<Role, string>();
  let begin = () => {};
  const mirrorServes = new Promise<void>((resolve) => {
    begin = resolve;
    end.signal.addEventListener("abort", () => resolve());
  });
  const recordings = recordingArgs(options);
  const supervise = async (role: Role, ...args: readonly string[]): Promise<number> => {
    const supervisor = new Supervisor({
      ...(role === "mirror" && { freshArgs: recordings }),
      role,
      args: [
        ...args,
        ...windowPlace(role, options),
        "--no-open",
        "--wire",
        options.wire,
        ...link(options),
        ...pace(options),
      ],
      mayFinish: options.ticks !== Infinity,
      say: (line) => say(role, line),
      onWindow(url) {
        urls.set(role, url);
        begin();
        if (urls.size === ROLES.length) void show(urls, options);
      },
    });
    const code = await supervisor.run(end.signal);
    if (code !== 0) end.abort();
    return code;
  };
  const there = formatEndpoint({ host: reachableHost(host), port });
  const codes = await Promise.all([
    supervise("mirror", "--listen", formatEndpoint({ host, port })),
    // Then the mover finds it at once, and the first lines tell of no failure.
    mirrorServes.then(() =>
      supervise(
        "mover",
        "--connect",
        there,
        ...networkArgs(options.network),
        ...(options.auto ? ["--auto"] : []),
      ),
    ),
  ]);
  return Math.max(...codes);
}

/** Each window on a port of its own; one that is started again is told a second time, which counts. */
function windowPlace(role: Role, { window }: Options): string[] {
  const view = ["--view", "browser"];
  if (window === undefined) return view;
  const port = window.port === 0 ? 0 : window.port + ROLES.indexOf(role);
  return [...view, "--window", formatEndpoint({ host: window.host, port })];
}

/** Each start of the mirror records in a file of its own, as none is written over. */
function recordingArgs({ record }: Options): () => readonly string[] {
  let starts = 0;
  return () => {
    if (record === undefined) return [];
    starts++;
    if (starts === 1) return ["--record", record]; // what is there already is the user's
    const next = nextFile(record);
    say("mirror", `records in ${next} now`);
    return ["--record", next];
  };
}

/** The first of `match-2.rec`, `match-3.rec` and so on that is not there. */
export function nextFile(path: string): string {
  const { dir, name, ext } = parse(path);
  for (let number = 2; ; number++) {
    const next = join(dir, `${name}-${number}${ext}`);
    if (!existsSync(next)) return next;
  }
}

/** Both ends need it. */
function link({ session }: Options): string[] {
  return session ? ["--session"] : [];
}

function pace({ rateHz, ticks }: Options): string[] {
  const rate = ["--rate", String(rateHz)];
  return ticks === Infinity ? rate : [...rate, "--ticks", String(ticks)];
}

async function show(urls: ReadonlyMap<Role, string>, options: Options): Promise<void> {
  const inOrder = ROLES.map((role) => urls.get(role) ?? "");
  for (const [index, url] of inOrder.entries()) say("demo", `the ${ROLES[index]} is at ${url}`);
  const why = options.open ? await openWindows(inOrder) : "as asked";
  if (why === undefined) say("demo", "both are open in your browser; Ctrl-C ends everything");
  else say("demo", `not opened (${why}): open both in a browser; Ctrl-C ends everything`);
}

/**
 * The endpoint between the two: the one that was asked for, or the usual one, or
 * any port when that is taken. It is chosen before they begin, as both get it, and
 * get the same again when they are started again.
 */
async function chooseEndpoint({ link, isEndpointFixed }: Options): Promise<Endpoint> {
  const { host, port } = link;
  if (isEndpointFixed && port !== 0) return link;
  return (await freeEndpoint(host, port)) ?? (await freeEndpoint(host, 0)) ?? link;
}

/** `host` with that port, or the one that the system chooses for 0; `undefined` when it cannot be had. */
async function freeEndpoint(host: string, port: number): Promise<Endpoint | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
    const found = { host, port: (server.address() as AddressInfo).port };
    server.close();
    await once(server, "close");
    return found;
  } catch {
    return undefined; // the mirror will say why
  }
}

function say(who: string, line: string): void {
  process.stdout.write(`${who.padEnd("mirror".length)} | ${line}\n`);
}

/** In the order in which people read of them. */
const ROLES: readonly Role[] = ["mover", "mirror"];
