/**
 * `node:net` alone: takes connections, and forgets what they send. What Node
 * itself costs before anyone adds to it; where all reads share a buffer, as
 * tickwire's do, the least that a server can cost which is told of each read.
 */
import type { Socket } from "node:net";
import { readShared } from "../../../src/transport/node/shared-read-buffer.ts";
import { host } from "./host.ts";
import { listening } from "./listening.ts";

await host(async ({ contestant }) => {
  const sockets = new Set<Socket>();
  const port = await listening((socket) => {
    sockets.add(socket);
    if (contestant.sharesReads === true) shareReads(socket);
    else socket.on("data", () => {});
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  const nothing = () => {};
  return {
    port,
    server: {
      get connections() {
        return sockets.size;
      },
      receive: nothing,
      sendToAll: nothing,
      flush: nothing,
    },
  };
});

function shareReads(socket: Socket): void {
  if (!readShared(socket, { received() {} })) throw new Error("this Node reads into no buffer of ours");
  socket.resume();
}
