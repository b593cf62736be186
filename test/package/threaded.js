// An echo in a loop that never yields, as a user of the package writes it.
import { lines, Poller, tcp, threaded } from "tickwire";

const net = new Poller();
const host = "127.0.0.1";
const server = net.listen(threaded(tcp({ host, port: 0 })), lines());
let client;
let answer;

while (answer === undefined) {
  net.poll();
  if (server.state === "closed") throw new Error(server.closeReason.message);
  if (client?.state === "closed") throw new Error(client.closeReason.message);
  if (server.state === "listening" && client === undefined) {
    client = net.connect(threaded(tcp({ host, port: server.address.port })), lines());
    client.trySend("one");
  }
  server.tryAccept();
  server.drain((connection, line) => connection.trySend(`echo ${line}`));
  answer = client?.tryRecv();
  net.flush();
}
console.log(answer);
await net[Symbol.asyncDispose]();
