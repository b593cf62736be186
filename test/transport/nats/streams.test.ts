/**
 * Streams over a broker: what becomes of them when the broker goes, stands still or loses
 * something, when their peer's process goes, and when a stranger on the same broker talks.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  bytes,
  type Connection,
  type Listener,
  Poller,
  session,
  type Transport,
} from "../../../src/index.ts";
import { type NatsOptions, nats } from "../../../src/nats.ts";
import { FRAME, newFrame } from "../../../src/transport/nats/stream-frames.ts";
import { lack, needs } from "../../machine.ts";
import { SEED } from "../../seed.ts";
import { turn } from "../link-pair.ts";
import { Broker } from "./broker.ts";
import { connectForeign, type ForeignClient } from "./foreign-client.ts";

let broker: Broker;
beforeAll(async () => {
  if (lack("nats-server") === undefined) broker = await Broker.start();
});
afterAll(async () => broker?.[Symbol.asyncDispose]());

const pollers: Poller[] = [];
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const poller of pollers.splice(0)) poller[Symbol.dispose]();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await turn();
});

let names = 0;

/** Two machines, each with a connection to the broker of its own. */
class Machines {
  readonly name = `world.${++names}`;
  readonly server = newPoller();
  readonly client = newPoller();
  readonly world: Transport;
  readonly gateway: Transport;
  readonly listener: Listener<Uint8Array>;

  constructor(
    wrap: (transport: Transport) => Transport = (transport) => transport,
    options: NatsOptions = {},
  ) {
    const servers = broker.url;
    this.world = wrap(nats({ servers, name: this.name, ...options }));
    this.gateway = wrap(nats({ servers, name: `gateway.${names}`, ...options }).at(this.name));
    this.listener = this.server.listen(this.world, bytes());
  }

  async pair(): Promise<{ near: Connection<Uint8Array>; far: Connection<Uint8Array> }> {
    await this.until(() => this.listener.state === "listening");
    const near = this.client.connect(this.gateway, bytes());
    let far: Connection<Uint8Array> | undefined;
    await this.until(() => (far ??= this.listener.tryAccept()) !== undefined && near.state === "open");
    return { near, far: far as Connection<Uint8Array> };
  }

  async until(isThere: () => boolean): Promise<void> {
    await untilPolled([this.client, this.server], isThere);
  }
}

function newPoller(): Poller {
  const poller = new Poller({ timeoutMs: PATIENCE_MS });
  pollers.push(poller);
  return poller;
}

async function untilPolled(all: readonly Poller[], isThere: () => boolean): Promise<void> {
  for (const giveUpMs = performance.now() + PATIENCE_MS; performance.now() < giveUpMs; ) {
    for (const poller of all) poller.poll();
    if (isThere()) return;
    for (const poller of all) poller.flush();
    await turn();
  }
  throw new Error("it did not come");
}

describe("a stream over a broker", needs("nats-server"), () => {
  test("waits while the broker stands still, and goes on", async () => {
    const machines = new Machines();
    const { near, far } = await machines.pair();
    broker.freeze();
    near.trySend(text("held"));
    await machines.until(() => near.pendingBytes === 0); // the client has it
    broker.thaw();
    await machines.until(() => said(far) === "held");
    expect([near.state, far.state]).toEqual(["open", "open"]);
  });

  test("goes on after a broker that was killed while nothing was under way, and says that it waits", async () => {
    const machines = new Machines();
    const { near, far } = await machines.pair();
    near.trySend(text("before"));
    await machines.until(() => said(far) === "before");
    await broker.kill();
    await machines.until(() => !near.linked && !far.linked);
    near.trySend(text("meanwhile"));
    await machines.until(() => near.downMs > 0 && far.downMs > 0);
    expect(near.pendingBytes).toBe("meanwhile".length);
    await broker.restart();
    await machines.until(() => said(far) === "meanwhile");
    expect([near.linked, near.state, far.state, near.downMs]).toEqual([true, "open", "open", 0]);
  });

  test("is reset at both ends with the code `gap` when the broker has lost something of it", async () => {
    const machines = new Machines();
    const { near, far } = await machines.pair();
    broker.freeze();
    near.trySend(text("lost"));
    await machines.until(() => near.pendingBytes === 0);
    await broker.kill();
    await broker.restart();
    await machines.until(() => near.state === "closed" && far.state === "closed");
    expect(far.closeReason).toMatchObject({ kind: "reset", code: "gap" });
    expect(near.closeReason).toMatchObject({ kind: "reset", code: "gap" });
    expect(said(far)).toBeUndefined();
  });

  test("heals under sessions when the broker is killed in mid-stream, again and again: each byte once, and in order", async () => {
    const machines = new Machines(session);
    const { near, far } = await machines.pair();
    const sides = [
      { from: near, to: far, sent: 0, got: 0 },
      { from: far, to: near, sent: 0, got: 0 },
    ];
    const move = () => {
      for (const side of sides) {
        while (side.sent < TOTAL_BYTES && side.sent - side.got < 500_000) {
          const piece = numbered(side.sent, Math.min(PIECE_BYTES, TOTAL_BYTES - side.sent));
          if (!side.from.trySend(piece)) break;
          side.sent += piece.length;
        }
        for (const piece of side.to) {
          for (const byte of piece)
            if (byte !== byteAt(side.got++)) throw new Error(`byte ${side.got - 1} is wrong`);
        }
      }
    };
    for (const part of [0.2, 0.5, 0.8]) {
      await machines.until(() => {
        move();
        return sides.every(({ got }) => got >= part * TOTAL_BYTES);
      });
      await broker.kill();
      broker.restartSoon();
    }
    await machines.until(() => {
      move();
      return sides.every(({ got }) => got >= TOTAL_BYTES);
    });
    expect(sides.map(({ got }) => got)).toEqual([TOTAL_BYTES, TOTAL_BYTES]);
    expect([near.state, far.state]).toEqual(["open", "open"]);
  }, 120_000);

  test("holds at most a window of what its peer does not read, and delivers all of it later", async () => {
    const machines = new Machines();
    const { near, far } = await machines.pair();
    const one = new Uint8Array(10_000);
    let sent = 0;
    let turnsAfter = 0;
    // Turns without progress say nothing: a broker that gets no time from the machine makes them, too.
    await machines.until(() => {
      while (near.trySend(one)) sent += one.length;
      if (far.stats.pauses === 1 && sent >= LEAST_STUCK_BYTES) turnsAfter++;
      return turnsAfter > 200;
    });
    // The inbox of the far end and the queue of the near one, a window on the way, and a frame.
    const most = 2 * LIMIT_BYTES + 65_536 + 262_144 + one.length;
    expect(sent).toBeLessThanOrEqual(most);
    let got = 0;
    await machines.until(() => {
      for (const piece of far) got += piece.length;
      return got === sent;
    });
  });

  test("carries more than a broker's max_payload at once", async () => {
    const machines = new Machines();
    const { near, far } = await machines.pair();
    const much = new Uint8Array(900_000).fill(7);
    near.trySend(much);
    let got = 0;
    await machines.until(() => {
      for (const piece of far) got += piece.filter((byte) => byte === 7).length;
      return got === much.length;
    });
  });

  test("is refused while nobody listens, and by a listener that has closed", async () => {
    const machines = new Machines();
    await machines.pair();
    machines.listener.close();
    const late = machines.client.connect(machines.gateway, bytes());
    await machines.until(() => late.state === "closed");
    expect(late.closeReason).toMatchObject({ kind: "refused", code: "no-responders" });
    expect(late.closeReason?.message).toBe(`nobody listens as ${machines.name}`);
  });

  test("waits for a broker that is not there yet, and says why when its time is up", async () => {
    const client = newPoller();
    const away = nats({ servers: "nats://127.0.0.1:1", name: "world.7" });
    const near = client.connect(away, bytes(), { timeoutMs: 500 });
    await untilPolled([client], () => near.state === "closed");
    expect(near.closeReason).toMatchObject({ kind: "timeout", code: "timeoutMs" });
    expect(near.failedAttempts.at(-1)?.reason.kind).toBe("refused");
  });

  test("tells a peer's name, and where it listens", async () => {
    const machines = new Machines();
    const { near, far } = await machines.pair();
    expect(far.remoteAddress).toEqual({ family: "nats", host: `gateway.${names}`, port: 0 });
    expect(near.remoteAddress).toEqual({ family: "nats", host: machines.name, port: 0 });
    expect(machines.listener.address).toEqual(near.remoteAddress);
  });

  test.each(["Symbol.dispose", "Symbol.asyncDispose"])(
    "leaves nothing that keeps a process, after %s",
    async (how) => {
      const child = program(LEAVE, broker.url, `world.${++names}`, how);
      const [code] = await once(child, "exit");
      expect(code).toBe(0);
    },
  );
});

test("a stream over a broker needs a name to listen, and whom to reach", () => {
  const net = newPoller();
  const nameless = nats();
  expect(() => net.listen(nameless, bytes())).toThrow(new RangeError(NEEDS_NAME("listen")));
  expect(() => net.connect(nameless, bytes())).toThrow(new RangeError(NEEDS_NAME("connect")));
});

describe("a peer's process", needs("nats-server"), () => {
  test("that is killed resets its streams within the second in which it is asked", async () => {
    const machines = new Machines();
    await machines.until(() => machines.listener.state === "listening");
    const child = program(CONNECT, broker.url, machines.name);
    let far: Connection<Uint8Array> | undefined;
    await machines.until(() => said((far ??= machines.listener.tryAccept())) === "hello");
    child.kill("SIGKILL");
    await machines.until(() => far?.state === "closed");
    expect(far?.closeReason).toMatchObject({ kind: "reset", code: "no-responders" });
  });

  test("that stands still for longer than deadPeerMs is given up, and learns it when it goes on", async () => {
    const machines = new Machines(undefined, { deadPeerMs: 2_000 });
    await machines.until(() => machines.listener.state === "listening");
    const child = program(CONNECT, broker.url, machines.name);
    let far: Connection<Uint8Array> | undefined;
    await machines.until(() => said((far ??= machines.listener.tryAccept())) === "hello");
    child.kill("SIGSTOP");
    await machines.until(() => far?.state === "closed");
    expect(far?.closeReason).toMatchObject({ kind: "timeout", code: "deadPeerMs" });
    let printed = "";
    child.stdout?.on("data", (data) => {
      printed += data;
    });
    child.kill("SIGCONT");
    await once(child, "exit");
    expect(printed).toBe("reset deadPeerMs\n");
  });

  test("that stands still keeps a name for as long as deadPeerMs, and loses it to a listener that asks later", async () => {
    const name = `world.${++names}`;
    const child = program(LISTEN, broker.url, name);
    let printed = "";
    child.stdout?.on("data", (data) => {
      printed += data;
    });
    const server = newPoller();
    await untilPolled([], () => printed === "listening\n");
    const early = server.listen(nats({ servers: broker.url, name, deadPeerMs: 2_000 }), bytes());
    await untilPolled([server], () => early.state === "closed");
    expect(early.closeReason?.kind).toBe("address-in-use");
    child.kill("SIGSTOP");
    const late = server.listen(nats({ servers: broker.url, name, deadPeerMs: 2_000 }), bytes());
    await untilPolled([server], () => late.state === "listening");
    child.kill("SIGCONT");
    await untilPolled([server], () => printed === "listening\naddress-in-use\n");
    expect(late.state).toBe("listening");
  });
});

describe("a stranger on the same broker", needs("nats-server"), () => {
  let stranger: ForeignClient;
  beforeAll(async () => {
    stranger = await connectForeign(broker.url);
  });
  afterAll(() => stranger.close());

  test("breaks nothing, whatever it says to a listener", async () => {
    const machines = new Machines();
    const { near, far } = await machines.pair();
    const listen = `${machines.name}._tw.listen`;
    const random = randomBytes();
    for (let kind = 0; kind < 16; kind++) {
      for (const length of [0, 1, 4, 5, 6, 20, 300]) {
        for (const reply of ["", listen, `_tw.${"a".repeat(20)}.${"b".repeat(20)}`])
          stranger.publish(listen, Uint8Array.from([kind, ...random(length)]), { reply });
      }
    }
    await stranger.flush();
    near.trySend(text("still here"));
    await machines.until(() => said(far) === "still here");
    await machines.until(() => machines.listener.stats.dropped > 0);
    expect(machines.listener.state).toBe("listening");
  });

  test("cannot make a listener talk to a game's subjects", async () => {
    const machines = new Machines();
    await machines.pair();
    const got = overhear(stranger, "victim.>");
    for (const kind of [FRAME.connect, FRAME.ask, FRAME.check])
      stranger.publish(`${machines.name}._tw.listen`, newFrame(kind, 1, 1), { reply: "victim.inbox" });
    await machines.until(() => machines.listener.stats.dropped === 3);
    await stranger.flush();
    expect(got).toEqual(new Set());
  });

  test("that can read everything can end a stream by a false frame, and nothing else than that one", async () => {
    const random = randomBytes();
    const heard = overhear(stranger, "_tw.>");
    await stranger.flush();
    const good = new Machines();
    const { near: goodNear, far: goodFar } = await good.pair();
    goodNear.trySend(text("hello"));
    await good.until(() => said(goodFar) === "hello");
    await good.until(() => heard.size >= 2);
    for (let kind = 0; kind < 18; kind++) {
      const before = new Set(heard);
      const machines = new Machines();
      const { near, far } = await machines.pair();
      near.trySend(text("one"));
      await machines.until(() => said(far) === "one");
      await machines.until(() => heard.size >= before.size + 2);
      for (const subject of heard) {
        if (!before.has(subject))
          stranger.publish(subject, Uint8Array.from([kind, 0, 0, 0, ...random(3 * kind)]));
      }
      await stranger.flush();
      for (const connection of [near, far]) connection.trySend(text("two"));
      await machines.until(() => near.state === "closed" || far.state === "closed" || said(far) === "two");
    }
    goodNear.trySend(text("fine"));
    await good.until(() => said(goodFar) === "fine");
  });

  test("is no peer any more once a stream has closed: what it says to that is dropped", async () => {
    const machines = new Machines();
    const subjects = overhear(stranger, "_tw.>");
    await stranger.flush();
    const { near, far } = await machines.pair();
    near.trySend(text("hello"));
    await machines.until(() => said(far) === "hello");
    await machines.until(() => subjects.size >= 2);
    near.close();
    await machines.until(() => near.state === "closed" && far.state === "closed");
    for (const subject of subjects)
      for (let kind = 0; kind < 16; kind++)
        stranger.publish(subject, newFrame(kind, 3, kind), { reply: subject });
    await stranger.flush();
    const next = await machines.pair();
    expect(next.near.state).toBe("open");
  });
});

/** Listens as a stranger does, who is let in to everything. */
function overhear(stranger: ForeignClient, subject: string): Set<string> {
  const subjects = new Set<string>();
  stranger.subscribe(subject, { callback: (_, message) => subjects.add(message.subject) });
  return subjects;
}

/** Another process. It is killed after the test. */
function program(source: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", source, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: ROOT,
  });
  children.push(child);
  return child;
}

function text(words: string): Uint8Array {
  return new TextEncoder().encode(words);
}

/** The next thing that has come, as text; `undefined` when nothing has. */
function said(connection: Connection<Uint8Array> | undefined): string | undefined {
  const got = connection?.tryRecv();
  return got && new TextDecoder().decode(got);
}

function numbered(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => byteAt(from + index));
}

/** A byte for each position, which no gap of fewer than a million bytes leaves as it is. */
function byteAt(position: number): number {
  return (position * 31 + (position >>> 8) * 17 + (position >>> 16) * 7) & 255;
}

/** Bytes that are the same in each run. */
function randomBytes(): (count: number) => number[] {
  let state = SEED;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  };
  return (count) => Array.from({ length: count }, next);
}

const CONNECT = `
import { bytes, Poller } from "./src/index.ts";
import { nats } from "./src/nats.ts";
const [servers, name] = process.argv.slice(1);
const net = new Poller();
const world = net.connect(nats({ servers, deadPeerMs: 60_000 }).at(name), bytes());
world.trySend(new TextEncoder().encode("hello"));
setInterval(() => {
  net.poll();
  net.flush();
  if (world.state !== "closed") return;
  console.log(world.closeReason.kind, world.closeReason.code);
  process.exit();
}, 5);
`;
const LISTEN = `
import { bytes, Poller } from "./src/index.ts";
import { nats } from "./src/nats.ts";
const [servers, name] = process.argv.slice(1);
const net = new Poller();
const listener = net.listen(nats({ servers, name }), bytes());
let state = "";
setInterval(() => {
  net.poll();
  const now = listener.closeReason?.kind ?? listener.state;
  if (now !== state && now !== "starting") console.log((state = now));
}, 5);
`;
const LEAVE = `
import { bytes, Poller } from "./src/index.ts";
import { nats } from "./src/nats.ts";
const [servers, name, how] = process.argv.slice(1);
const net = new Poller();
const listener = net.listen(nats({ servers, name }), bytes());
let near, far;
const timer = setInterval(async () => {
  net.poll();
  if (listener.state === "listening") near ??= net.connect(nats({ servers }).at(name), bytes());
  near?.trySend(new Uint8Array(100_000));
  far ??= listener.tryAccept();
  net.flush();
  if (far?.tryRecv() === undefined) return;
  clearInterval(timer);
  if (how === "Symbol.dispose") net[Symbol.dispose]();
  else await net[Symbol.asyncDispose]();
}, 5);
`;
const NEEDS_NAME = (verb: string) => `transport: nats() needs a name to ${verb}, or that of at()`;
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const PATIENCE_MS = 30_000;
const TOTAL_BYTES = 6_000_000;
const PIECE_BYTES = 20_000;
/** What a poller's inboxes and queues have room for, by default. */
const LIMIT_BYTES = 1_048_576;
/** Inbox, queue but for a message that does not fit, and a window but for what is not worth an ack yet. */
const LEAST_STUCK_BYTES = 2 * LIMIT_BYTES - 10_000 + 262_144 - 65_536;
