/**
 * A flood: numbered lines, as fast as the server takes them, and then the end.
 *
 *     node flooder.mjs PORT LINES
 */
import { connect } from "node:net";

const [port, lines] = process.argv.slice(2).map(Number);
const socket = connect({ port, host: "127.0.0.1" });
let next = 0;

function write() {
  let isTaken = true;
  while (isTaken && next < lines) {
    let burst = "";
    for (const end = Math.min(lines, next + 2_000); next < end; next++) burst += `flood ${next}\n`;
    isTaken = socket.write(burst);
  }
  if (next === lines) socket.end();
}

socket.on("drain", write).resume();
write();
