/**
 * Bare links, ended in every order that a core, a game and a peer can think of:
 * each link closes once, and last, and leaves no socket behind.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type Acceptor,
  type Address,
  type CloseKind,
  type CloseReason,
  type Conditions,
  conditioned,
  memory,
  Recording,
  recorded,
  session,
  type Transport,
  tcp,
  threaded,
  tls,
  unix,
} from "../../src/index.ts";
import { nativeTcp } from "../../src/native.ts";
import { nats } from "../../src/nats.ts";
import { websocket, websocketServer } from "../../src/websocket.ts";
import { lack, leftOutFor, needs } from "../machine.ts";
import { describeRows, type Needing } from "../rows.ts";
import { isLong, SEED } from "../seed.ts";
import { heldSockets, PairMaker, type TestedEnd, turn, until, useTransport } from "./link-pair.ts";
import { Broker } from "./nats/broker.ts";
import { certificates, NO_CERTIFICATES } from "./node/certificates.ts";

interface Row extends Needing {
  readonly name: string;
  /** Whether another row has the same ends but for one thing, which no wrapper knows. */
  readonly isVariant?: boolean;
  readonly listen: () => Transport;
  readonly connect: (address: Address) => Transport;
  /** What an end is called that the peer has not acknowledged, where the transport can tell; else `local`. */
  readonly unacknowledged?: CloseKind;
  /** Why a peer waits, and is not told, when its line breaks. */
  readonly waits?: string;
  /** Whether its ends ping each other when they open. */
  readonly pings?: boolean;
}

const HOST = "127.0.0.1";
const SOME = new Uint8Array(1_000).fill(1);
/** More than most systems take at once. */
const MUCH = new Uint8Array(4_000_000).fill(2);
/** More than the buffers of two sockets grow to. */
const WAITING_BYTES = 4 * MUCH.length;
/** A little late and narrow, each way and at both ends. */
const SLOW: Conditions = { latencyMs: 2, jitterMs: 1, bytesPerSecond: 100_000_000 };
let paths = 0;

const { ca, localhost } = certificates() ?? NO_CERTIFICATES;

const socketRows: Row[] = [
  {
    name: "tcp",
    listen: () => tcp({ host: HOST, port: 0 }),
    connect: ({ port }) => tcp({ host: HOST, port }),
  },
  {
    name: "native tcp",
    needs: ["native sockets"],
    listen: () => nativeTcp({ host: HOST, port: 0 }),
    connect: ({ port }) => nativeTcp({ host: HOST, port }),
  },
  {
    name: "native tcp that Node's connects to",
    isVariant: true,
    needs: ["native sockets"],
    listen: () => nativeTcp({ host: HOST, port: 0 }),
    connect: ({ port }) => tcp({ host: HOST, port }),
  },
  {
    name: "native tcp that connects to Node's",
    isVariant: true,
    needs: ["native sockets"],
    listen: () => tcp({ host: HOST, port: 0 }),
    connect: ({ port }) => nativeTcp({ host: HOST, port }),
  },
  {
    name: "unix",
    needs: ["unix sockets"],
    listen: () => unix({ path: `${tmpdir()}/tickwire-endings-${process.pid}-${++paths}.sock` }),
    connect: ({ host }) => unix({ path: host }),
  },
  {
    name: "tls",
    needs: ["openssl"],
    listen: () => tls({ host: HOST, port: 0, ...localhost, handshakeTimeoutMs: 60_000 }),
    connect: ({ port }) => tls({ host: HOST, port, ca }),
  },
  {
    name: "websocket",
    listen: () => websocketServer({ host: HOST, port: 0, handshakeTimeoutMs: 60_000 }),
    connect: ({ port }) => websocket(`ws://${HOST}:${port}/`),
    unacknowledged: "reset",
    pings: true,
  },
];

const rows: Row[] = [
  ...socketRows,
  ...threadedRows(),
  {
    name: "recorded tcp",
    listen: () => recorded(tcp({ host: HOST, port: 0 }), new Recording()),
    connect: ({ port }) => recorded(tcp({ host: HOST, port }), new Recording()),
  },
  {
    name: "nats, with one connection to the broker",
    needs: ["nats-server"],
    listen: () => {
      bus = nats({ servers: broker?.url ?? "", name: `world.${++names}` });
      return bus;
    },
    connect: () => bus,
  },
  {
    name: "nats, with two connections",
    needs: ["nats-server"],
    listen: () => nats({ servers: broker?.url ?? "", name: `world.${++names}` }),
    connect: ({ host }) => nats({ servers: broker?.url ?? "" }).at(host),
  },
];

/** Those that are tried in wrappers, too. */
const wrappedRows = rows.filter(({ isVariant }) => isVariant !== true);

let broker: Broker | undefined;
let bus: Transport;
let names = 0;
beforeAll(async () => {
  if (lack("nats-server") === undefined) broker = await Broker.start();
});
afterAll(async () => broker?.[Symbol.asyncDispose]());

/** Each transport as it is; through a conditioner that does nothing; and, where both ends are whole at once, on a slow network. */
const allRows: readonly Row[] = [
  ...rows,
  ...wrappedRows.map((row) => throughConditioner(row, {}, "through a conditioner")),
  ...rows.slice(0, 5).map((row) => throughConditioner(row, SLOW, "on a slow network")),
  ...wrappedRows.map(overSessions),
];

/** The sockets of both ends in the network thread. */
function threadedRows(): Row[] {
  return socketRows.map((row) => ({
    ...row,
    name: `threaded ${row.name}`,
    isVariant: row.name !== "tcp",
    listen: () => threaded(row.listen()),
    connect: (address) => threaded(row.connect(address)),
  }));
}

/** Sessions, whose ends acknowledge what they have, whatever the line can do. */
function overSessions(row: Row): Row {
  const { unacknowledged: _ofTheLine, pings: _pingsOfTheLine, ...rest } = row;
  return {
    ...rest,
    name: `a session over ${row.name}`,
    waits: "a session whose line breaks waits for another one",
    listen: () => session(row.listen(), { handshakeTimeoutMs: 60_000 }),
    connect: (address) => session(row.connect(address)),
  };
}

function throughConditioner(row: Row, conditions: Conditions, how: string): Row {
  return {
    ...row,
    name: `${row.name}, ${how}`,
    listen: () => conditioned(row.listen(), conditions),
    connect: (address) => conditioned(row.connect(address), conditions),
  };
}

describeRows(allRows)("a link of $name", (row) => {
  let maker: PairMaker;
  let before: ReturnType<typeof heldSockets>;

  beforeEach(async () => {
    maker = new PairMaker(row.listen());
    await maker.listening();
    for (let turns = 0; turns < 20; turns++) await turn(); // Node lets go of a handle after its descriptor
  });

  afterEach(() => maker.acceptor.close());

  const pair = () => {
    before = heldSockets();
    return maker.pair(row.connect(maker.address as Address));
  };

  /** Waits until nothing is left of these ends, and of nothing else. */
  const gone = async (...ends: TestedEnd[]) => {
    await until(() => ends.every((end) => end.has("closed")), ...ends.map(({ link }) => link));
    const isMore = () => {
      const { handles, descriptors } = heldSockets();
      return handles > before.handles || descriptors > before.descriptors;
    };
    await until(() => !isMore()).catch(() => {});
    if (isMore()) expect(heldSockets()).toEqual(before); // fewer where the row before has only now let go
  };

  test("closes once and leaves no socket, whatever both sides do in whatever order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const { near, far } = await pair();
        for (const [who, what] of steps) await act(who === "near" ? near : far, what);
        near.link.abort();
        far.link.abort();
        await gone(near, far);
        for (const end of [near, far]) end.check();
        expect(far.receivedBytes).toBeLessThanOrEqual(near.writtenBytes);
        expect(near.receivedBytes).toBeLessThanOrEqual(far.writtenBytes);
      }),
      { numRuns: isLong ? 5_000 : 150, seed: SEED },
    );
  }, 600_000);

  describe.each([
    ["end", "in the same turn", 0],
    ["end", "a turn later", 1],
    ["end", "long after", 20],
    ["endSending", "in the same turn", 0],
    ["endSending", "a turn later", 1],
    ["endSending", "long after", 20],
  ] as const)("after %s() of all that was written, aborted %s,", (end, _, turns) => {
    test("takes nothing back, and leaves no socket", async () => {
      const { near, far } = await pair();
      // The answer to a ping is something that the peer sends, which an ended system answers by a reset.
      if (row.pings === true) await until(() => near.link.rttMs !== undefined, near.link);
      // So is what a session says as it opens: a socket that is closed before it has read that resets.
      for (let count = 0; count < 5; count++) await turn();
      far.link.pause();
      for (let sent = 0; sent < 16; sent++) near.write(SOME);
      await until(() => near.waitingBytes === 0, near.link);
      near.link[end]();
      for (let count = 0; count < turns; count++) await turn();
      near.link.abort();
      await until(() => near.has("closed"), near.link);
      far.link.resume();
      await until(() => far.has("ended"), far.link);
      expect(far.receivedBytes).toBe(16 * SOME.length);
      far.link.end();
      await gone(near, far);
      expect([near.closeReason?.kind, far.closeReason?.kind]).toEqual([
        row.unacknowledged ?? "local",
        "remote",
      ]);
    });
  });

  test.each(["end", "endSending"] as const)(
    "after %s(), aborted while bytes wait in the process, drops them and leaves no socket",
    leftOutFor(row.waits),
    async (end) => {
      const { near, far } = await pair();
      far.link.pause();
      await turn();
      // A system whose buffers grow takes 4 MB within a turn, now and then, and nothing waits any more.
      while (near.waitingBytes < WAITING_BYTES) near.write(MUCH);
      near.link[end]();
      await turn();
      expect(near.waitingBytes).toBeGreaterThan(0);
      near.link.abort();
      await until(() => near.has("closed"), near.link);
      far.link.resume();
      await until(() => far.has("ended") || far.has("closed"), far.link);
      expect(far.receivedBytes).toBeLessThan(near.writtenBytes);
      far.link.abort();
      await gone(near, far);
    },
  );

  test.each(["abort", "end"] as const)("may call %s() in the midst of a piece", async (call) => {
    const { near, far } = await pair();
    far.onReceived = () => far.link[call]();
    near.write(MUCH);
    await until(() => far.has("received"), near.link, far.link);
    near.link.end();
    await gone(near, far);
    for (const end of [near, far]) end.check();
  });
});

const listening: readonly Omit<Row, "connect">[] = [{ name: "memory", listen: () => memory() }, ...allRows];

describeRows(listening)("an acceptor of $name", (row) => {
  test.each(["at once", "when it listens"])(
    "that this side closes, %s, reports it, once and last",
    async (when) => {
      const transport = row.listen();
      const acceptor = (transport.listen as () => Acceptor)();
      useTransport(transport);
      const events: string[] = [];
      const reasons: CloseReason[] = [];
      acceptor.attach({
        listening: () => events.push("listening"),
        incoming: (link) => link.abort(),
        handshaking: () => expect.unreachable("nobody connects"),
        rejected: () => events.push("rejected"),
        closed: (reason) => {
          events.push("closed");
          reasons.push(reason);
        },
      });
      const pump = { pump: (nowMs: number) => acceptor.pump?.(nowMs) };
      if (when !== "at once") await until(() => events.length > 0, pump);
      acceptor.close();
      acceptor.close();
      await until(() => reasons.length > 0, pump);
      for (let count = 0; count < 5; count++) await until(() => true, pump).then(turn);
      expect(events.filter((event) => event === "closed")).toHaveLength(1);
      expect([events.at(-1), reasons[0]?.kind]).toEqual(["closed", "local"]);
    },
  );
});

describe("a peer in Python", () => {
  // Node does not always show a reset that bytes stand before; Python does.
  test.each([
    ["a reset when bytes wait in the process", MUCH, "reset"],
    ["all and a clean end when the system has everything", SOME, "end after 1000"],
  ] as const)("sees %s at an abort after end()", needs("python3"), async (_, bytes, seen) => {
    const maker = new PairMaker(tcp({ host: HOST, port: 0 }));
    const { port } = await maker.listening();
    const python = spawn("python3", ["-c", READER, HOST, String(port)]);
    let printed = "";
    python.stdout.on("data", (text) => {
      printed += text;
    });
    const far = await maker.accepted();
    far.write(bytes);
    expect(far.waitingBytes > 0).toBe(bytes === MUCH);
    far.link.end();
    far.link.abort();
    await until(() => far.has("closed"));
    python.stdin.end("read\n");
    await once(python, "exit");
    expect(printed).toBe(`${seen}\n`);
    maker.acceptor.close();
  });
});

/** Reads only when it is told to, and says how the stream ended. */
const READER = `
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sys.stdin.readline()
got = 0
try:
    while True:
        piece = s.recv(65536)
        if not piece: break
        got += len(piece)
    print("end after", got)
except ConnectionResetError:
    print("reset")
`;

const step = fc.tuple(
  fc.constantFrom("near" as const, "far" as const),
  fc.constantFrom(
    ...(["write", "write", "write", "write much", "end", "endSending", "abort"] as const),
    ...(["pause", "resume", "probe", "turn", "turn", "turns"] as const),
  ),
);

type What = (typeof step extends fc.Arbitrary<readonly [unknown, infer Do]> ? Do : never) & string;

async function act(end: TestedEnd, what: What): Promise<void> {
  if (what === "write") end.write(SOME);
  else if (what === "write much") end.write(MUCH);
  else if (what === "turn") await turn();
  else if (what === "turns") for (let count = 0; count < 6; count++) await turn();
  else if (what === "probe") end.link.probe?.();
  else end.link[what]();
}
