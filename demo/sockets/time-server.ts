/**
 * The time as a web page: a small HTTP server in frames.
 *
 *     poll ▶ accept ▶ hear requests, answer, close ▶ who is late? ▶ flush ▶ wait
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
const place = tcp({ host, port: portIn(port), allowHalfOpen: true });
const timeoutMs = wholeNumber("a timeout", values.timeout, 1, 3_600_000);
const interrupted = untilInterrupted();
/** Who has not asked yet, and since when, the first first. */
const waiting = new Map<Guest, number>();

const net = new Poller({ closeTimeoutMs: CLOSE_TIMEOUT_MS });
const server = net.listen(place, http);
net.on("listen", () => {
  if (server.address !== undefined) console.log(`listening on ${formatAddress(server.address)}`);
});
net.on("unlisten", ({ reason }) => {
  if (reason.kind !== "local") fail(`cannot listen on ${host}:${port}: ${reason.message}`, 1);
});

while (!interrupted.aborted) {
  const nowMs = performance.now();
  net.poll(nowMs);
  for (let guest: Guest | undefined; (guest = server.tryAccept()) !== undefined; ) waiting.set(guest, nowMs);
  server.drain(answer);
  sendTheLateAway(nowMs);
  net.flush();
  await waitForActivity(net, HEARTBEAT_MS, interrupted);
}
await net[Symbol.asyncDispose]();

function answer(guest: Guest, asked: Asked): void {
  if (asked.kind === "broken") {
    refuse(guest, asked.status, asked.why, "a broken request");
    return;
  }
  const { method, path } = asked;
  const what = `${method} ${path}`;
  const isHead = method === "HEAD";
  if (!isHead && method !== "GET") refuse(guest, 405, "This server has GET and HEAD.", what);
  else if (path !== "/time.html") refuse(guest, 404, "Nothing is at that address.", what, isHead);
  else say(guest, 200, timePage(new Date()), what, isHead);
}

/** Half a request is not waited for for ever. */
function sendTheLateAway(nowMs: number): void {
  for (const [guest, cameMs] of waiting) {
    if (guest.state !== "open")
      waiting.delete(guest); // it hung up, and never asked
    else if (guest.recvEnded) refuse(guest, 400, "the request ended in the middle", "no whole request");
    else if (nowMs - cameMs >= timeoutMs) {
      refuse(guest, 408, `no request came within ${timeoutMs} ms`, "no whole request");
    }
  }
}

function refuse(guest: Guest, status: Status, why: string, what: string, isHead = false): void {
  say(guest, status, wordsPage(`${status} ${statusText(status)}`, why), what, isHead);
}

/** Answers once, and says goodbye: what was sent leaves before the close. */
function say(guest: Guest, status: Status, html: string, what: string, isHead: boolean): void {
  waiting.delete(guest);
  guest.trySend(respond({ status, html, isHead, date: new Date() }));
  guest.close();
  const who = guest.remoteAddress === undefined ? `guest ${guest.id}` : formatAddress(guest.remoteAddress);
  console.log(`${who} ${what} ${status}`);
}

type Guest = Connection<Asked, Uint8Array>;
