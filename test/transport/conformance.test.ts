/**
 * What every stream transport must do, a row each. A row that cannot do
 * something says so, with the reason. Nothing sleeps: the network gets turns of
 * the event loop until what is awaited is there.
 */
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { tmpdir } from "node:os";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  bytes,
  type CloseKind,
  type Conditions,
  type Connection,
  conditioned,
  type Listener,
  lines,
  memory,
  type Pem,
  Poller,
  type PollerOptions,
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
import { lack, leftOutFor } from "../machine.ts";
import { quietPort } from "../ports.ts";
import { describeRows, type Needing } from "../rows.ts";
import { linesOrBytes } from "./lines-or-bytes.ts";
import { Broker } from "./nats/broker.ts";
import { certificates, NO_CERTIFICATES } from "./node/certificates.ts";
import { bufferLines, watched } from "./plain-bytes-watch.ts";
import { type NearEnd, RECEIVE_LIMIT_BYTES, SEND_LIMIT_BYTES, scenarios } from "./scenarios.ts";

interface Row extends Needing {
  readonly name: string;
  /** A transport to listen with, and how to reach that listener. */
  readonly make: (options: { allowHalfOpen: boolean }) => {
    listen: Transport;
    connect: (listener: Listener<unknown, never>) => Transport;
    /** How to listen there once more, when it is not the transport that one connects with. */
    listenAgain?: (listener: Listener<unknown, never>) => Transport;
  };
  /** What it carries, where that is no stream. */
  readonly framing?: "message" | undefined;
  /** Whether what is sent takes longer than a few steps. */
  readonly isSlow?: boolean;
  /** Whether its sockets are in another thread, which has a pace of its own. */
  readonly isThreaded?: boolean;
  /** How many connections come at once; {@link CROWD} by default. */
  readonly crowd?: number;
  /** What this transport cannot do, each with the reason. */
  readonly cannot?: { readonly reset?: string; readonly halfClose?: string; readonly halfOpen?: string };
  /** What a connection beyond the accept limit is told, where the transport has a word for it. */
  readonly full?: CloseKind | readonly CloseKind[];
  /** A transport that nobody listens on. */
  readonly nobody: () => Transport | Promise<Transport>;
}

/** For what never comes, also in the transports: 200 handshakes of TLS at once take longer than the usual limits. */
const PATIENCE_MS = 60_000;
const CROWD = 200;
/** Where a wrapper of a transport is tried, which has stood the larger one. */
const SMALLER_CROWD = 50;

/** A little late, uneven and narrow, each way and at both ends. */
const SLOW: Conditions = { latencyMs: 3, jitterMs: 2, lossChance: 0.001, bytesPerSecond: 50_000_000 };

/** More than a lost packet takes until it has been sent again. */
const LOSS_MS = 1_000;

const rows: Row[] = [
  {
    name: "memory",
    make: (options) => {
      const wire = memory(options);
      return { listen: wire, connect: () => wire };
    },
    nobody: () => memory(),
  },
  {
    name: "memory in pieces of one byte",
    make: (options) => {
      const wire = memory({ pieceBytes: 1, ...options });
      return { listen: wire, connect: () => wire };
    },
    nobody: () => memory({ pieceBytes: 1 }),
  },
  tcpRow("tcp over IPv4", "127.0.0.1"),
  { ...tcpRow("tcp over IPv6", "::1"), needs: ["IPv6"] },
  ...nativeRows(),
  {
    name: "unix",
    make: (options) => {
      const transport = unix({ path: newPath(), ...options });
      return { listen: transport, connect: () => transport };
    },
    nobody: () => unix({ path: newPath() }),
    cannot: { reset: "a unix socket has no reset: the peer sees an end" },
  },
  ...tlsRows(),
  websocketRow("websocket on a port of its own"),
  websocketRow("websocket on an HTTP server that is there", createHttpServer),
  websocketRow("websocket with a message for each message", undefined, { framing: "message" }),
  ...secureWebsocketRows(),
  natsRow("nats"),
  natsRow("nats, a connection for each", { isApart: true }),
];

let broker: Broker | undefined;
beforeAll(async () => {
  if (lack("nats-server") === undefined) broker = await Broker.start();
});
afterAll(async () => broker?.[Symbol.asyncDispose]());

/**
 * Each transport as it is; recorded; as sessions; through a conditioner that does nothing; two and three of
 * these; and, the quick ones, on a slow network.
 */
const allRows: readonly Row[] = [
  ...rows,
  ...rows.map(recordedRow),
  ...rows.filter(({ framing }) => framing !== "message").map(overSessions),
  ...rows.filter(isOfSockets).map(inThread),
  throughConditioner(
    overSessions(recordedRow(inThread(tcpRow("tcp", "127.0.0.1")))),
    {},
    "through a conditioner",
  ),
  ...rows.map((row) => throughConditioner(row, {}, "through a conditioner")),
  throughConditioner(recordedRow(tcpRow("tcp", "127.0.0.1")), {}, "through a conditioner"),
  ...rows
    .filter(({ name }) =>
      ["memory", "tcp over IPv4", "native tcp over IPv4", "unix", "websocket on a port of its own"].includes(
        name,
      ),
    )
    .map((row) => throughConditioner(row, SLOW, "on a slow network")),
  ...rows
    .filter(({ name }) => ["memory", "tcp over IPv4", "native tcp over IPv4"].includes(name))
    .flatMap(sessionsInBetween),
];

/** Whether its sockets are made of options that are data. */
function isOfSockets({ name }: Row): boolean {
  return !/^memory|^nats|HTTPS? server/.test(name);
}

/** The same with its sockets in the network thread. */
function inThread(row: Row): Row {
  return {
    ...row,
    crowd: SMALLER_CROWD,
    isThreaded: true,
    name: `${row.name}, threaded`,
    make(options) {
      const { listen, connect, listenAgain } = row.make(options);
      return {
        listen: threaded(listen),
        connect: (listener) => threaded(connect(listener)),
        ...(listenAgain && { listenAgain: (listener) => threaded(listenAgain(listener)) }),
      };
    },
    nobody: async () => threaded(await row.nobody()),
    // The listener decides while the handshake goes on, or after it.
    ...(row.full !== undefined && { full: [row.full, "reset" as const].flat() }),
    ...(row.name === "tls" && { full: ["reset", "remote", "handshake"] as const }),
  };
}

/** Sessions above and below the other wrappers. */
function sessionsInBetween(row: Row): Row[] {
  const conditionedRow = throughConditioner(row, {}, "through a conditioner");
  return [
    recordedRow(overSessions(row)),
    overSessions(recordedRow(row)),
    overSessions(conditionedRow),
    recordedRow(overSessions(conditionedRow)),
    overSessions(throughConditioner(recordedRow(row), {}, "through a conditioner")),
    throughConditioner(overSessions(row), {}, "through a conditioner"),
  ];
}

function throughConditioner(row: Row, conditions: Conditions, how: string): Row {
  return {
    ...row,
    name: `${row.name}, ${how}`,
    isSlow: conditions === SLOW,
    crowd: SMALLER_CROWD,
    make: (options) => {
      const { listen, connect, listenAgain } = row.make(options);
      return {
        listen: conditioned(listen, conditions),
        connect: (listener) => conditioned(connect(listener), conditions),
        ...(listenAgain && { listenAgain: (listener) => conditioned(listenAgain(listener), conditions) }),
      };
    },
    nobody: async () => conditioned(await row.nobody(), conditions),
  };
}

/** Sessions over the same transport, which reset and half-close whatever the line can do. */
function overSessions(row: Row): Row {
  const { cannot: lineCannot, ...rest } = row;
  const terms = { handshakeTimeoutMs: PATIENCE_MS, dialTimeoutMs: PATIENCE_MS };
  const of = (transport: Transport) => session(transport, terms);
  return {
    ...rest,
    crowd: SMALLER_CROWD,
    name: `${row.name}, over sessions`,
    make: (options) => {
      const { listen, connect, listenAgain } = row.make(options);
      return {
        listen: of(listen),
        connect: (listener) => of(connect(listener)),
        ...(listenAgain && { listenAgain: (listener) => of(listenAgain(listener)) }),
      };
    },
    nobody: async () => of(await row.nobody()),
    full: "refused", // by a word of the session
    ...(lineCannot?.halfClose !== undefined && {
      cannot: { halfOpen: "allowHalfOpen is an option of the line, which WebSocket has not" },
    }),
  };
}

/** The same transport, recorded, which changes nothing. */
function recordedRow(row: Row): Row {
  return {
    ...row,
    crowd: SMALLER_CROWD,
    name: `${row.name}, recorded`,
    make(options) {
      const recording = new Recording();
      const { listen, connect, listenAgain } = row.make(options);
      return {
        listen: recorded(listen, recording),
        connect: (listener) => recorded(connect(listener), recording),
        ...(listenAgain !== undefined && {
          listenAgain: (listener) => recorded(listenAgain(listener), recording),
        }),
      };
    },
  };
}

function tlsRows(): Row[] {
  const { ca, localhost } = certificates() ?? NO_CERTIFICATES;
  const host = "127.0.0.1";
  return [
    {
      name: "tls",
      needs: ["openssl"],
      make: (options) => ({
        listen: tls({ host, port: 0, ...localhost, handshakeTimeoutMs: PATIENCE_MS, ...options }),
        connect: (listener) => tls({ host, port: listener.address?.port ?? 0, ca, ...localhost, ...options }),
      }),
      nobody: async () => tls({ host, port: await quietPort(1, host), ca }),
      cannot: { reset: "Node does not reset an encrypted socket: the peer sees an end" },
      full: "reset", // before the handshake it is a TCP socket
    },
  ];
}

function secureWebsocketRows(): Row[] {
  const { ca, localhost } = certificates() ?? NO_CERTIFICATES;
  const { cert, key } = localhost as { cert: string; key: string };
  const makeServer = () => createHttpsServer({ cert, key });
  return [
    websocketRow("websocket on an HTTPS server", makeServer, { ca }),
    websocketRow("websocket on an HTTPS server with a message for each message", makeServer, {
      ca,
      framing: "message",
    }),
  ].map((row) => ({ ...row, needs: ["openssl"] }));
}

/** @param makeServer makes the server to attach to; without it the transport has its own */
function websocketRow(
  name: string,
  makeServer?: () => Server,
  options: { ca?: Pem; framing?: "stream" | "message" } = {},
): Row {
  const scheme = options.ca === undefined ? "ws" : "wss";
  const { framing = "stream" } = options;
  const place = { host: "127.0.0.1", port: 0, handshakeTimeoutMs: PATIENCE_MS, framing };
  return {
    name,
    make() {
      const server = makeServer?.().listen(place);
      if (server !== undefined) servers.push(server);
      const listen = websocketServer(server === undefined ? place : { server, path: "/play", framing });
      return {
        listen,
        connect: ({ address }) => websocket(`${scheme}://127.0.0.1:${address?.port}/play?who=test`, options),
        listenAgain: ({ address }) =>
          server === undefined ? websocketServer({ ...place, port: address?.port ?? 0 }) : listen,
      };
    },
    nobody: async () => websocket(`${scheme}://127.0.0.1:${await quietPort()}`, options),
    cannot: { halfClose: "WebSocket has no half close: a closing side receives nothing more" },
    framing: framing === "message" ? framing : undefined,
    full: "refused", // by HTTP, before there is a WebSocket
  };
}

/** @param near what one connects with, where that is not what one listens with */
function tcpRow(name: string, host: string, far = tcp, near = far): Row {
  return {
    name,
    make: (options) => ({
      listen: far({ host, port: 0, ...options }),
      connect: (listener) => near({ host, port: listener.address?.port ?? 0 }),
      listenAgain: (listener) => far({ host, port: listener.address?.port ?? 0 }),
    }),
    nobody: async () => near({ host, port: await quietPort(1, host) }),
  };
}

/** Sockets of the system at both ends, and at one of them, as Node's are the peers that others have. */
function nativeRows(): Row[] {
  const needs = ["native sockets"] as const;
  return [
    { ...tcpRow("native tcp over IPv4", "127.0.0.1", nativeTcp), needs },
    { ...tcpRow("native tcp over IPv6", "::1", nativeTcp), needs: [...needs, "IPv6"] },
    { ...tcpRow("native tcp that connects to Node's", "127.0.0.1", tcp, nativeTcp), needs },
    { ...tcpRow("native tcp that Node's connects to", "127.0.0.1", nativeTcp, tcp), needs },
  ];
}

/** @param isApart whether those who connect have a connection to the broker of their own, and no name */
function natsRow(name: string, { isApart = false } = {}): Row {
  return {
    name,
    needs: ["nats-server"],
    make: (options) => {
      const servers = broker?.url ?? "";
      const listen = nats({ servers, name: `world.${++names}`, ...options });
      const near = isApart ? nats({ servers, ...options }).at(`world.${names}`) : listen;
      return { listen, connect: () => near };
    },
    nobody: () => nats({ servers: broker?.url ?? "", name: `nobody.${++names}` }),
    full: "refused", // by a word of the listener
  };
}

const networks: Network[] = [];
const servers: Server[] = [];

afterEach(async () => {
  for (const network of networks.splice(0)) await network.end();
  for (const server of servers.splice(0)) server.close();
});

describeRows(allRows)("$name", (row) => {
  /** What the peer of an abort sees. */
  const cut = row.cannot?.reset === undefined ? "reset" : "remote";
  const { crowd = CROWD } = row;

  const begin = async (options: NetworkOptions = {}) => {
    const network = new Network(row, options);
    networks.push(network);
    await network.until(() => network.listener.state === "listening");
    return network;
  };

  test.each(scenarios.filter((scenario) => !(row.isSlow === true && scenario.isPaced === true)))(
    "$title",
    async ({ run }) => {
      const limits = { receiveLimitBytes: RECEIVE_LIMIT_BYTES };
      const network = await begin({ server: limits, client: { sendLimitBytes: SEND_LIMIT_BYTES } });
      await run({
        abortKind: cut,
        framing: row.framing,
        connect: () => nearEnd(network.client.connect(network.reach(), linesOrBytes(lines()))),
        accepted: () => network.accepted(),
        until: (isThere) => network.until(isThere),
      });
    },
  );

  test("connects, and both ends know both addresses", async () => {
    const network = await begin();
    const { near, far } = await network.pair();
    expect([near.state, far.state]).toEqual(["open", "open"]);
    expect(near.remoteAddress).toEqual(far.localAddress);
    if (near.localAddress !== undefined) expect(far.remoteAddress).toEqual(near.localAddress);
  });

  test(
    "lets a side finish sending and receive the answer to the end",
    leftOutFor(row.cannot?.halfClose),
    async () => {
      const network = await begin();
      const { near, far } = await network.pair();
      near.trySend("question");
      near.end();
      expect(near.trySend("more")).toBe(false);
      await network.until(() => far.tryRecv() === "question");
      expect([near.state, far.trySend("answer")]).toEqual(["closing", true]);
      await network.until(() => near.tryRecv() === "answer");
      await network.until(() => near.state === "closed" && far.state === "closed");
      expect([near.closeReason?.kind, far.closeReason?.kind]).toEqual(["local", "remote"]);
    },
  );

  test(
    "half open: a peer that has finished is answered for as long as the game likes",
    leftOutFor(row.cannot?.halfClose ?? row.cannot?.halfOpen),
    async () => {
      const network = await begin({ allowHalfOpen: true });
      const { near, far } = await network.pair();
      expect(far.recvEnded).toBe(false);
      near.trySend("question");
      near.end();
      await network.until(() => far.tryRecv() === "question");
      await network.until(() => far.recvEnded);
      for (const answer of ["one", "two", "three"]) {
        await network.turns(10);
        expect(far.state).toBe("open");
        far.trySend(answer);
        await network.until(() => near.tryRecv() === answer);
      }
      far.close();
      await network.until(() => near.state === "closed" && far.state === "closed");
      expect(far.closeReason?.kind).toBe("local");
    },
  );

  test("delivers what a reset follows at once, and then closes", async () => {
    const network = await begin();
    for (let round = 0; round < 20; round++) {
      const { near, far } = await network.pair();
      near.trySend("last words");
      network.client.flush();
      near.abort();
      const got: string[] = [];
      await network.until(() => {
        got.push(...far);
        return far.state === "closed";
      });
      // What the peer's system had in hand may be lost with the reset, but never garbled.
      expect([[], ["last words"]]).toContainEqual(got);
      // libuv as of Node 20 and 22 takes a reset that it reads together with the last bytes for an end.
      expect(["reset", "remote"]).toContain(far.closeReason?.kind);
    }
  });

  test("is refused where nobody listens, as a state with a reason", async () => {
    const network = await begin();
    const connection = network.client.connect(await row.nobody(), lines());
    await network.until(() => connection.state === "closed");
    expect(connection.closeReason).toMatchObject({
      kind: "refused",
      message: expect.stringContaining("nobody listens"),
    });
  });

  test("says that an address is in use, as a state with a reason", async () => {
    const network = await begin();
    const second = network.server.listen(network.listenAgain(), lines());
    await network.until(() => second.state === "closed");
    expect(second.closeReason?.kind).toBe("address-in-use");
    expect(network.listener.state).toBe("listening");
  });

  test("gives the core plain bytes, and is given them, though the codec makes Buffers", async () => {
    const kinds = { received: new Set<string>(), written: new Set<string>() };
    const careless = bufferLines(kinds);
    const network = await begin();
    const { listen, connect } = row.make({ allowHalfOpen: false });
    const listener = network.server.listen(watched(listen, kinds), careless);
    await network.until(() => listener.state === "listening");
    const near = network.client.connect(watched(connect(listener), kinds), careless);
    let far: Connection<string> | undefined;
    await network.until(() => (far ??= listener.tryAccept()) !== undefined && near.state === "open");
    for (const text of ["short", "long ".repeat(10_000)]) {
      near.trySend(text);
      await network.until(() => far?.tryRecv() === text);
      listener.broadcast(text);
      await network.until(() => near.tryRecv() === text);
    }
    expect(kinds).toEqual({ received: new Set(["Uint8Array"]), written: new Set(["Uint8Array"]) });
  });

  test("resets a connection beyond the accept limit", async () => {
    const network = await begin({ server: { acceptLimit: 1 } });
    const first = network.connect();
    await network.until(() => network.server.stats.accepted === 1);
    const second = network.connect();
    await network.until(() => second.state === "closed");
    expect([row.full ?? cut].flat()).toContain(second.closeReason?.kind);
    expect(first.state).toBe("open");
    expect(network.listener.stats).toMatchObject({ accepted: 1, dropped: 1 });
  });

  test("survives a peer that resets in the middle of a line", async () => {
    const network = await begin();
    const good = await network.pair();
    const bad = network.client.connect(network.reach(), bytes());
    const accepted = await network.accepted();
    bad.trySend(new TextEncoder().encode("half a li"));
    await network.until(() => bad.pendingBytes === 0);
    await network.turns(20, row.isSlow === true || row.isThreaded === true ? LOSS_MS : 0); // the half line is read by now, apart from the reset
    bad.abort();
    await network.until(() => {
      accepted.tryRecv(); // where it is no half of a line, but a whole message
      return accepted.state === "closed";
    });
    expect(accepted.closeReason?.kind).toBe(cut === "reset" ? "reset" : "protocol");
    good.near.trySend("fine");
    await network.until(() => good.far.tryRecv() === "fine");
  });

  test(`serves ${crowd} connections at once`, async () => {
    const network = await begin();
    const near = Array.from({ length: crowd }, () => network.connect());
    const far: Connection<string>[] = [];
    near.forEach((connection, index) => {
      connection.trySend(`hello from ${index}`);
    });
    const received: string[] = [];
    await network.until(() => {
      for (
        let accepted: Connection<string> | undefined;
        (accepted = network.listener.tryAccept()) !== undefined;
      ) {
        far.push(accepted);
      }
      network.listener.drain((_, text) => received.push(text));
      return received.length === crowd;
    });
    expect(new Set(received).size).toBe(crowd);
    expect(network.listener.broadcast("welcome")).toBe(crowd);
    const welcomed = new Set<Connection<string>>();
    await network.until(() => {
      for (const connection of near) if (connection.tryRecv() === "welcome") welcomed.add(connection);
      return welcomed.size === crowd;
    });
  });

  test("tells the endings that are left to tell when the poller is disposed", async () => {
    const network = await begin();
    const { near, far } = await network.pair();
    far.trySend("goodbye");
    const disposed = network.server[Symbol.asyncDispose]();
    const got: string[] = [];
    await network.until(() => {
      got.push(...near);
      return near.state === "closed";
    });
    await disposed;
    expect(got).toEqual(["goodbye"]);
    expect([far.state, network.listener.state]).toEqual(["closed", "closed"]);
  });
});

/** A connection of this process as a near end. */
function nearEnd(connection: Connection<string, string | Uint8Array>): NearEnd {
  return {
    send(texts) {
      const refused = texts.findIndex((text) => !connection.trySend(text));
      return refused === -1 ? texts.length : refused;
    },
    sendRaw: (sent) => connection.trySend(Uint8Array.from(sent)),
    take: () => [...connection],
    look: () => connection,
    close: () => connection.close(),
    abort: () => connection.abort(),
  };
}

interface NetworkOptions {
  readonly server?: PollerOptions;
  readonly client?: PollerOptions;
  readonly allowHalfOpen?: boolean;
}

/** Two pollers and a listener on the row's transport. A step is a poll of both and a turn of the event loop. */
class Network {
  readonly server: Poller;
  readonly client: Poller;
  readonly listener: Listener<string>;
  readonly #made: ReturnType<Row["make"]>;

  constructor(row: Row, options: NetworkOptions) {
    this.server = new Poller(options.server);
    this.client = new Poller({ timeoutMs: PATIENCE_MS, ...options.client });
    this.#made = row.make({ allowHalfOpen: options.allowHalfOpen ?? false });
    this.listener = this.server.listen(this.#made.listen, lines());
  }

  reach(): Transport {
    return this.#made.connect(this.listener);
  }

  listenAgain(): Transport {
    return this.#made.listenAgain?.(this.listener) ?? this.reach();
  }

  connect(): Connection<string> {
    return this.client.connect(this.reach(), lines());
  }

  async accepted(): Promise<Connection<string>> {
    let accepted: Connection<string> | undefined;
    await this.until(() => (accepted ??= this.listener.tryAccept()) !== undefined);
    return accepted as Connection<string>;
  }

  async pair(): Promise<{ near: Connection<string>; far: Connection<string> }> {
    const near = this.connect();
    const far = await this.accepted();
    await this.until(() => near.state === "open");
    return { near, far };
  }

  async until(isThere: () => boolean | Promise<boolean>): Promise<void> {
    // The limit is for what never comes; what comes late on a busy machine is no failure.
    for (const giveUpMs = performance.now() + PATIENCE_MS; performance.now() < giveUpMs; ) {
      this.client.poll();
      this.server.poll();
      if (await isThere()) return;
      this.client.flush();
      this.server.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error("it did not come");
  }

  /** So many steps and so much time, whatever they bring: a slow network has its own pace, in time. */
  async turns(count: number, lengthMs = 0): Promise<void> {
    const endMs = performance.now() + lengthMs;
    let turn = 0;
    await this.until(() => ++turn > count && performance.now() >= endMs);
  }

  async end(): Promise<void> {
    this.client[Symbol.dispose]();
    this.server[Symbol.dispose]();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

let paths = 0;
let names = 0;

/** A path that nobody has used. */
function newPath(): string {
  return `${tmpdir()}/tickwire-${process.pid}-${++paths}.sock`;
}
