/**
 * One end of a session, as a program: it says numbered lines while it is told to talk, and checks
 * that those of the other end come once and in order.
 *
 *     end.ts listen|connect tcp|tls|websocket HOST:PORT OPTIONS
 *
 * Prints "listening on HOST:PORT". On its stdin it is told "talk", "hush", "close", "abort" and
 * "dispose"; after "tell" it prints its facts, as {@link Facts} in JSON.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import {
  type Address,
  type CloseReason,
  type Connection,
  lines,
  Poller,
  runLoop,
  type SessionOptions,
  session,
  type Transport,
  tcp,
  tls,
} from "../../../src/index.ts";
import { websocket, websocketServer } from "../../../src/websocket.ts";
import { type Carrier, saying } from "./saying.ts";

/** What a program is told besides its place. */
export interface EndOptions {
  readonly session: SessionOptions;
  /** The folder of the certificates, for TLS. */
  readonly certificates: string;
}

/** What an end says of itself. */
export interface Facts {
  readonly frames: number;
  readonly sent: number;
  readonly got: number;
  /** The first line that came and was not the next one. */
  readonly wrong: string | undefined;
  readonly state: string;
  readonly linked: boolean;
  readonly downMs: number;
  readonly suspends: number;
  readonly resumes: number;
  /** How many connections it has had. */
  readonly connections: number;
  /** How long nothing was said or heard, in polled time. */
  readonly quietMs: number;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly reason: Pick<CloseReason, "kind" | "code" | "goodbye"> | undefined;
}

const [verb, carrier, where = "", given = "{}"] = process.argv.slice(2);
const { session: options, certificates } = JSON.parse(given) as EndOptions;
const [host = "", port = ""] = where.split(":");
const at = { host, port: Number(port) };
const file = (name: string) => readFileSync(`${certificates}/${name}`, "utf8");

const WAYS: Record<Carrier, { listen: () => Transport; connect: () => Transport }> = {
  tcp: { listen: () => tcp(at), connect: () => tcp(at) },
  tls: {
    listen: () => tls({ ...at, cert: file("localhost.crt"), key: file("localhost.key") }),
    connect: () => tls({ ...at, ca: file("ca.crt") }),
  },
  websocket: { listen: () => websocketServer(at), connect: () => websocket(`ws://${where}/`) },
};

const net = new Poller();
const way = WAYS[carrier as Carrier];
const listener = verb === "listen" ? net.listen(session(way.listen(), options), lines()) : undefined;
let peer: Connection<string> | undefined =
  verb === "connect" ? net.connect(session(way.connect(), options), lines()) : undefined;
let connections = peer === undefined ? 0 : 1;
let frames = 0;
let sent = 0;
let got = 0;
let wrong: string | undefined;
let suspends = 0;
let resumes = 0;
let quietMs = 0;
let isTalking = false;
let hasSaidWhere = false;
const over = new AbortController();
net.on("suspend", () => suspends++);
net.on("resume", () => resumes++);

createInterface({ input: process.stdin }).on("line", (word) => {
  if (word === "talk" || word === "hush") isTalking = word === "talk";
  else if (word === "close") peer?.close({ code: 4_000, text: "that was all" });
  else if (word === "abort") peer?.abort();
  else if (word === "dispose") over.abort();
  else console.log(`told ${JSON.stringify(facts())}`);
});

function facts(): Facts {
  const { state = "none", linked = false, downMs = 0, closeReason } = peer ?? {};
  const reason = closeReason && {
    kind: closeReason.kind,
    code: closeReason.code,
    goodbye: closeReason.goodbye,
  };
  const [from, to] = [textOf(peer?.localAddress), textOf(peer?.remoteAddress)];
  const counts = { frames, sent, got, suspends, resumes, connections, quietMs };
  return { ...counts, wrong, state, linked, downMs, from, to, reason } as Facts;
}

function textOf(address: Address | undefined): string | undefined {
  return address && `${address.host}:${address.port}`;
}

await runLoop({
  rateHz: 100,
  poller: net,
  signal: over.signal,
  tick(dtMs) {
    frames++;
    quietMs += dtMs;
    if (listener?.state === "listening" && !hasSaidWhere) {
      hasSaidWhere = true;
      console.log(`listening on ${textOf(listener.address)}`);
    }
    for (let one = listener?.tryAccept(); one !== undefined; one = listener?.tryAccept()) {
      peer = one;
      connections++;
    }
    for (const line of peer ?? []) {
      quietMs = 0;
      if (line !== saying(got)) wrong ??= `${line.slice(0, 20)} in the place of ${got}`;
      got++;
    }
    for (let count = 0; isTalking && count < 5 && peer?.trySend(saying(sent)) === true; count++) {
      sent++;
      quietMs = 0;
    }
  },
});
net[Symbol.dispose]();
process.stdin.destroy();
