/**
 * The listeners of the soak's server, a row each: its transport, and how players
 * connect to it. Those that this machine cannot have are left out, and it says so.
 */
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { createWebSocketStream, WebSocket } from "ws";
import { type Transport, tcp, threaded, tls, unix } from "../../src/index.ts";
import { nativeTcp } from "../../src/native.ts";
import { websocketServer } from "../../src/websocket.ts";
import { lack } from "../machine.ts";
import { certificates } from "../transport/node/certificates.ts";

/** One listener of the server. */
export interface SoakListener {
  readonly name: TransportName;
  readonly transport: Transport;
}

export type TransportName = "tcp" | "native tcp" | "threaded" | "unix" | "websocket" | "tls";

/** Where a listener is, as another process is told it. */
export interface ListenerAddress {
  readonly name: TransportName;
  /** The path, for a unix socket. */
  readonly host: string;
  readonly port: number;
}

/** All listeners that this machine can have. */
export function soakListeners(): readonly SoakListener[] {
  const path = join(tmpdir(), `tickwire-soak-${process.pid}.sock`);
  const place = { host: "127.0.0.1", port: 0 };
  // A player that leaves in the middle of a handshake is noticed by this deadline alone.
  const handshakeTimeoutMs = 500;
  const made = certificates();
  const always: readonly SoakListener[] = [
    { name: "tcp", transport: tcp(place) },
    { name: "native tcp", transport: nativeTcp(place) },
    { name: "threaded", transport: threaded(tcp(place)) },
    { name: "unix", transport: unix({ path }) },
    { name: "websocket", transport: websocketServer({ ...place, handshakeTimeoutMs }) },
  ];
  if (made === undefined) {
    console.log(`left out: ${lack("openssl")}: the TLS listener`);
    return always;
  }
  return [...always, { name: "tls", transport: tls({ ...place, ...made.localhost, handshakeTimeoutMs }) }];
}

/** A raw stream to one of the listeners. */
export function connect({ name, host, port }: ListenerAddress): Duplex {
  return CONNECT[name](host, port).on("error", () => {}); // most of its ends are rude
}

const CONNECT: Readonly<Record<TransportName, (host: string, port: number) => Duplex>> = {
  tcp: (host, port) => connectTcp({ host, port }),
  "native tcp": (host, port) => connectTcp({ host, port }),
  threaded: (host, port) => connectTcp({ host, port }),
  unix: (path) => connectTcp({ path }),
  websocket: (host, port) => createWebSocketStream(new WebSocket(`ws://${host}:${port}`)),
  tls: (host, port) => connectTls({ host, port, rejectUnauthorized: false }),
};
