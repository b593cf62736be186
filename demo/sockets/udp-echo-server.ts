/**
 * The echo server for datagrams. Teaches the socket without connections: each
 * datagram stands for itself, and says where it came from.
 *
 *     Python                                       here
 *     socket(AF_INET, SOCK_DGRAM); s.bind(addr)    net.bind(udp({ host, port }), bytes())
 *     data, address = s.recvfrom(4096)             socket.tryRecvFrom()
 *     s.sendto(data, address)                      socket.trySendTo(message, from)
 *
 * Python cuts a longer datagram off; here it is dropped whole, and counted. So is an empty one.
 */
import { inspect } from "node:util";
import { bytes, formatAddress, Poller, udp, waitForActivity } from "../../src/index.ts";
import { fail, leave, options, orWrong, portIn, untilInterrupted } from "./program.ts";

const { values } = options("[--host localhost] [--port 10000]", {
  options: {
    host: { type: "string", default: "localhost" },
    port: { type: "string", default: "10000" },
  },
});
const { host } = values;
const port = portIn(values.port);

const net = new Poller();
const transport = orWrong(() => udp({ port, ...(host !== "" && { host }) }));
const socket = net.bind(transport, bytes(), { maxDatagramBytes: 4_096 });
const stop = untilInterrupted();
stop.addEventListener("abort", () => socket.close()); // which is activity, so the wait below is over

while (socket.state === "starting") {
  await waitForActivity(net);
  net.poll();
}
if (socket.address !== undefined) console.log(`listening on ${formatAddress(socket.address)}`);

let malformed = 0;
while (socket.state !== "closed") {
  await waitForActivity(net);
  net.poll();
  for (let got = socket.tryRecvFrom(); got !== undefined; got = socket.tryRecvFrom()) {
    const { message, from } = got;
    console.log(`received ${inspect(new TextDecoder().decode(message))} from ${formatAddress(from)}`);
    socket.trySendTo(message, from); // `false` would be one more datagram that gets lost
  }
  if (socket.stats.malformed > malformed) {
    console.log(`dropped ${socket.stats.malformed - malformed} of no bytes, or more than 4096`);
    malformed = socket.stats.malformed;
  }
  net.flush();
}
if (!stop.aborted) fail(`cannot bind ${host}:${port}: ${socket.closeReason?.message}`, 1);
await leave(net);
