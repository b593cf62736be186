// WebSocket in TypeScript, as a user of the package writes it. Only compiled, against the declarations.
import { createServer } from "node:http";
import { lines, Poller } from "tickwire";
import { Poller as PagePoller, websocket as pageWebsocket } from "tickwire/browser";
import { type NodeWebSocketOptions, websocket, websocketServer } from "tickwire/websocket";

const options: NodeWebSocketOptions = { headers: { origin: "https://example.org" }, deadPeerMs: 60_000 };
const net = new Poller();
const own = net.listen(websocketServer({ port: 0, origins: "any" }), lines());
const shared = net.listen(websocketServer({ server: createServer(), path: "/play" }), lines());
const client = net.connect(websocket("ws://127.0.0.1/", options), lines());
const page = new PagePoller();
const server = page.connect(pageWebsocket("/play", { maxBacklogBytes: 1_000 }), lines());
console.log(own.state, shared.state, client.state, server.tryRecv()?.length);

// @ts-expect-error a page cannot listen
page.listen(pageWebsocket("/play"), lines());
// @ts-expect-error a port of its own, or a server that is there
websocketServer({ port: 0, server: createServer() });
