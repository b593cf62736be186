/** A `node:net` server on a free port, as all hand-written contestants open theirs. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** Answers the port once it listens. The backlog lets 10,000 clients come at once. */
export async function listening(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer({ noDelay: true }, onConnection);
  server.listen({ port: 0, host: "127.0.0.1", backlog: BACKLOG });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

export const BACKLOG = 4_096;
