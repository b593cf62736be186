// The WebSocket entry, as a user of the package writes it: a server, its client, and what a page would import.

import { lines, Poller, waitForActivity } from "tickwire";
import { Poller as PagePoller } from "tickwire/browser";
import { websocket, websocketServer } from "tickwire/websocket";

const net = new Poller();
if (!(net instanceof PagePoller)) throw new Error("the two entries have classes of their own");
const server = net.listen(websocketServer({ host: "127.0.0.1", port: 0 }), lines());
let client;
let answer;

while (answer === undefined) {
  await waitForActivity(net, 1_000);
  net.poll();
  if (server.state === "closed") throw new Error(server.closeReason.message);
  if (server.state === "listening" && client === undefined) {
    client = net.connect(websocket(`ws://127.0.0.1:${server.address.port}`), lines());
    client.trySend("one");
  }
  while (server.tryAccept() !== undefined);
  server.drain((connection, line) => connection.trySend(`echo ${line}`));
  answer = client?.tryRecv();
  net.flush();
}
console.log(answer);
await net[Symbol.asyncDispose]();
