/**
 * What the presets of `conditioned` do to a round trip, as a table for the README:
 *
 *     npx tsx test/bench/networks.ts
 *
 * Over `memory()` in simulated time, polled each millisecond and 60 times a second;
 * over `tcp()` on loopback in real time, polled each millisecond; and, where the
 * machine has `tc` and network namespaces, over bare `tcp()` with the same numbers in
 * `tc netem`, whose delay goes up and down where a preset's jitter only adds. A ping
 * every 50 ms, one connection, both directions bad at the player's end.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  type ConditionedOptions,
  type Connection,
  conditioned,
  lines,
  memory,
  type NetworkName,
  networkPresets,
  Poller,
  type Transport,
  tcp,
} from "../../src/index.ts";

const NAMES = Object.keys(networkPresets) as NetworkName[];
const PING_EVERY_MS = 50;
const PINGS = 200;
const SIMULATED_PINGS = 5_000;

async function main(): Promise<void> {
  console.log(
    "| network | `memory()` | `memory()` at 60 Hz | `tcp()` | bare `tcp()` under `tc netem` |\n|---|--:|--:|--:|--:|",
  );
  for (const name of [undefined, ...NAMES]) {
    const options: ConditionedOptions = name === undefined ? {} : { network: name };
    const cells = [
      overMemory(options, 1),
      overMemory(options, 1_000 / 60),
      await overTcp((transport) => conditioned(transport, options)),
      name === undefined ? undefined : underNetem(name),
    ].map(wordsOf);
    console.log(`| ${name ?? "none"} | ${cells.join(" | ")} |`);
  }
}

/** One connection whose far end answers at once, polled at the times that are given. */
class PingPong {
  readonly waitsMs: number[] = [];
  readonly server = new Poller();
  readonly client = new Poller();
  readonly #listener;
  #near: Connection<string> | undefined;
  #dueMs = 0;

  constructor(listen: Transport) {
    this.#listener = this.server.listen(listen, lines());
  }

  get port(): number | undefined {
    return this.#listener.address?.port;
  }

  connect(transport: Transport): void {
    this.#near = this.client.connect(transport, lines());
  }

  step(nowMs: number): void {
    this.client.poll(nowMs);
    for (const sentMs of this.#near ?? []) this.waitsMs.push(nowMs - Number(sentMs));
    if (nowMs >= this.#dueMs && this.#near?.state === "open") {
      this.#near.trySend(String(nowMs));
      this.#dueMs = nowMs + PING_EVERY_MS;
    }
    this.client.flush();
    this.server.poll(nowMs);
    this.#listener.tryAccept();
    this.#listener.drain((connection, message) => connection.trySend(message));
    this.server.flush();
  }
}

function overMemory(options: ConditionedOptions, frameMs: number): number[] {
  const wire = memory();
  const pings = new PingPong(wire);
  pings.connect(conditioned(wire, options));
  for (let frame = 0; pings.waitsMs.length < SIMULATED_PINGS; frame++) pings.step(frame * frameMs);
  return pings.waitsMs;
}

/** @param mostMs how long it may take; without end by default */
async function overTcp(around: (transport: Transport) => Transport, mostMs: number = 0): Promise<number[]> {
  const pings = new PingPong(tcp({ host: "127.0.0.1", port: 0 }));
  const beginMs = performance.now();
  let isConnected = false;
  while (pings.waitsMs.length < PINGS && (mostMs === 0 || performance.now() - beginMs < mostMs)) {
    pings.step(performance.now());
    if (!isConnected && pings.port !== undefined) {
      pings.connect(around(tcp({ host: "127.0.0.1", port: pings.port })));
      isConnected = true;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const poller of [pings.client, pings.server]) poller[Symbol.dispose]();
  return pings.waitsMs;
}

/** The same numbers on the loopback of a network namespace of its own; `undefined` where that cannot be had. */
function underNetem(name: NetworkName): number[] | undefined {
  const { latencyMs, jitterMs, lossChance } = networkPresets[name];
  const netem = `netem delay ${latencyMs}ms ${jitterMs}ms loss ${Number(lossChance) * 100}%`;
  const self = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)].join(" ");
  const script = `ip link set lo up && tc qdisc add dev lo root ${netem} && ${self} --bare 60000`;
  const { status, stdout } = spawnSync("unshare", ["-n", "sh", "-c", script], { encoding: "utf8" });
  return status === 0 ? (JSON.parse(stdout) as number[]) : undefined;
}

/** The median, and what 99 of 100 keep to. */
function wordsOf(waitsMs: readonly number[] | undefined): string {
  if (waitsMs === undefined) return "–";
  const sorted = waitsMs.toSorted((one, other) => one - other);
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(0);
  return `${at(0.5)} (${at(0.99)})`;
}

const [mode, ms = "0"] = process.argv.slice(2);
if (mode === "--bare") console.log(JSON.stringify(await overTcp((transport) => transport, Number(ms))));
else await main();
