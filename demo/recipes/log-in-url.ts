/**
 * How does a page log in by a token in the URL, as its `new WebSocket(url)` sends no header of
 * yours? Mind that a URL stands in the logs of every proxy: a secret that lasts must not be in
 * it. So the page first asks for a ticket, by a POST with its secret, and `admit` takes that from
 * the query. A ticket works once, and for ten seconds, so that who reads it in a log comes too
 * late. Mind that tickets which nobody uses take memory: they have an end, and a largest number.
 *
 *     npx tsx demo/recipes/log-in-url.ts 14900
 *     curl -X POST -H 'Authorization: Bearer 8f3a' http://127.0.0.1:14900/ticket
 */
import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type Connection, lines, Poller, runLoop, type UpgradeRequest } from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";

type Player = Connection<string, string, { readonly name: string }>;

/** By the hashes of their secrets. */
const NAMES = new Map([
  [hashOf("8f3a"), "ada"],
  [hashOf("c41d"), "bob"],
]);
const TICKET_MS = Number(process.argv[3] ?? 10_000);
const MOST_TICKETS = 1_000;
const tickets = new Map<string, { readonly name: string; readonly dueMs: number }>(); // the oldest first

const site = createServer((request, answer) => {
  const asked = `${request.method} ${request.url}`;
  const [status, text = ""] = asked === "POST /ticket" ? ticketFor(request) : [404];
  answer.writeHead(status, { "cache-control": "no-store" }).end(text);
});
const net = new Poller();
const way = websocketServer({ server: site, path: "/play", framing: "message", admit });
const server = net.listen(way, lines({ maxLineBytes: 1_000 }), {
  data: ({ request }) => request?.facts as Player["data"],
});
server.on("drop", ({ count, reason }) => console.log(`turned away ${count}: ${reason.message}`));
site.listen(Number(process.argv[2] ?? 14900), "127.0.0.1", () => {
  console.log(`listening on 127.0.0.1:${(site.address() as AddressInfo).port}`);
});

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    for (let player: Player | undefined; (player = server.tryAccept()) !== undefined; ) {
      player.trySend(`hello ${player.data.name}`);
    }
    server.drain((player, line) => player.trySend(`${player.data.name} says ${line}`));
    for (const [ticket, { dueMs }] of tickets) if (dueMs <= performance.now()) tickets.delete(ticket);
  },
});

function ticketFor({ headers }: IncomingMessage): [status: number, ticket?: string] {
  const name = NAMES.get(hashOf(/^Bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? ""));
  if (name === undefined) return [401];
  if (tickets.size >= MOST_TICKETS) return [503];
  const ticket = randomUUID();
  tickets.set(ticket, { name, dueMs: performance.now() + TICKET_MS });
  return [200, ticket];
}

function admit({ query }: UpgradeRequest): 401 | { readonly name: string } {
  const word = query.get("ticket") ?? "";
  const ticket = tickets.get(word);
  tickets.delete(word); // it works once
  return ticket === undefined || ticket.dueMs <= performance.now() ? 401 : { name: ticket.name };
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
