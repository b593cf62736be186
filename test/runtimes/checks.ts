/**
 * What tickwire does on any runtime with Node's modules, a check for each way:
 * small programs on real sockets that throw when something is not as it is in
 * Node. Imports the public names alone, so that the same file runs on the
 * sources (`runtimes.test.ts`) and on the packed package (`main.ts`).
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Connection,
  json,
  type Listener,
  lengthPrefixed,
  lines,
  memory,
  Poller,
  runLoop,
  struct,
  type Transport,
  tcp,
  udp,
  unix,
} from "../../src/index.ts";
import { websocket, websocketServer } from "../../src/websocket.ts";
import { playArena } from "./arena.ts";
import { stepUntil } from "./frames.ts";

/** One thing that must work. */
export interface RuntimeCheck {
  readonly title: string;
  /** Answers what it saw, in a few words. Throws when it is not as it should be. */
  readonly run: () => Promise<string>;
}

export const CHECKS: readonly RuntimeCheck[] = [
  { title: "memory", run: () => talk((poller) => inMemory(poller)) },
  { title: "tcp", run: () => talk((poller) => at(poller, tcp(HERE), (port) => tcp({ ...HERE, port }))) },
  { title: "two megabytes over tcp", run: () => sendMuch(tcp(HERE), (port) => tcp({ ...HERE, port })) },
  { title: "a taken port, and nobody at one", run: failToBegin },
  { title: "a unix socket", run: talkOverUnix },
  { title: "udp", run: talkOverUdp },
  { title: "websocket, both sides", run: () => talk((poller) => at(poller, websocketServer(PLAY), player)) },
  { title: "two megabytes over websocket", run: () => sendMuch(websocketServer(PLAY), player) },
  { title: "websocketServer, and the runtime's own WebSocket", run: answerOwnWebSocket },
  { title: "runLoop", run: loop },
  { title: "an arena of fifty bots and three bad ones", run: playArena },
];

const HERE = { host: "127.0.0.1", port: 0 };

const PLAY = { ...HERE, path: "/play" };
const player = (port: number): Transport => websocket(`ws://127.0.0.1:${port}/play`);

type Ends = { readonly server: Listener<string>; connect(): Connection<string> };

function inMemory(poller: Poller): Ends {
  const network = memory();
  return { server: poller.listen(network, lines()), connect: () => poller.connect(network, lines()) };
}

/** A listener on a free port, and its client. */
function at(poller: Poller, listening: Transport, clientAt: (port: number) => Transport): Ends {
  const server = poller.listen(listening, lines());
  return { server, connect: () => poller.connect(clientAt(portOf(server)), lines()) };
}

/** Lines each way, the last of them in the frame of the close, and each end's reason. */
async function talk(begin: (poller: Poller) => Ends): Promise<string> {
  await using poller = new Poller();
  const { server, connect } = begin(poller);
  await stepUntil(() => server.state === "listening", poller);
  const client = connect();
  client.trySend("one");
  client.trySend("drei €");
  const far = await stepUntil(() => server.tryAccept(), poller);
  const heard: string[] = [];
  await stepUntil(() => heard.push(...far) > 0 && heard.length === 2, poller);
  for (const line of heard) far.trySend(`${line}!`);
  far.close();
  const answers: string[] = [];
  await stepUntil(() => {
    answers.push(...client);
    return client.state === "closed" && far.state === "closed";
  }, poller);
  same(answers, ["one!", "drei €!"]);
  same([client.closeReason?.kind, far.closeReason?.kind], ["remote", "local"]);
  return `${answers.join(" ")}, and closed`;
}

/** More than the limits hold at once, so both ends have to stop and go on. */
async function sendMuch(listening: Transport, clientAt: (port: number) => Transport): Promise<string> {
  await using poller = new Poller();
  const codec = lengthPrefixed();
  const server = poller.listen(listening, codec, { receiveLimitBytes: 65_536 });
  await stepUntil(() => server.state === "listening", poller);
  const client = poller.connect(clientAt(portOf(server)), codec);
  const piece = new Uint8Array(8_192).map((_, index) => index);
  let [sent, received, sum] = [0, 0, 0];
  const far = await stepUntil(() => server.tryAccept(), poller);
  await stepUntil(() => {
    while (sent < 256 && client.trySend(piece)) sent++;
    for (const message of far) {
      received++;
      sum += message[8_191] ?? 0;
    }
    return received === 256;
  }, poller);
  same(sum, 256 * 255);
  same(client.remoteAddress, server.address);
  return `${received} messages, ${far.stats.pauses > 0 ? "paused" : "never paused"}`;
}

async function failToBegin(): Promise<string> {
  await using poller = new Poller();
  const first = poller.listen(tcp(HERE), lines());
  await stepUntil(() => first.state === "listening", poller);
  const taken = tcp({ ...HERE, port: portOf(first) });
  const second = poller.listen(taken, lines());
  await stepUntil(() => second.state === "closed", poller);
  first.close();
  await stepUntil(() => first.state === "closed", poller);
  const client = poller.connect(taken, lines());
  await stepUntil(() => client.state === "closed", poller);
  same([second.closeReason?.kind, client.closeReason?.kind], ["address-in-use", "refused"]);
  return "address-in-use, refused";
}

async function talkOverUnix(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-runtime-"));
  const path = join(folder, "game.sock");
  try {
    const said = await talk((poller) => at(poller, unix({ path }), () => unix({ path })));
    same(existsSync(path), false);
    return `${said}; its file is gone`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function talkOverUdp(): Promise<string> {
  await using poller = new Poller();
  const codec = struct({ id: "u16", x: "f64" });
  const [here, there] = [poller.bind(udp(HERE), codec), poller.bind(udp(HERE), codec)];
  await stepUntil(() => here.state === "open" && there.state === "open", poller);
  here.trySendTo({ id: 7, x: 1.5 }, there.address ?? HERE);
  const question = await stepUntil(() => there.tryRecvFrom(), poller);
  same([question.message, question.from.port], [{ id: 7, x: 1.5 }, here.address?.port]);
  there.trySendTo({ id: 8, x: -2 }, question.from);
  const answer = await stepUntil(() => here.tryRecvFrom(), poller);
  same(answer.message, { id: 8, x: -2 });
  return "there and back";
}

/** Bun, Deno and Node from 22 on have the browsers' WebSocket; Node 20 has none. */
async function answerOwnWebSocket(): Promise<string> {
  const Own = globalThis.WebSocket;
  if (Own === undefined) return "it has none";
  await using poller = new Poller();
  const server = poller.listen(websocketServer(HERE), json<{ n: number }>());
  await stepUntil(() => server.state === "listening", poller);
  const own = new Own(`ws://127.0.0.1:${portOf(server)}`);
  own.binaryType = "arraybuffer";
  const answers: string[] = [];
  const decoder = new TextDecoder();
  own.onmessage = ({ data }) => answers.push(typeof data === "string" ? data : decoder.decode(data));
  own.onopen = () => own.send('{"n":1}\n');
  const far = await stepUntil(() => server.tryAccept(), poller);
  const message = await stepUntil(() => far.tryRecv(), poller);
  far.trySend({ n: message.n + 1 });
  await stepUntil(() => answers.length > 0, poller);
  same(answers, ['{"n":2}\n']);
  own.close(1000, "bye");
  await stepUntil(() => far.state === "closed", poller);
  same(far.closeReason?.kind, "remote");
  return "asked, answered and closed";
}

async function loop(): Promise<string> {
  await using poller = new Poller();
  const network = memory();
  const server = poller.listen(network, lines());
  const client = poller.connect(network, lines());
  const ending = new AbortController();
  const heard: string[] = [];
  let sumMs = 0;
  const report = await runLoop({
    rateHz: 100,
    poller,
    signal: ending.signal,
    tick(dtMs, frame) {
      sumMs += dtMs;
      server.tryAccept();
      server.drain((_, line) => heard.push(line));
      client.trySend(`tick ${frame.tick}`);
      if (heard.length >= 10) ending.abort();
    },
  });
  same(heard.slice(0, 2), ["tick 1", "tick 2"]);
  if (!(sumMs > 50)) throw new Error(`${report.ticks} ticks stood for ${sumMs} ms`);
  return "ten ticks, each with a line";
}

function portOf(server: { readonly address: Listener<string>["address"] }): number {
  const port = server.address?.port;
  if (port === undefined) throw new Error("the listener has no port");
  return port;
}

function same(found: unknown, wanted: unknown): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`expected ${right}, got ${left}`);
}
