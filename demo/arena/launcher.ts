/**
 * The whole demonstration: NATS, gateways, worlds and bots as processes, and the operator's page
 * over all of them. Without a NATS the same in this one process. Decides ports and ends
 * everything; knows no game.
 *
 *     launcher ─┬─ nats-server
 *               ├─ gateway-1, gateway-2 ── players' pages
 *               ├─ world-1, world-2
 *               ├─ bots
 *               └─ operator ── operator's page
 */
import { once } from "node:events";
import { createServer } from "node:net";
import { memory, runLoop } from "../../src/index.ts";
import { nats } from "../../src/nats.ts";
import { websocket } from "../../src/websocket.ts";
import { openWindows } from "../cube/opener.ts";
import { Broker, natsServerHere } from "./broker.ts";
import { ArenaChild } from "./child-process.ts";
import type { Controls } from "./controls.ts";
import { gatewayName } from "./gateway.ts";
import { LocalArena } from "./local-arena.ts";
import { Operator } from "./operator.ts";
import type { Options } from "./options.ts";
import { HOST, type PageServer, servePage } from "./page-server.ts";
import type { BrokerView } from "./shared/operator-wire.ts";
import { worldName } from "./world.ts";

/** Runs everything until `end`. Answers an exit code. */
export async function launch(options: Options, end: AbortController): Promise<number> {
  const port = options.port ?? (await freePorts(options.gateways + 1));
  const places = Array.from({ length: options.gateways }, (_, index) => `${HOST}:${port + 1 + index}`);
  const pages = await servePage({ page: "operate", port, places: [] });
  try {
    const program = options.memory ? undefined : natsServerHere();
    if (options.nats === undefined && program === undefined) {
      const why = options.memory ? "as asked" : "there is no nats-server on PATH, and no --nats";
      print(`all in one process over memory(): ${why}`);
      return await runLocal(options, places, pages, end);
    }
    const broker =
      options.nats === undefined ? await Broker.start(program ?? "", await freePorts(1, 0)) : undefined;
    const url = options.nats ?? broker?.url ?? "";
    print(broker === undefined ? `over the NATS at ${url}` : `nats-server at ${url}, process ${broker.pid}`);
    try {
      return await runProcesses(options, { url, broker, places, pages }, end);
    } finally {
      await broker?.end();
    }
  } finally {
    pages.close();
  }
}

interface Ground {
  readonly url: string;
  readonly broker: Broker | undefined;
  readonly places: readonly string[];
  readonly pages: PageServer;
}

async function runProcesses(options: Options, ground: Ground, end: AbortController): Promise<number> {
  const { url, broker, places, pages } = ground;
  const bus = nats({ servers: url });
  const children: ArenaChild[] = [];
  const controls: Controls = {
    processes: children,
    get broker(): BrokerView {
      const leftMs = broker?.leftMs ?? 0;
      const words = broker === undefined ? `NATS at ${url}` : `nats-server ${broker.pid ?? ""}`;
      const why = broker === undefined ? "it was not started by this demo" : undefined;
      return { words, state: leftMs > 0 ? "cut" : "running", leftMs, why };
    },
    cut: () => broker?.cut(),
  };
  const { gateways, worlds: zones } = options;
  const operator = new Operator({
    bus,
    controls,
    pages: pages.transport,
    gateways: urlsOf(places),
    zones,
    print,
  });
  let code = 0;
  const begin = (name: string, role: ArenaChild["role"], ...args: readonly string[]): void => {
    const onHopeless = (): void => {
      code = 1;
      end.abort();
    };
    const own = [...args, "--nats", url, "--gateways", `${gateways}`, "--worlds", `${zones}`];
    const say = (line: string): void => operator.say(name, line);
    children.push(new ArenaChild({ name, role, args: own, say, onHopeless }));
  };
  const port = new URL(pages.url).port;
  for (let index = 0; index < zones; index++) begin(worldName(index), "world", "--index", `${index}`);
  for (let index = 0; index < gateways; index++)
    begin(gatewayName(index), "gateway", "--index", `${index}`, "--port", port);
  const seed = Math.floor(Math.random() * 2 ** 31); // others than those whom this NATS may know
  if (options.bots > 0)
    begin("bots", "bots", "--bots", `${options.bots}`, "--seed", `${seed}`, "--port", port);
  void show(options, pages.url, places);
  try {
    await runLoop({
      rateHz: OPERATOR_HZ,
      poller: operator.poller,
      signal: end.signal,
      tick: (_, { nowMs }) => operator.tick(nowMs),
    });
  } finally {
    await Promise.all(children.map((child) => child.end()));
    await operator.poller[Symbol.asyncDispose]();
  }
  return code;
}

async function runLocal(
  { gateways, worlds, bots, ...options }: Options,
  places: readonly string[],
  pages: PageServer,
  end: AbortController,
): Promise<number> {
  const servers: PageServer[] = [];
  for (const [index, place] of places.entries()) {
    const port = Number(place.split(":")[1]);
    servers[index] = await servePage({ page: "play", port, places });
  }
  const bus = memory();
  const say = (who: string, line: string): void => operator.say(who, line);
  const arena = new LocalArena({
    gateways,
    worlds,
    bots,
    seed: options.seed,
    bus,
    players: (index) => (servers[index] as PageServer).transport,
    transport: (place) => websocket(`ws://${place}/link`),
    places,
    say,
  });
  const urls = urlsOf(places);
  const operator = new Operator({
    bus,
    controls: arena,
    pages: pages.transport,
    gateways: urls,
    zones: worlds,
    print,
  });
  void show(options, pages.url, places);
  try {
    await runLoop({
      rateHz: LOCAL_HZ,
      poller: operator.poller,
      signal: end.signal,
      tick(_, { nowMs }) {
        arena.step(nowMs);
        operator.tick(nowMs);
      },
    });
  } finally {
    await arena.end();
    await operator.poller[Symbol.asyncDispose]();
    for (const server of servers) server.close();
  }
  return 0;
}

async function show(
  { open }: Pick<Options, "open">,
  operate: string,
  places: readonly string[],
): Promise<void> {
  print(`the operator is at ${operate}`);
  for (const [index, url] of urlsOf(places).entries()) print(`${gatewayName(index)} is at ${url}`);
  const why = open ? await openWindows([operate, ...urlsOf(places).slice(0, 2)]) : "as asked";
  if (why === undefined) print("they are open in your browser; Ctrl-C ends everything");
  else print(`not opened (${why}): open them in a browser; Ctrl-C ends everything`);
}

function urlsOf(places: readonly string[]): readonly string[] {
  return places.map((place) => `http://${place}/`);
}

/** The first of `count` free ports in a row, from the usual one up; `from` 0 is one that the system chooses. */
async function freePorts(count: number, from = USUAL_PORT): Promise<number> {
  for (let first = from; first < from + PORTS_TRIED; first += count) {
    const found = await Promise.all(
      Array.from({ length: count }, (_, index) => freePort(first === 0 ? 0 : first + index)),
    );
    if (found[0] !== undefined && !found.includes(undefined)) return found[0];
  }
  throw new Error(`no ${count} ports from ${from} up are free`);
}

async function freePort(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    await once(server.listen(port, HOST), "listening");
    const { port: found } = server.address() as { port: number };
    await once(server.close(), "close");
    return found;
  } catch {
    return undefined; // somebody has it
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Behind those of the cube. */
const USUAL_PORT = 14_910;
const PORTS_TRIED = 80;
const OPERATOR_HZ = 20;
const LOCAL_HZ = 60;
