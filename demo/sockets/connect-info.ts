/**
 * Connects to the best address of a name, and tells how. Teaches that a name
 * has several addresses, and that `connect` tries them by itself: the loop over
 * `getaddrinfo` that the tutorials write is not needed.
 *
 *     Python                                     here
 *     socket.create_connection((host, port))     net.connect(tcp({ host, port }), bytes())
 *     for family, type, … in getaddrinfo(…): …   the same call; server.failedAttempts
 *     s.getsockname(), s.getpeername()           server.localAddress, server.remoteAddress
 *     s.connect_ex(address)                      server.closeReason, in a later frame
 */
import { bytes, formatAddress, Poller, tcp, waitForActivity } from "../../src/index.ts";
import { fail, leave, options, portIn } from "./program.ts";

const { positionals } = options("HOST PORT", { allowPositionals: true });
const [host, portText, ...extra] = positionals;
if (host === undefined || portText === undefined || extra.length > 0) {
  fail(`expected HOST PORT, got ${positionals.length} of them`, 2);
}

const net = new Poller();
const server = net.connect(tcp({ host, port: portIn(portText) }), bytes());
while (server.state === "connecting") {
  await waitForActivity(net, 1_000); // a deadline passes in polls: look once a second, whatever comes
  net.poll();
}

const attempts = server.failedAttempts.map(
  ({ address, reason }) => `\n  failed    ${formatAddress(address)}: ${reason.message}`,
);
const { localAddress, remoteAddress } = server;
if (localAddress === undefined || remoteAddress === undefined) {
  fail(`cannot connect to ${host}:${portText}: ${server.closeReason?.message}${attempts.join("")}`, 1);
}
console.log(`connected to ${host}:${portText}
  family    ${remoteAddress.family}
  type      stream
  protocol  TCP
  local     ${formatAddress(localAddress)}
  remote    ${formatAddress(remoteAddress)}${attempts.join("")}`);
await leave(net);
