/**
 * Players on raw sockets, in lockstep with a server: as soon as all of them
 * have received a tick and answered it, their answers lie in the server's kernel,
 * and this program says so.
 *
 *     node players.mjs PORT PLAYERS
 *
 * Prints "answered N" for each tick.
 */
import { connect } from "node:net";

const [port, players] = process.argv.slice(2).map(Number);
let answered = 0;
let tick = 0;

for (let count = 0; count < players; count++) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let half = "";
  socket.setEncoding("utf8").on("data", (text) => {
    const lines = (half + text).split("\n");
    half = lines.pop() ?? "";
    for (const line of lines) answer(socket, line);
  });
  socket.write("player\n");
}

function answer(socket, line) {
  socket.write(`${line}\n`); // the system takes so little at once
  if (++answered < players) return;
  answered = 0;
  console.log(`answered ${tick++}`);
}
