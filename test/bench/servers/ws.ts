/** The server on `ws`, as its own examples write one: a handler per message, a `send` per message and client. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { batchOf } from "./batch.ts";
import { host } from "./host.ts";
import { BACKLOG } from "./listening.ts";

interface Client {
  readonly socket: WebSocket;
  messages: string[];
}

await host(async ({ work }) => {
  const clients = new Set<Client>();
  const wss = new WebSocketServer({ port: 0, host: "127.0.0.1", backlog: BACKLOG });

  wss.on("connection", (socket) => {
    const client: Client = { socket, messages: [] };
    clients.add(client);
    if (work.task.kind === "ping-pong") socket.on("message", (data) => socket.send(data.toString()));
    else socket.on("message", (data) => client.messages.push(data.toString()));
    socket.on("error", () => {});
    socket.on("close", () => clients.delete(client));
  });

  await once(wss, "listening");
  return {
    port: (wss.address() as AddressInfo).port,
    server: {
      get connections() {
        return clients.size;
      },
      receive(take, most) {
        for (const client of clients) {
          for (const message of batchOf(client, most)) take(client, message);
        }
      },
      sendToAll(line) {
        for (const client of clients) client.socket.send(line);
      },
      flush() {},
    },
  };
});
