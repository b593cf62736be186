/**
 * A server in a loop that never yields: no `await`, no callback, no timer, as in pygame or
 * C. Teaches where the network is then: in another thread, which `threaded()` starts.
 *
 *     pygame                                here
 *     while True:                           while (true) {
 *         for event in pygame.event.get():      net.poll();
 *             …                                 …
 *         clock.tick(60)                        Atomics.wait(clock, 0, 0, 1_000 / 60);
 *
 * `runLoopSync` is this loop with a rate that does not drift. Ctrl-C ends the program, as
 * it has no handler for that: one could not run.
 *
 * Try it with: nc localhost 10000
 */
import { writeSync } from "node:fs";
import { formatAddress, lines, Poller, tcp, threaded } from "../../src/index.ts";
import { options, orWrong, portIn } from "./program.ts";

const { values } = options("[--host localhost] [--port 10000]", {
  options: { host: { type: "string", default: "localhost" }, port: { type: "string", default: "10000" } },
});

const net = new Poller();
const server = net.listen(
  orWrong(() => threaded(tcp({ host: values.host, port: portIn(values.port) }))),
  lines(),
);
net.on("close", ({ reason }) => say(`a connection has ended: ${reason.message}`));
const clock = new Int32Array(new SharedArrayBuffer(4)); // a word that nobody changes
let frames = 0;
let isListening = false;

while (true) {
  net.poll();
  frames++;
  if (server.state === "closed") {
    say(`cannot listen: ${server.closeReason?.message}`);
    process.exit(1);
  }
  if (!isListening && server.address !== undefined) {
    isListening = true;
    say(`listening on ${formatAddress(server.address)}`);
  }
  for (let peer = server.tryAccept(); peer !== undefined; peer = server.tryAccept()) {
    say(
      `connection from ${peer.remoteAddress === undefined ? "nowhere" : formatAddress(peer.remoteAddress)}`,
    );
    peer.trySend("welcome");
  }
  server.drain((peer, line) => {
    if (line === "quit") peer.close();
    else peer.trySend(`frame ${frames}: ${line}`);
  });
  net.flush();
  Atomics.wait(clock, 0, 0, 1_000 / 60);
}

/** `console.log` may wait for a turn of the event loop, which never comes. */
function say(text: string): void {
  writeSync(1, `${text}\n`);
}
