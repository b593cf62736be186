/**
 * The first cube: a mover moves it with the keys, a mirror shows where it is. One file to
 * learn from; `demo/cube` is the same in large, and either of them is the other's peer, as
 * Python's and `nc` are: all speak the lines of `demo/cube/shared/wire.ts`.
 *
 *     npx tsx demo/first-cube.ts mirror
 *     npx tsx demo/first-cube.ts mover
 */
import { emitKeypressEvents } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { type Connection, lines, Poller, tcp } from "../src/index.ts";

const [role = "mirror", port = "14900"] = process.argv.slice(2);
const net = new Poller();
const way = tcp({ host: "127.0.0.1", port: Number(port) });
const end = role === "mover" ? net.connect(way, lines()) : net.listen(way, lines());
const peers = "connections" in end ? end.connections : [end]; // of a mirror, all that connect
const keys = ["left", "right", "q", "e", "up", "down"]; // on each axis the one down and the one up
const pressed: string[] = []; // they wait for the frame, as messages do
let cube = ""; // such as "1 2 3", once it is known where it is
let shown = "";

net.on("listen", ({ listener }) => console.log(`listening on 127.0.0.1:${listener.address?.port}`));
if (role === "mover") {
  if (process.stdin.isTTY) process.stdin.setRawMode(true);
  emitKeypressEvents(process.stdin);
  process.stdin.on("keypress", (_, { name, ctrl }) => pressed.push(ctrl ? `ctrl-${name}` : name));
}

while (end.state !== "closed" && !pressed.includes("ctrl-c")) {
  net.poll(); // the frame begins: what came since the last one is here, and stands still
  while (accept());
  for (const peer of peers) for (const line of peer) receive(peer, line);
  for (const key of pressed.splice(0)) if (keys.includes(key)) move(keys.indexOf(key));
  if (cube !== shown) console.log(`cube ${(shown = cube)}`);
  net.flush(); // it ends: what was sent leaves, in one write to each peer
  await pause(1_000 / 60); // the network has its turn
}
console.log(end.closeReason?.message ?? "left");
await net[Symbol.asyncDispose]();
process.exit(pressed.includes("ctrl-c") ? 0 : 1);

/** The next one that connected is told where the cube is. `false` when there is none, the usual case. */
function accept(): boolean {
  const peer = "tryAccept" in end ? end.tryAccept() : undefined;
  if (cube !== "") peer?.trySend(`cube ${cube}`);
  return peer !== undefined;
}

function receive(from: Connection<string>, line: string): void {
  const [word, ...parts] = line.trim().split(/ +/);
  const numbers = parts.map(Number);
  if (word === "cube" && numbers.length === 3 && numbers.every(isInside)) place(numbers, from);
  else if (word === "ping" && Number.isInteger(numbers[0])) from.trySend(`pong ${numbers[0]}`);
  else if (word !== "pong" && word !== "error") from.trySend("error expected: cube X Y Z, or ping N");
}

function move(key: number): void {
  const numbers = cube === "" ? [0, 0, 0] : cube.split(" ").map(Number);
  const moved = numbers.map((value, axis) => (axis === key >> 1 ? value + (key % 2) * 2 - 1 : value));
  if (moved.every(isInside)) place(moved);
}

/** The cube is there now, and all others are told. */
function place(numbers: readonly number[], from?: Connection<string>): void {
  cube = numbers.join(" ");
  for (const peer of peers) if (peer !== from) peer.trySend(`cube ${cube}`);
}

function isInside(value: number): boolean {
  return Math.abs(value) <= 10; // which NaN is not
}
