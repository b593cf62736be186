/**
 * The echo client. Teaches that a stream has no borders: what was sent in one
 * piece may come back in several, so it is bytes that are counted.
 *
 *     Python                                here
 *     sock.connect(address)                 net.connect(tcp({ host, port }), bytes())
 *     except ConnectionRefusedError         server.closeReason?.kind === "refused"
 *     sock.sendall(message)                 server.trySend(message); it waits while connecting
 *     while received < expected: recv(16)   for (const piece of server)
 *     finally: sock.close()                 server.close()
 */
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { bytes, Poller, type Transport, tcp, tls, unix, waitForActivity } from "../../src/index.ts";
import { fail, leave, options, orWrong, portIn } from "./program.ts";

const { values, positionals } = options(
  "[--host localhost] [--port 10000] [--path FILE] [--tls-ca F] [MESSAGE]",
  {
    allowPositionals: true,
    options: {
      host: { type: "string", default: "localhost" },
      port: { type: "string", default: "10000" },
      path: { type: "string" },
      "tls-ca": { type: "string" },
    },
  },
);
const [text = "This is the message. It will be repeated.", ...extra] = positionals;
if (extra.length > 0) fail(`expected one message, got "${extra[0]}" behind it`, 2);

const net = new Poller();
const server = net.connect(orWrong(wayOut), bytes());
const message = new TextEncoder().encode(text);
const decoder = new TextDecoder(); // keeps the half of a letter that a piece may end with
let receivedBytes = 0;

console.log(`sending ${inspect(text)}`);
server.trySend(message);
while (server.state !== "closed" && (server.state === "connecting" || receivedBytes < message.length)) {
  await waitForActivity(net, 1_000); // a deadline passes in polls: look once a second, whatever comes
  net.poll();
  for (const piece of server) {
    receivedBytes += piece.length;
    console.log(`received ${inspect(decoder.decode(piece, { stream: true }))}`);
  }
  net.flush();
}
if (server.remoteAddress === undefined || receivedBytes < message.length) fail(whyNot(), 1);
console.log(`that was all: ${receivedBytes} bytes`);
await leave(net);

function whyNot(): string {
  const why = server.closeReason?.message;
  const address = values.path ?? `${values.host}:${values.port}`;
  if (server.remoteAddress === undefined) return `cannot connect to ${address}: ${why}`;
  return `got back ${receivedBytes} of ${message.length} bytes: ${why}`;
}

function wayOut(): Transport {
  const { host, path, "tls-ca": ca } = values;
  if (path !== undefined && ca !== undefined) throw new Error("--path goes without --tls-ca");
  if (path !== undefined) return unix({ path });
  const address = { host, port: portIn(values.port) };
  return ca === undefined ? tcp(address) : tls({ ...address, ca: readFileSync(ca) });
}
