/**
 * Many clients that connect at once and never send. They read what they are
 * sent, and forget it.
 *
 *     node silent-clients.mjs PORT CONNECTIONS
 *
 * Prints "through N" once each has connected or was rejected.
 */
import { connect } from "node:net";

const [port, wanted] = process.argv.slice(2).map(Number);
const trash = Buffer.alloc(65_536);
let through = 0;

function tell() {
  if (++through === wanted) console.log(`through ${through}`);
}

for (let count = 0; count < wanted; count++) {
  const onread = { buffer: trash, callback: () => true };
  const socket = connect({ port, host: "127.0.0.1", onread });
  socket.once("connect", tell);
  socket.on("error", () => {
    if (socket.connecting) tell();
  });
}
