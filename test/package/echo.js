// A TCP echo, as a user of the package writes it: plain JavaScript, public names only.
import { lines, Poller, tcp, waitForActivity } from "tickwire";

const net = new Poller();
const server = net.listen(tcp({ host: "127.0.0.1", port: 0 }), lines());
let client;
let answers = 0;

while (answers < 3) {
  await waitForActivity(net, 1_000);
  net.poll();

  if (server.state === "closed") throw new Error(server.closeReason.message);
  if (server.state === "listening" && client === undefined) {
    client = net.connect(tcp({ host: "127.0.0.1", port: server.address.port }), lines());
    for (const word of ["one", "", "drei €"]) client.trySend(word);
  }

  while (server.tryAccept() !== undefined) console.log("a connection");
  server.drain((connection, line) => connection.trySend(`echo ${line}`));

  for (const line of client ?? []) {
    answers++;
    console.log(line);
  }
  net.flush();
}

await net[Symbol.asyncDispose]();
console.log(client.state, client.closeReason.kind);
