/**
 * Many who connect at once and never say a word. What they are told they read,
 * and forget.
 *
 *     node silent-clients.mjs PORT CONNECTIONS
 *
 * Prints "through N" once each has come through or was sent away.
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
