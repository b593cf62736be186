/**
 * The echo client for datagrams. Teaches what UDP leaves to the program: a
 * datagram may be lost, so it is sent again when no answer came in time, and
 * not for ever. Time is the frame's own, as `poll()` tells it.
 *
 *     Python                                    here
 *     s.connect(address)                        udp({ remote: { host, port } })
 *     s.settimeout(0.5)                         the frame's nowMs against a deadline
 *     s.send(message); s.recv(4096)             socket.trySend(message), socket.tryRecv()
 *     except ConnectionRefusedError             socket.lastFailure
 */
import { inspect } from "node:util";
import { bytes, Poller, udp, waitForActivity } from "../../src/index.ts";
import { fail, leave, options, orWrong, portIn } from "./program.ts";

const { values, positionals } = options("[--host localhost] [--port 10000] [MESSAGE]", {
  allowPositionals: true,
  options: {
    host: { type: "string", default: "localhost" },
    port: { type: "string", default: "10000" },
  },
});
const [text = "This is the message. It will be repeated.", ...extra] = positionals;
if (extra.length > 0) fail(`expected one message, got "${extra[0]}" behind it`, 2);
const message = new TextEncoder().encode(text);
const remote = { host: values.host, port: portIn(values.port) };

const PATIENCE_MS = 500;
const MOST_TRIES = 3;

const net = new Poller();
const socket = net.bind(
  orWrong(() => udp({ remote })),
  bytes(),
  { maxDatagramBytes: 4_096 },
);
while (socket.state === "starting") {
  await waitForActivity(net);
  net.poll();
}

let tries = 0;
let dueMs = 0;
let waitMs = 0;
let answer: Uint8Array | undefined;
while (socket.state !== "closed") {
  await waitForActivity(net, waitMs);
  const { nowMs } = net.poll();
  answer = socket.tryRecv();
  if (answer !== undefined) break;
  if (nowMs >= dueMs) {
    if (tries === MOST_TRIES) break;
    orWrong(() => socket.trySend(message)); // it throws when the message is over the limit
    tries++;
    dueMs = nowMs + PATIENCE_MS;
    console.log(`sending ${inspect(text)}${tries === 1 ? "" : `, try ${tries}`}`);
  }
  net.flush();
  waitMs = dueMs - nowMs;
}
if (answer === undefined) {
  const why = (socket.closeReason ?? socket.lastFailure)?.message;
  fail(`no answer from ${remote.host}:${remote.port} to ${tries} tries${why ? `: ${why}` : ""}`, 1);
}
console.log(`received ${inspect(new TextDecoder().decode(answer))}`);
await leave(net);
