/**
 * The echo server. Teaches how one loop serves any number of clients, and how
 * nothing is lost when one of them reads more slowly than it writes.
 *
 *     Python                                here
 *     sock.bind(…); sock.listen()           net.listen(tcp({ host, port }), bytes())
 *     connection, address = sock.accept()   server.tryAccept(), client.remoteAddress
 *     connection.recv(16)                   client.tryRecv() with maxChunkBytes: 16
 *     connection.sendall(data)              client.trySend(piece), and keep it when false
 *     if not data: break                    client.recvEnded
 *     AF_UNIX, ssl.wrap_socket              unix({ path }), tls({ key, cert })
 *
 * Try it with: printf hello | nc -N localhost 10000
 */
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import {
  bytes,
  type Connection,
  formatAddress,
  Poller,
  type Transport,
  tcp,
  tls,
  unix,
  waitForActivity,
} from "../../src/index.ts";
import { fail, leave, options, orWrong, portIn, untilInterrupted } from "./program.ts";

type Client = Connection<Uint8Array>;

const { values } = options(
  "[--host localhost] [--port 10000] [--path FILE] [--tls-key F --tls-cert F] [--upper]",
  {
    options: {
      host: { type: "string", default: "localhost" },
      port: { type: "string", default: "10000" },
      path: { type: "string" },
      "tls-key": { type: "string" },
      "tls-cert": { type: "string" },
      upper: { type: "boolean", default: false },
    },
  },
);

/** What one client may leave unread here. Beyond it the client waits, as `sendall` would make the server wait. */
const net = new Poller({ sendLimitBytes: 65_536 });
const server = net.listen(orWrong(transportOf), bytes({ maxChunkBytes: 16 }));
/**
 * A piece that a client had no room for. The client is held until this one has gone, as
 * messages that could be taken and are not would end each wait at once.
 */
const held = new WeakMap<Client, Uint8Array>();

net.on("listen", () => console.log(`listening on ${placeOf(server)}`));
net.on("drop", ({ reason }) => console.log(`turned away: ${reason.message}`));
net.on("close", ({ connection, reason }) => {
  if (reason.kind !== "local") console.log(`lost ${nameOf(connection)}: ${reason.message}`);
});
const stop = untilInterrupted();
stop.addEventListener("abort", () => server.close()); // which is activity, so the wait below is over

while (server.state !== "closed") {
  await waitForActivity(net, 1_000); // a deadline passes in polls: look once a second, whatever comes
  net.poll();
  for (let client = server.tryAccept(); client !== undefined; client = server.tryAccept()) {
    console.log(`connection from ${nameOf(client)}`);
  }
  for (const client of server.connections) echo(client);
  net.flush();
}
if (!stop.aborted) fail(`cannot listen: ${server.closeReason?.message}`, 1);
await leave(net);

/** Receive, act, send: as much as there is, and as the client has room for. */
function echo(client: Client): void {
  let piece = held.get(client) ?? next(client);
  while (piece !== undefined && (client.trySend(answerTo(piece)) || client.state !== "open")) {
    piece = next(client);
  }
  if (piece !== undefined) {
    held.set(client, piece);
    client.hold();
  } else if (held.delete(client)) client.release();

  // It may have finished sending and still read: the goodbye waits for the last byte of its echo.
  const isServed = client.recvEnded && piece === undefined && client.pendingBytes === 0;
  if (!isServed || client.state !== "open") return;
  console.log(`no more data from ${nameOf(client)}`);
  client.close();
}

function next(client: Client): Uint8Array | undefined {
  const piece = client.tryRecv();
  if (piece !== undefined) console.log(`received ${inspect(new TextDecoder().decode(piece))}`);
  return piece;
}

/** Capitals as Python's `bytes.upper()` makes them: a piece may end within a letter that is not ASCII. */
function answerTo(piece: Uint8Array): Uint8Array {
  if (!values.upper) return piece;
  return piece.map((byte) => (byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte));
}

function transportOf(): Transport {
  const { host, path, "tls-key": key, "tls-cert": cert } = values;
  const allowHalfOpen = true; // who has finished sending is still answered
  if ((key === undefined) !== (cert === undefined)) throw new Error("--tls-key and --tls-cert go together");
  if (path !== undefined && key !== undefined) throw new Error("--path goes without --tls-key");
  if (path !== undefined) return unix({ path, allowHalfOpen });
  const address = { port: portIn(values.port), allowHalfOpen, ...(host !== "" && { host }) };
  if (key === undefined || cert === undefined) return tcp(address);
  return tls({ ...address, key: readFileSync(key), cert: readFileSync(cert) });
}

function placeOf({ address }: typeof server): string {
  if (address === undefined) return "nothing";
  const isEverywhere = address.host === "::" || address.host === "0.0.0.0";
  return formatAddress(address) + (isEverywhere ? " (every address of this machine)" : "");
}

/** A client of a unix socket has no address, and goes by its number. */
function nameOf({ remoteAddress, id }: Pick<Client, "remoteAddress" | "id">): string {
  return remoteAddress === undefined ? `client ${id}` : formatAddress(remoteAddress);
}
