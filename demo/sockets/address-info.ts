/**
 * The addresses of a name. Teaches the question that is asked in one frame and
 * answered in a later one: `getaddrinfo` blocks, a game must not.
 *
 *     Python                            here
 *     socket.gethostname()              hostname() of node:os
 *     socket.getaddrinfo(host, "http")  net.lookup(dns({ host, service: "http" }))
 *     except socket.gaierror            question.failure
 */
import { hostname } from "node:os";
import { dns, formatAddress, Poller, waitForActivity } from "../../src/index.ts";
import { fail, options, orWrong } from "./program.ts";

const { positionals } = options("[HOST] [SERVICE]", { allowPositionals: true });
const [host = hostname(), service = 0, ...extra] = positionals;
if (extra.length > 0) fail(`expected HOST and SERVICE, got "${extra[0]}" behind them`, 2);

const net = new Poller();
const question = net.lookup(orWrong(() => dns({ host, service })));
while (question.state === "pending") {
  await waitForActivity(net);
  net.poll();
}

const addresses = question.tryResult();
if (addresses === undefined) fail(`no address of ${host}: ${question.failure?.message}`, 1);
const rows = addresses.map((address) => {
  return `\n  ${address.family}  ${service === 0 ? address.host : formatAddress(address)}`;
});
console.log(`this machine is ${hostname()}\n${host} has these addresses:${rows.join("")}`);
