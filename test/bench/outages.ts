/**
 * What a session costs in bytes, and how long an outage lasts, as a table for its manual:
 *
 *     npx tsx test/bench/outages.ts
 *
 * Over `tcp()` on loopback in real time, both ends polled 60 times a second, behind a proxy
 * of `node:net` that counts the bytes and breaks the line: with a reset, or by letting
 * nothing through. The time is that from the break to the frame that has the first message
 * which was sent after it.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type Connection, lines, Poller, session, type Transport, tcp } from "../../src/index.ts";

const FRAME_MS = 1_000 / 60;
const IDLE_MS = 10_000;
const MESSAGES = 300;
/** Longer than the second after which a line counts as a good one. */
const CALM_FRAMES = 75;
const BREAKS = 20;
const SILENCES = 5;

/** A line between the two ends: what passes is counted, and it can be broken. */
class Cable {
  /** The bytes that have passed, to the server and back. */
  readonly passed = { up: 0, down: 0 };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isSilent = false;

  constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      for (const [from, to, way] of [
        [near, far, "up"],
        [far, near, "down"],
      ] as const) {
        this.#sockets.add(from);
        from.setNoDelay();
        from.on("error", () => {});
        from.on("close", () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        from.on("data", (bytes) => {
          if (this.#isSilent) return;
          this.passed[way] += bytes.length;
          to.write(bytes);
        });
      }
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Drops what comes on the lines that are there; later ones are whole. */
  silence(): void {
    this.#isSilent = true;
    this.#server.once("connection", () => {
      this.#isSilent = false;
    });
  }

  close(): void {
    this.reset();
    this.#server.close();
  }
}

/** Two ends with a cable between them, each with frames of its own. */
class Match {
  readonly cable: Cable;
  readonly player: Connection<string>;
  readonly #pollers: readonly Poller[];
  readonly #listener;

  static async begin(around: (transport: Transport) => Transport): Promise<Match> {
    const server = new Poller();
    const listener = server.listen(around(tcp({ host: "127.0.0.1", port: 0 })), lines());
    while (listener.address === undefined) {
      await frame();
      server.poll();
    }
    const cable = new Cable(listener.address.port);
    const client = new Poller();
    const port = await cable.listen();
    const player = client.connect(around(tcp({ host: "127.0.0.1", port })), lines());
    const match = new Match(cable, player, [server, client], listener);
    while (player.state !== "open") await match.step();
    return match;
  }

  private constructor(
    cable: Cable,
    player: Connection<string>,
    pollers: readonly Poller[],
    listener: ReturnType<Poller["listen"]>,
  ) {
    this.cable = cable;
    this.player = player;
    this.#pollers = pollers;
    this.#listener = listener;
  }

  /** One frame of both ends. Returns what the server has got in it. */
  async step(): Promise<readonly string[]> {
    await frame();
    const got: string[] = [];
    for (const poller of this.#pollers) poller.poll();
    this.#listener.tryAccept();
    this.#listener.drain((_, message) => void got.push(message as string));
    for (const poller of this.#pollers) poller.flush();
    return got;
  }

  end(): void {
    for (const poller of this.#pollers) poller[Symbol.dispose]();
    this.cable.close();
  }
}

/** Returns the bytes a second each way of a match in which nobody says anything. */
async function idleBytes(around: (transport: Transport) => Transport): Promise<string> {
  const match = await Match.begin(around);
  const { up, down } = match.cable.passed;
  const endMs = performance.now() + IDLE_MS;
  while (performance.now() < endMs) await match.step();
  const { passed } = match.cable;
  match.end();
  const perSecond = [passed.up - up, passed.down - down].map((bytes) =>
    ((bytes / IDLE_MS) * 1_000).toFixed(0),
  );
  return perSecond.join(" and ");
}

/** Returns the bytes that a line of 24 bytes a frame costs on the way up, each. */
async function bytesEach(around: (transport: Transport) => Transport): Promise<string> {
  const match = await Match.begin(around);
  const before = match.cable.passed.up;
  for (let sent = 0; sent < MESSAGES; sent++) {
    match.player.trySend("x".repeat(23));
    await match.step();
  }
  for (let left = 10; left > 0; left--) await match.step();
  const bytes = (match.cable.passed.up - before) / MESSAGES;
  match.end();
  return bytes.toFixed(1);
}

/** Breaks the line again and again. Returns how long each outage was, in milliseconds. */
async function outages(times: number, cut: (cable: Cable) => void): Promise<number[]> {
  const match = await Match.begin((transport) => session(transport));
  const waitsMs: number[] = [];
  for (let round = 0; round < times; round++) {
    for (let calm = 0; calm < CALM_FRAMES; calm++) await match.step();
    const brokenMs = performance.now();
    cut(match.cable);
    match.player.trySend(`after ${round}`);
    while (!(await match.step()).includes(`after ${round}`));
    waitsMs.push(performance.now() - brokenMs);
  }
  match.end();
  return waitsMs;
}

function frame(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, FRAME_MS));
}

function wordsOf(waitsMs: readonly number[]): string {
  const sorted = waitsMs.toSorted((one, other) => one - other);
  const at = (share: number): string =>
    (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(0);
  return `${at(0.5)} ms at the median, ${at(1)} at most, of ${sorted.length}`;
}

const bare = (transport: Transport): Transport => transport;
const held = (transport: Transport): Transport => session(transport);
console.log("| | `tcp()` | `session(tcp())` |\n|---|--:|--:|");
console.log(
  `| bytes a second when idle, up and down | ${await idleBytes(bare)} | ${await idleBytes(held)} |`,
);
console.log(`| bytes for a line of 24, one a frame | ${await bytesEach(bare)} | ${await bytesEach(held)} |`);
console.log(
  `| a reset, to the first message behind it | closed | ${wordsOf(await outages(BREAKS, (cable) => cable.reset()))} |`,
);
console.log(`| silence, the same | | ${wordsOf(await outages(SILENCES, (cable) => cable.silence()))} |`);
