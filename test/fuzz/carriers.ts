/**
 * The ways on which games are played, a row each: how to listen, how to connect, and
 * how a foreign program does. What a way cannot do stands in its row.
 */
import { once } from "node:events";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { createWebSocketStream, WebSocket } from "ws";
import {
  bytes,
  type Listener,
  type MemoryTransport,
  memory,
  Poller,
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
import { lack } from "../machine.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";
import { Broker } from "../transport/nats/broker.ts";
import { certificates } from "../transport/node/certificates.ts";
import { cutting } from "./cutting.ts";
import type { Message } from "./messages.ts";
import type { GamePage } from "./page-players.ts";

export type AnyPlace = Listener<Message, Message>;

/** Where one listener listens. */
export interface Place {
  readonly transport: Transport;
  /** How to get there; `undefined` while nobody knows where it is. */
  reach(listener: AnyPlace): Transport | undefined;
  /** A foreign program's stream, after the handshake. */
  readonly foreign?: (listener: AnyPlace) => Duplex | undefined;
  /** The bare socket below it, before any handshake. */
  readonly bare?: (listener: AnyPlace) => Socket | undefined;
  /** What travels there; a stream unless it is said. */
  readonly framing?: "stream" | "message";
  /** Where a page finds it. */
  readonly url?: string;
  /** The wire, where it can be held and cut. */
  readonly wire?: MemoryTransport;
  /** Frees what is not the listener's. */
  readonly free?: () => Promise<void>;
}

/** One way. */
export interface Carrier {
  readonly name: CarrierName;
  /** Whether the peer of an abort sees that it was one. */
  readonly canReset: boolean;
  readonly hasHalfClose: boolean;
  /** The page that plays too. */
  readonly page?: GamePage;
  /** Opens what stays open from game to game. */
  readonly begin?: () => Promise<void>;
  /** Closes what others keep open for later, so that only what was forgotten is left. */
  readonly calm?: () => void;
  place(random: SeededRandom, how: PlaceRules): Promise<Place>;
}

/** How a place is to be. */
export interface PlaceRules {
  readonly allowHalfOpen: boolean;
  readonly framing: "stream" | "message";
}

export type CarrierName =
  | "memory"
  | "tcp"
  | "native"
  | "threaded"
  | "unix"
  | "tls"
  | "ws"
  | "wss"
  | "session"
  | "nats"
  | "page";

/** The way of this name; `undefined` where this machine lacks what it needs. */
export function carrierOf(name: Exclude<CarrierName, "page">): Carrier | undefined {
  if ((name === "tls" || name === "wss") && certificates() === undefined) return undefined;
  if (name === "native" && lack("native sockets") !== undefined) return undefined;
  if (name === "nats" && lack("nats-server") !== undefined) return undefined;
  return { name, ...CARRIERS[name] };
}

const HOST = "127.0.0.1";
/** Before Node 24 a reset that comes together with the last bytes looks like an end. */
const SHOWS_EACH_RESET = Number(process.versions.node.split(".")[0]) >= 24;
/** Node takes it for TLS too; its types do not say so. */
const HALF_OPEN: object = { allowHalfOpen: true };
const PLACE = { host: HOST, port: 0 };
/** A peer that leaves in the middle of a handshake is noticed by this deadline alone. */
const handshakeTimeoutMs = 1_000;
/** Who was aborted while its line was stuck waits for so long. */
const resumeWindowMs = 2_000;
let lastPath = 0;

const CARRIERS: Readonly<Record<Exclude<CarrierName, "page">, Omit<Carrier, "name">>> = {
  memory: {
    canReset: true,
    hasHalfClose: true,
    async place(random, { allowHalfOpen }) {
      const pieceBytes = random.pick([undefined, undefined, 1, 5, 1_000]);
      const wire = memory({ allowHalfOpen, ...(pieceBytes !== undefined && { pieceBytes }) });
      return { transport: wire, wire, reach: () => wire };
    },
  },
  tcp: {
    canReset: SHOWS_EACH_RESET,
    hasHalfClose: true,
    async place(_, { allowHalfOpen }) {
      return {
        transport: tcp({ ...PLACE, allowHalfOpen }),
        reach: (listener) => at(listener, (port) => tcp({ host: HOST, port, allowHalfOpen })),
        foreign: bareSocket,
        bare: bareSocket,
      };
    },
  },
  native: {
    canReset: true,
    hasHalfClose: true,
    async place(_, { allowHalfOpen }) {
      return {
        transport: nativeTcp({ ...PLACE, allowHalfOpen }),
        reach: (listener) => at(listener, (port) => nativeTcp({ host: HOST, port, allowHalfOpen })),
        foreign: bareSocket,
        bare: bareSocket,
      };
    },
  },
  threaded: {
    canReset: SHOWS_EACH_RESET,
    hasHalfClose: true,
    begin: loadThread,
    async place(random, { allowHalfOpen }) {
      // A small ring is full now and then.
      const rings = { ringBytes: random.pick([262_144, 4_194_304]) };
      return {
        transport: threaded(tcp({ ...PLACE, allowHalfOpen }), rings),
        reach: (listener) =>
          at(listener, (port) => threaded(tcp({ host: HOST, port, allowHalfOpen }), rings)),
        foreign: bareSocket,
        bare: bareSocket,
      };
    },
  },
  unix: {
    canReset: false,
    hasHalfClose: true,
    async place(_, { allowHalfOpen }) {
      const path = join(tmpdir(), `tickwire-fuzz-${process.pid}-${lastPath++}.sock`);
      const foreign = () => connectTcp({ path, allowHalfOpen: true });
      return {
        transport: unix({ path, allowHalfOpen }),
        reach: () => unix({ path, allowHalfOpen }),
        foreign,
        bare: foreign,
      };
    },
  },
  tls: {
    canReset: false,
    hasHalfClose: true,
    async place(_, { allowHalfOpen }) {
      const { localhost, ca } = certificates() ?? {};
      const options = { host: HOST, allowHalfOpen, handshakeTimeoutMs };
      return {
        transport: tls({ ...options, port: 0, ...localhost }),
        reach: (listener) =>
          at(listener, (port) => tls({ ...options, port, ...(ca !== undefined && { ca }) })),
        foreign: (listener) =>
          at(listener, (port) => connectTls({ host: HOST, port, rejectUnauthorized: false, ...HALF_OPEN })),
        bare: bareSocket,
      };
    },
  },
  ws: {
    canReset: true,
    hasHalfClose: false,
    begin: loadThread,
    place(random, { framing }) {
      const which = random.next();
      return websocketPlace(which < 0.5 ? createHttpServer(answer) : undefined, "ws", framing, which > 0.75);
    },
  },
  session: {
    canReset: true,
    hasHalfClose: true,
    async place(random, { allowHalfOpen }) {
      return {
        transport: session(tcp({ ...PLACE, allowHalfOpen }), { handshakeTimeoutMs, resumeWindowMs }),
        reach: (listener) =>
          at(listener, (port) => session(cutting(tcp({ host: HOST, port, allowHalfOpen }), random))),
        bare: bareSocket,
      };
    },
  },
  nats: {
    canReset: true,
    hasHalfClose: true,
    async place(random, { allowHalfOpen }) {
      const broker = await Broker.start();
      const options = { servers: broker.url, allowHalfOpen };
      const shared = nats(options);
      return {
        transport: nats({ ...options, name: "world" }),
        reach: ({ state }) =>
          state === "closed" ? undefined : random.pick([shared, shared, nats(options)]).at("world"),
        free: () => broker[Symbol.asyncDispose](),
      };
    },
  },
  wss: {
    canReset: true,
    hasHalfClose: false,
    place(_, { framing }) {
      const { cert, key } = (certificates()?.localhost ?? {}) as { cert: string; key: string };
      return websocketPlace(createHttpsServer({ cert, key }, answer), "wss", framing);
    },
  },
};

/** The network thread is loaded by a program with sockets of its own. */
async function loadThread(): Promise<void> {
  await using poller = new Poller();
  const listener = poller.listen(threaded(tcp(PLACE)), bytes());
  while (listener.state === "starting") {
    poller.poll();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function websocketPlace(
  server: Server | undefined,
  scheme: "ws" | "wss",
  framing: "stream" | "message",
  isThreaded = false,
): Promise<Place> {
  if (server !== undefined) await once(server.listen(PLACE), "listening");
  const { ca } = certificates() ?? {};
  const url = (port: number): string => `${scheme}://localhost:${port}/play`.replace("localhost", HOST);
  const sockets = new Set<Socket>();
  server?.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const transport = websocketServer(
    server === undefined
      ? { ...PLACE, path: "/play", framing, handshakeTimeoutMs }
      : { server, path: "/play", framing },
  );
  return {
    framing,
    transport: isThreaded ? threaded(transport, { ringBytes: 262_144 }) : transport,
    reach: (listener) =>
      at(listener, (port) =>
        websocket(url(port), scheme === "ws" || ca === undefined ? { framing } : { framing, ca }),
      ),
    foreign: (listener) => at(listener, (port) => websocketStream(url(port))),
    bare: bareSocket,
    async free() {
      server?.close();
      for (const socket of sockets) socket.destroy();
      if (server?.listening === true) await once(server, "close");
    },
  };
}

/** For who asks when no listener is at that server any more. */
function answer(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(404).end();
}

/** The close code of foreign WebSockets, as their streams end in the same way with any. */
export const closeCodes: WeakMap<Duplex, number> = new WeakMap();

function websocketStream(url: string): Duplex {
  const socket = new WebSocket(url, { rejectUnauthorized: false });
  const stream = createWebSocketStream(socket);
  socket.on("close", (code) => closeCodes.set(stream, code));
  // The stream waits for the end of a socket that may be gone already.
  stream.on("end", () => setImmediate(() => stream.destroy()));
  return stream;
}

function bareSocket(listener: AnyPlace): Socket | undefined {
  return at(listener, (port) => connectTcp({ host: HOST, port, allowHalfOpen: true }));
}

function at<Made>(listener: AnyPlace, make: (port: number) => Made): Made | undefined {
  const port = listener.address?.port;
  return port === undefined || listener.state === "closed" ? undefined : make(port);
}
