/** `node:net` alone: takes connections, and forgets what they send. What a connection costs before anyone adds to it. */
import { host } from "./host.ts";
import { listening } from "./listening.ts";

await host(async () => {
  const sockets = new Set<object>();
  const port = await listening((socket) => {
    sockets.add(socket);
    socket.on("data", () => {});
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
