/**
 * TLS listeners and clients for tests, on loopback and real sockets. What a test
 * has opened is closed after it.
 */
import type net from "node:net";
import nodeTls, { type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterEach } from "vitest";
import {
  type Connection,
  type Identity,
  type Listener,
  type ListenOptions,
  lines,
  Poller,
  type TlsOptions,
  tls,
} from "../../../src/index.ts";
import { until } from "../poll-until.ts";

const pollers: Poller[] = [];
const sockets: net.Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const poller of pollers.splice(0)) await poller[Symbol.asyncDispose]();
});

/** A poller with a TLS listener, and what it reported of rejected connections. */
export interface TlsServer {
  readonly poller: Poller;
  readonly listener: Listener<string>;
  /** The kind and the sentence of each, without the detail in brackets. */
  readonly drops: string[];
  readonly port: number;
}

/** A poller that is disposed after the test. */
export function newPoller(): Poller {
  const poller = new Poller({ closeTimeoutMs: 200 });
  pollers.push(poller);
  return poller;
}

/** A TLS listener that listens, on a poller of its own. */
export async function server(options: Partial<TlsOptions>, limits?: ListenOptions): Promise<TlsServer> {
  const poller = newPoller();
  const listener = poller.listen(tls({ host: "127.0.0.1", port: 0, ...options }), lines(), limits);
  const drops: string[] = [];
  poller.on("drop", ({ reason, count }) => {
    const drop = `${reason.kind}: ${reason.message.replace(/ \(.*/s, "")}`;
    for (let one = 0; one < count; one++) drops.push(drop);
  });
  await until(poller, () => listener.state !== "starting");
  return { poller, listener, drops, port: listener.address?.port ?? 0 };
}

/** A TLS client of tickwire. */
export function client(poller: Poller, port: number, options: Partial<TlsOptions>): Connection<string> {
  return poller.connect(tls({ host: "localhost", port, ...options }), lines());
}

/** A TLS client of Node, for what tickwire's never does. */
export function nodeClient(port: number, options: NodeClientOptions): TLSSocket {
  return owned(nodeTls.connect({ host: "localhost", port, ...(options as ConnectionOptions) }));
}

/** Node's options, with certificates as tickwire takes them. */
export type NodeClientOptions = Omit<ConnectionOptions, keyof Identity> & Partial<Identity>;

/** A socket that is destroyed after the test, and whose errors are not the test's. */
export function owned<Kind extends net.Socket>(socket: Kind): Kind {
  sockets.push(socket.on("error", () => {}));
  return socket;
}

export async function nextAccepted({ poller, listener }: TlsServer): Promise<Connection<string>> {
  let accepted: Connection<string> | undefined;
  await until(poller, () => (accepted = listener.tryAccept()) !== undefined);
  return accepted as Connection<string>;
}

export { until };
