/**
 * The greeter: the first server of every tutorial. Teaches that `close()` is a
 * goodbye and no cut: what was sent leaves first, however late it is read.
 *
 *     Python                                          here
 *     c, addr = s.accept()                            server.tryAccept()
 *     c.send(b"Thank you for connecting"); c.close()  client.trySend(…); client.close()
 *
 * In Python a client that has said something, which nobody received, is sent a
 * reset by that close, and may lose the greeting. Here it may not.
 */
import { bytes, formatAddress, Poller, tcp, waitForActivity } from "../../src/index.ts";
import { fail, leave, options, orWrong, portIn, untilInterrupted } from "./program.ts";

const { values } = options("[--port 12345]", {
  options: { port: { type: "string", default: "12345" } },
});
const greeting = new TextEncoder().encode("Thank you for connecting");

const net = new Poller();
const port = portIn(values.port);
// Who has not hung up a minute after the goodbye is cut off, or idle ones would gather without end.
const server = net.listen(
  orWrong(() => tcp({ port })),
  bytes(),
  { closeTimeoutMs: 60_000 },
);

net.on("listen", () => console.log(`listening on ${server.address && formatAddress(server.address)}`));
const stop = untilInterrupted();
stop.addEventListener("abort", () => server.close()); // which is activity, so the wait below is over

while (server.state !== "closed") {
  await waitForActivity(net, 1_000); // a deadline passes in polls: look once a second, whatever comes
  net.poll();
  for (let client = server.tryAccept(); client !== undefined; client = server.tryAccept()) {
    console.log(`got connection from ${client.remoteAddress && formatAddress(client.remoteAddress)}`);
    client.trySend(greeting);
    client.close();
  }
  net.flush();
}
if (!stop.aborted) fail(`cannot listen on port ${port}: ${server.closeReason?.message}`, 1);
await leave(net);
