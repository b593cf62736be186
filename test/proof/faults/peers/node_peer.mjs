/**
 * A peer on a raw socket, to be killed and stopped. Says "say 0",
 * "say 1", … and checks that the "word 0", "word 1", … that it receives have no gap.
 *
 *     node node_peer.mjs PORT [HOST]
 *
 * Prints "linked", "gap …" when there was one, and "received N" at the end.
 */
import { connect } from "node:net";

const socket = connect({
  port: Number(process.argv[2]),
  host: process.argv[3] ?? "127.0.0.1",
  noDelay: true,
});
let said = 0;
let received = 0;
let half = "";

socket.on("connect", () => console.log("linked"));
socket.on("error", (error) => console.log(`error ${error.code}`));
socket.setEncoding("utf8").on("data", (text) => {
  const parts = (half + text).split("\n");
  half = parts.pop() ?? "";
  for (const line of parts) {
    const [kind, number] = line.split(" ");
    if (kind !== "word") continue;
    if (number !== String(received)) console.log(`gap: ${number} came, and not ${received}`);
    received++;
  }
});
socket.on("end", () => {
  console.log(`received ${received}`);
  socket.end();
});
socket.on("close", () => clearInterval(talking));
const talking = setInterval(() => {
  if (!socket.writableNeedDrain) socket.write(`say ${said++}\n`);
}, 2);
