/**
 * A chat for any number of people, in one loop.
 *
 *     poll ▶ accept ▶ receive each line, send it to the others ▶ obey the console ▶ flush ▶ wait
 *
 * Takes the place of the tutorials' server with a thread for each client, a
 * list of sockets under a lock, and one more thread for `input()`. Here a
 * frame has everybody's lines, one after the other, and no lock is needed.
 *
 * A client that does not read is not waited for: once 1 MiB waits for it
 * (`sendLimitBytes`), a line does not fit, and the client is dropped.
 *
 *     npx tsx demo/sockets/chat-server.ts --port 8000
 *     nc 127.0.0.1 8000
 */
import { type Connection, formatAddress, Poller, tcp } from "../../src/index.ts";
import { MAX_SAID_BYTES, serverSide } from "./chat.ts";
import { Console, printable } from "./console.ts";
import { fail, options, portIn, untilInterrupted } from "./program.ts";

/**
 * One frame receives this much and no more, in turns; the rest waits for the next.
 * So a flood of short lines, each told with an address in front, can never fill
 * in one frame the outbox of somebody who does read.
 */
const FRAME_BUDGET = { messages: 1_000, bytes: 65_536 };
/** The longest wait of an idle loop: deadlines and Ctrl-C are seen this soon. */
const HEARTBEAT_MS = 100;
/** How long a closing client may take to read our goodbye. */
const CLOSE_TIMEOUT_MS = 1_000;

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
let isOpen = true;

const net = new Poller({ frameBudget: FRAME_BUDGET, closeTimeoutMs: CLOSE_TIMEOUT_MS });
const server = net.listen(transport, serverSide);
net.on("listen", () => {
  if (server.address !== undefined) console.log(`listening on ${formatAddress(server.address)}`);
});
net.on("unlisten", ({ reason }) => {
  if (reason.kind !== "local") fail(`cannot listen on ${host}:${port}: ${reason.message}`, 1);
});
net.on("close", ({ connection, reason }) => console.log(`${nameOf(connection)} went: ${reason.message}`));

while (isOpen && !interrupted.aborted) {
  net.poll();
  for (let client: Client | undefined; (client = server.tryAccept()) !== undefined; ) {
    console.log(`${nameOf(client)} came`);
  }
  server.drain(receive);
  for (let line: string | undefined; (line = typed.tryLine()) !== undefined; ) obey(line);
  dropSlowReaders();
  net.flush();
  await typed.activity(net, HEARTBEAT_MS);
}
server.broadcast("server: the chat is over, goodbye");
typed.close();
await net[Symbol.asyncDispose]();

function receive(client: Client, line: string): void {
  if (line === "quit" || line === "") {
    console.log(`${nameOf(client)} leaves`);
    sayGoodbye(client, "goodbye");
    return;
  }
  const text = printable(line); // nobody writes to the terminals of others but text
  server.broadcast(`${nameOf(client)}: ${text}`, { except: client });
  client.trySend(`server:${text}`);
}

/** What was typed at the server's own console. */
function obey(line: string): void {
  const [, verb = "", rest = ""] = /^\s*(\S*)\s*(.*?)\s*$/.exec(line) ?? [];
  if (verb === "list") list();
  else if (verb === "say" && rest !== "")
    console.log(`said to ${server.broadcast(`server: ${printable(rest)}`)}`);
  else if (verb === "kick" && rest !== "") kick(rest);
  else if (verb === "quit") isOpen = false;
  else if (verb !== "") console.log("list, say TEXT, kick ADDRESS or quit?");
}

function list(): void {
  console.log(`${server.connections.size} here`);
  for (const client of server.connections) console.log(`  ${nameOf(client)}`);
}

function kick(name: string): void {
  for (const client of server.connections) {
    if (nameOf(client) !== name) continue;
    console.log(`${name} is kicked`);
    sayGoodbye(client, "you were kicked, goodbye");
    return;
  }
  console.log(`nobody here is called ${printable(name)}`);
}

/** What was sent before a close leaves before it. */
function sayGoodbye(client: Client, words: string): void {
  client.trySend(`server: ${words}`);
  client.close();
}

/** A line that did not fit was counted; one is enough. */
function dropSlowReaders(): void {
  for (const client of server.connections) {
    if (client.state !== "open" || client.stats.refusedMessages === 0) continue;
    console.log(
      `${nameOf(client)} does not read: ${client.pendingBytes} bytes wait for it, and it is dropped`,
    );
    client.abort();
  }
}

function nameOf({ remoteAddress, id }: Pick<Client, "remoteAddress" | "id">): string {
  return remoteAddress === undefined ? `client ${id}` : formatAddress(remoteAddress);
}

type Client = Connection<string>;
