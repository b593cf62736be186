/**
 * The page's side of the scenarios: a client that does what a test tells it by
 * name, and polls in a loop of its own as a game does.
 */
import {
  type Connection,
  conditioned,
  lines,
  Poller,
  Recording,
  recorded,
  runLoop,
  type Transport,
  websocket,
} from "../../src/browser.ts";
import { linesOrBytes } from "../transport/lines-or-bytes.ts";
import type { NearView } from "../transport/scenarios.ts";

const net = new Poller();
/** Wrappers that change nothing. */
const WRAPPED: Readonly<Record<Wrapping, (transport: Transport) => Transport>> = {
  bare: (transport) => transport,
  conditioned: (transport) => conditioned(transport),
  recorded: (transport) => recorded(transport, new Recording()),
};
const connections: Connection<string, string | Uint8Array>[] = [];
const at = (index: number): Connection<string, string | Uint8Array> => {
  const connection = connections[index];
  if (connection === undefined) throw new Error(`there is no connection ${index}`);
  return connection;
};

/** What a page's WebSocket is wrapped in. */
export type Wrapping = "bare" | "conditioned" | "recorded";

/** What a test calls, by `page.evaluate`; each connection by the number that `connect` gave it. */
export interface DrivenClient {
  connect(url: string, framing: "stream" | "message", wrapping: Wrapping): number;
  send(index: number, texts: readonly string[]): number;
  sendRaw(index: number, bytes: readonly number[]): boolean;
  take(index: number): string[];
  look(index: number): NearView;
  close(index: number): void;
  abort(index: number): void;
}

const client: DrivenClient = {
  connect: (url, framing, wrapping) =>
    connections.push(net.connect(WRAPPED[wrapping](websocket(url, { framing })), linesOrBytes(lines()))) - 1,
  send(index, texts) {
    const refused = texts.findIndex((text) => !at(index).trySend(text));
    return refused === -1 ? texts.length : refused;
  },
  sendRaw: (index, bytes) => at(index).trySend(Uint8Array.from(bytes)),
  take: (index) => [...at(index)],
  look(index) {
    const { state, closeReason, pendingBytes } = at(index);
    if (closeReason === undefined) return { state, closeReason, pendingBytes };
    const { cause: _, ...reason } = closeReason; // an error does not travel
    return { state, closeReason: reason, pendingBytes };
  },
  close: (index) => at(index).close(),
  abort: (index) => at(index).abort(),
};

Object.assign(globalThis, { client });

void runLoop({ rateHz: 250, poller: net, tick() {} });
