/**
 * How sockets of `node:net` are connected to one address, for a race of several.
 */
import { connect, type Socket } from "node:net";
import type { Address } from "../../port/address.ts";
import type { ConnectTarget, Dialled, Dialler } from "./connect-race.ts";
import { drop, reset } from "./drop-socket.ts";
import { reasonOf } from "./error-codes.ts";

/** Node's sockets. */
export const NODE_SOCKETS: Dialler<Socket> = {
  dial({ host, port }: Address, { localAddress, socketOptions }: ConnectTarget, told: Dialled): Socket {
    const socket = connect({
      ...socketOptions,
      host,
      port,
      autoSelectFamily: false, // there is one address only
      ...(localAddress !== undefined && { localAddress }),
    });
    socket.on("error", (error) => told.failed(reasonOf(error)));
    socket.on("connect", () => told.connected());
    return socket;
  },

  isOwnPeer({ localAddress, localPort, remoteAddress, remotePort }) {
    return localPort === remotePort && localAddress === remoteAddress;
  },

  release(socket) {
    socket.removeAllListeners("error").removeAllListeners("connect");
  },

  reset,

  drop(socket) {
    socket.removeAllListeners("connect").on("error", () => {}); // what it says of that is no matter
    drop(socket);
  },

  later: (task) => process.nextTick(task), // as a socket's own close
};
