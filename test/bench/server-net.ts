/**
 * The same server on bare `node:net`, as people write it by hand: a 'data'
 * handler that splits lines into an array per client, a frame that looks
 * through the clients and empties the arrays, and one write per line and client.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { lineOf } from "./scenarios.ts";
import { serve } from "./serve.ts";

interface Client {
  readonly socket: Socket;
  /** The line that is not whole yet. */
  rest: string;
  lines: string[];
}

await serve(async ({ linesOut, takeLines }, game) => {
  const clients = new Set<Client>();
  let number = 0;

  const server = createServer({ noDelay: true }, (socket) => {
    const client: Client = { socket, rest: "", lines: [] };
    clients.add(client);
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      const parts = (client.rest + text).split("\n");
      client.rest = parts.pop() ?? "";
      for (const line of parts) client.lines.push(line);
    });
    socket.on("error", () => {});
    socket.on("close", () => clients.delete(client));
  });

  function frame(): void {
    let left = takeLines;
    for (const client of clients) {
      if (client.lines.length === 0) continue;
      const taken = client.lines.splice(0, left);
      left -= taken.length;
      for (const line of taken) game.take(line);
      if (client.lines.length > 0) game.framesWithRest++;
    }
    for (let count = 0; count < linesOut; count++) {
      const line = `${lineOf(number++)}\n`;
      for (const client of clients) client.socket.write(line);
      game.sentLines += clients.size;
    }
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { server: { frame, connections: () => clients.size }, port };
});
