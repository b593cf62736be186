/**
 * A client on each wire, as cheap as it can be: it sends bytes that were made
 * before, and only counts what comes.
 */
import dgram from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { bytes, type Connection, Poller, session, tcp } from "../../../src/index.ts";
import type { Job } from "../measure/protocol.ts";

/** One client, connected. */
export interface Client {
  /** Sends bytes; `sent` is called when the system has them. */
  send(bytes: Uint8Array, sent?: () => void): void;
  /** Whether so much waits already that a player's program would not send more. */
  readonly isFull: boolean;
  readonly isOpen: boolean;
  /** Ends, and answers when both sides have ended. */
  close(): Promise<unknown>;
}

/** Connects one. `received` is told of each read; the bytes are lent. */
export async function connectClient(job: Job, received: (sizeBytes: number) => void): Promise<Client> {
  if (job.contestant.wire === "udp") return datagramClient(job.address.port);
  if (job.contestant.isSession === true) return sessionClient(job.address.port, received);
  const socket = await openSocket(job, received);
  socket.on("error", () => {});
  return {
    send: (bytes, sent) => {
      socket.write(bytes, sent);
    },
    get isFull() {
      return socket.writableLength > FULL_BYTES;
    },
    get isOpen() {
      return socket.readyState === "open";
    },
    close: () => once(socket.end(), "close"),
  };
}

async function openSocket({ contestant, address }: Job, received: (n: number) => void): Promise<Socket> {
  const { wire } = contestant;
  if (wire === "tls") {
    const socket = connectTls({ host: "127.0.0.1", port: address.port, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    return socket.setNoDelay().on("data", (data) => received(data.length));
  }
  let isShakingHands = wire === "websocket";
  const callback = (sizeBytes: number) => {
    if (isShakingHands)
      socket.emit("handshake"); // the answer comes whole: it is short, and comes alone
    else received(sizeBytes);
    return true;
  };
  const place = wire === "unix" ? { path: address.path } : { host: "127.0.0.1", port: address.port };
  const socket = connect({ ...place, noDelay: true, onread: { buffer: TRASH, callback } });
  await once(socket, "connect");
  if (isShakingHands) {
    socket.write(HANDSHAKE);
    await once(socket, "handshake");
    isShakingHands = false;
  }
  return socket;
}

/** An end of a session cannot only count: it answers pings, and says what it has. */
async function sessionClient(port: number, received: (sizeBytes: number) => void): Promise<Client> {
  const connection = SESSIONS.connect(session(tcp({ host: "127.0.0.1", port })), bytes());
  if (PLAYERS.size === 0) setInterval(pollSessions, POLL_MS).unref();
  PLAYERS.set(connection, received);
  while (connection.state === "connecting") await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  return {
    send: (sent, done) => {
      connection.trySend(sent);
      SESSIONS.flush();
      done?.();
    },
    get isFull() {
      return connection.pendingBytes > FULL_BYTES;
    },
    get isOpen() {
      return connection.state === "open";
    },
    close: async () => {
      connection.close();
      while (connection.state !== "closed") await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    },
  };
}

function pollSessions(): void {
  SESSIONS.poll();
  for (const [connection, received] of PLAYERS) for (const message of connection) received(message.length);
}

async function datagramClient(port: number): Promise<Client> {
  const socket = dgram.createSocket("udp4");
  socket.connect(port, "127.0.0.1");
  await once(socket, "connect");
  return {
    send: (bytes, sent) => socket.send(bytes, sent),
    isFull: false,
    isOpen: true,
    close: async () => socket.close(),
  };
}

/** The sessions of this process, and who is told of what comes. */
const SESSIONS = new Poller();
const PLAYERS = new Map<Connection<Uint8Array>, (sizeBytes: number) => void>();
const POLL_MS = 5;
/** All reads of this process go here: each is counted before the next one comes. */
const TRASH = Buffer.alloc(65_536);
/** A second's worth of any player. */
const FULL_BYTES = 65_536;
const HANDSHAKE =
  "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
