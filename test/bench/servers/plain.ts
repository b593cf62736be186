/**
 * The server on `node:net`, as people write it by hand: a 'data' handler that
 * decodes and splits, an array per client, a frame that looks into each of
 * them, and a write per message and client.
 */
import type { Socket } from "node:net";
import type { Message, Point } from "../wire.ts";
import { RECORD_BYTES } from "../wire.ts";
import { batchOf } from "./batch.ts";
import { host } from "./host.ts";
import { listening } from "./listening.ts";

interface Client {
  readonly socket: Socket;
  messages: Message[];
}

await host(async ({ work, contestant }) => {
  const clients = new Set<Client>();

  const port = await listening((socket) => {
    const client: Client = { socket, messages: [] };
    clients.add(client);
    if (work.task.kind === "ping-pong") hearLines(socket, (line) => socket.write(`${line}\n`));
    else if (contestant.format === "line") hearLines(socket, (line) => client.messages.push(line));
    else hearPoints(socket, (point) => client.messages.push(point));
    socket.on("error", () => {});
    socket.on("close", () => clients.delete(client));
  });

  return {
    port,
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
        for (const client of clients) client.socket.write(`${line}\n`);
      },
      flush() {},
    },
  };
});

function hearLines(socket: Socket, on: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) on(line);
  });
}

function hearPoints(socket: Socket, on: (point: Point) => void): void {
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= RECORD_BYTES) {
      on({ x: rest.readFloatLE(0), y: rest.readFloatLE(4), z: rest.readFloatLE(8) });
      rest = rest.subarray(RECORD_BYTES);
    }
  });
}
