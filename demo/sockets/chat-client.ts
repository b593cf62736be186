/**
 * The chat's other end: the console and the network in one loop.
 *
 *     poll ▶ print what came ▶ send what was typed ▶ flush ▶ wait for either
 *
 * Takes the place of the tutorials' client with a thread that blocks in
 * `recv` and another that blocks in `input()`. An empty line, `quit`, the end
 * of stdin and Ctrl-C leave, and what the server still answers is printed.
 *
 *     npx tsx demo/sockets/chat-client.ts --port 8000
 */
import { formatAddress, Poller, tcp } from "../../src/index.ts";
import { clientSide, MAX_SAID_BYTES } from "./chat.ts";
import { Console, printable } from "./console.ts";
import { fail, options, portIn, untilInterrupted } from "./program.ts";

/** The longest wait of an idle loop: deadlines and Ctrl-C are seen this soon. */
const HEARTBEAT_MS = 100;
/** How long the server may take over its last words. */
const LAST_WORDS_MS = 1_000;
/** What is typed waits at the console while this much waits in the outbox, so that a file at stdin loses no line. */
const ENOUGH_BYTES = 65_536;

const { values } = options("[--host 127.0.0.1] [--port 8000]", {
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "8000" },
  },
});
const { host, port } = values;
const transport = tcp({ host, port: portIn(port) });
const interrupted = untilInterrupted();
const typed = new Console(MAX_SAID_BYTES);
let stage = { kind: "dialing" } as Stage; // not narrowed: the functions below change it

const net = new Poller({ closeTimeoutMs: LAST_WORDS_MS });
const server = net.connect(transport, clientSide);

while (server.state !== "closed") {
  net.poll();
  for (const line of server) print(printable(line));
  if (stage.kind === "dialing" && server.state === "open") sayHello();
  if (stage.kind === "talking") speak();
  if (interrupted.aborted && stage.kind !== "leaving") leave();
  if (stage.kind === "leaving" && performance.now() >= stage.untilMs) server.close();
  net.flush();
  await typed.activity(net, HEARTBEAT_MS);
}
typed.close();
const why = server.closeReason?.message ?? "closed";
if (stage.kind === "dialing") fail(`cannot reach ${host}:${port}: ${why}`, 1);
if (stage.kind === "talking") fail(`the server has gone: ${why}`, 1);
print("left");

function sayHello(): void {
  stage = { kind: "talking" };
  const { localAddress, remoteAddress } = server;
  const [here, there] = [localAddress, remoteAddress].map((end) => (end ? formatAddress(end) : "nowhere"));
  print(`connected to ${there} as ${here}`);
  server.trySend(`hello from ${here}`);
}

function speak(): void {
  while (stage.kind === "talking" && server.pendingBytes < ENOUGH_BYTES) {
    const line = typed.tryLine();
    if (line === "" || line === "quit" || (line === undefined && typed.hasEnded)) leave();
    else if (line === undefined) return;
    else server.trySend(line);
  }
}

/** Finishes sending, and receives what still comes. */
function leave(): void {
  stage = { kind: "leaving", untilMs: performance.now() + LAST_WORDS_MS };
  if (server.state === "connecting") server.abort();
  else server.end();
}

function print(text: string): void {
  console.log(`[${new Date().toTimeString().slice(0, 8)}] ${text}`);
}

type Stage =
  | { readonly kind: "dialing" }
  | { readonly kind: "talking" }
  | { readonly kind: "leaving"; readonly untilMs: number };
