/**
 * The time as a web page: a small HTTP server in frames.
 *
 *     poll ▶ accept ▶ receive requests, answer, close ▶ who is late? ▶ flush ▶ wait
 *
 * Takes the place of the tutorials' `recv(1024)` and a string that begins with
 * "HTTP/1.1 200 OK". That one hangs when a client says nothing, and breaks when
 * a request comes in two pieces; here the codec puts the pieces together, and a
 * deadline ends the wait. What is HTTP is in `http.ts`; this file knows who
 * asked, and when.
 *
 *     npx tsx demo/sockets/time-server.ts --port 8080
 *     curl -i http://127.0.0.1:8080/time.html
 */
import { type Connection, formatAddress, Poller, tcp, waitForActivity } from "../../src/index.ts";
import { type Asked, http, respond, type Status, statusText } from "./http.ts";
import { fail, options, portIn, untilInterrupted, wholeNumber } from "./program.ts";
import { timePage, wordsPage } from "./time-page.ts";

/** The longest wait of an idle loop: who is late is seen this soon. */
const HEARTBEAT_MS = 100;
/** How long a client may take to read its answer and hang up. */
const CLOSE_TIMEOUT_MS = 2_000;

const { values } = options("[--host 127.0.0.1] [--port 8080] [--timeout MS]", {
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "8080" },
    timeout: { type: "string", default: "10000" }, // a slow phone's worth
  },
});
const { host, port } = values;
// A client may finish sending (`nc -N`) and still wait for its answer.
const transport = tcp({ host, port: portIn(port), allowHalfOpen: true });
const timeoutMs = wholeNumber("a timeout", values.timeout, 1, 3_600_000);
const interrupted = untilInterrupted();
/** Who has not asked yet, and since when, the first first. */
const waiting = new Map<Client, number>();

const net = new Poller({ closeTimeoutMs: CLOSE_TIMEOUT_MS });
const server = net.listen(transport, http);
net.on("listen", () => {
  if (server.address !== undefined) console.log(`listening on ${formatAddress(server.address)}`);
});
net.on("unlisten", ({ reason }) => {
  if (reason.kind !== "local") fail(`cannot listen on ${host}:${port}: ${reason.message}`, 1);
});

while (!interrupted.aborted) {
  const nowMs = performance.now();
  net.poll(nowMs);
  for (let client: Client | undefined; (client = server.tryAccept()) !== undefined; )
    waiting.set(client, nowMs);
  server.drain(answer);
  refuseLateClients(nowMs);
  net.flush();
  await waitForActivity(net, HEARTBEAT_MS, interrupted);
}
await net[Symbol.asyncDispose]();

function answer(client: Client, asked: Asked): void {
  if (asked.kind === "broken") {
    refuse(client, asked.status, asked.why, "a broken request");
    return;
  }
  const { method, path } = asked;
  const what = `${method} ${path}`;
  const isHead = method === "HEAD";
  if (!isHead && method !== "GET") refuse(client, 405, "This server has GET and HEAD.", what);
  else if (path !== "/time.html") refuse(client, 404, "Nothing is at that address.", what, isHead);
  else say(client, 200, timePage(new Date()), what, isHead);
}

/** Half a request is not waited for for ever. */
function refuseLateClients(nowMs: number): void {
  for (const [client, cameMs] of waiting) {
    if (client.state !== "open")
      waiting.delete(client); // it hung up, and never asked
    else if (client.recvEnded) refuse(client, 400, "the request ended in the middle", "no whole request");
    else if (nowMs - cameMs >= timeoutMs) {
      refuse(client, 408, `no request came within ${timeoutMs} ms`, "no whole request");
    }
  }
}

function refuse(client: Client, status: Status, why: string, what: string, isHead = false): void {
  say(client, status, wordsPage(`${status} ${statusText(status)}`, why), what, isHead);
}

/** Answers once, and says goodbye: what was sent leaves before the close. */
function say(client: Client, status: Status, html: string, what: string, isHead: boolean): void {
  waiting.delete(client);
  client.trySend(respond({ status, html, isHead, date: new Date() }));
  client.close();
  const who =
    client.remoteAddress === undefined ? `client ${client.id}` : formatAddress(client.remoteAddress);
  console.log(`${who} ${what} ${status}`);
}

type Client = Connection<Asked, Uint8Array>;
