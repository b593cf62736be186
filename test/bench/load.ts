/**
 * The clients, all in one process on raw sockets, and cheap: one buffer is sent
 * again and again, all sockets read into one buffer, and nobody looks at what
 * came. Its own CPU is reported, so that one can see it had time to spare.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { jobOfThisProcess, listenToMain, tell } from "./reports.ts";
import { LINE_BYTES, lineOf } from "./scenarios.ts";

const { scenario, port } = jobOfThisProcess();
const sockets: Socket[] = [];
const trash = Buffer.alloc(65_536);
let sentLines = 0;
let receivedBytes = 0;

async function run(): Promise<void> {
  await connectAll();
  if (scenario.linesIn === Infinity) for (const socket of sockets) flood(socket);
  else if (scenario.linesIn > 0) sendInTicks(scenario.linesIn);
  answerMain();
  tell({ ready: true, port: 0 });
}

async function connectAll(): Promise<void> {
  while (sockets.length < scenario.connections) {
    const count = Math.min(CONNECTING_AT_ONCE, scenario.connections - sockets.length);
    const some = Array.from({ length: count }, newSocket);
    await Promise.all(some.map((socket) => once(socket, "connect")));
    sockets.push(...some);
  }
}

function newSocket(): Socket {
  const drop = (sizeBytes: number) => {
    receivedBytes += sizeBytes;
    return true;
  };
  return connect({ host: "127.0.0.1", port, noDelay: true, onread: { buffer: trash, callback: drop } });
}

/** As fast as the socket takes it: large writes, one behind the other. */
function flood(socket: Socket): void {
  const perWrite = Math.floor(65_536 / LINE_BYTES);
  const burst = Buffer.from(`${lineOf(0)}\n`.repeat(perWrite));
  const send = () => {
    sentLines += perWrite;
    socket.write(burst, send);
  };
  for (let count = 0; count < WRITES_UNDER_WAY; count++) send();
}

/** Each client once per tick, a slice of the clients at a time: players do not all speak in one instant. */
function sendInTicks(linesIn: number): void {
  const message = Buffer.from(`${lineOf(0)}\n`.repeat(linesIn));
  const periodMs = 1_000 / scenario.rateHz / SLICES_PER_TICK;
  const startMs = performance.now();
  let slice = 0;
  const tick = () => {
    for (; startMs + slice * periodMs <= performance.now(); slice++) {
      for (let index = slice % SLICES_PER_TICK; index < sockets.length; index += SLICES_PER_TICK) {
        sockets[index]?.write(message);
        sentLines += linesIn;
      }
    }
    setTimeout(tick, startMs + slice * periodMs - performance.now());
  };
  tick();
}

function answerMain(): void {
  let start = { ms: 0, cpu: process.cpuUsage(), sentLines, receivedBytes };
  listenToMain((command) => {
    if (command === "begin") {
      start = { ms: performance.now(), cpu: process.cpuUsage(), sentLines, receivedBytes };
      return;
    }
    const { user, system } = process.cpuUsage(start.cpu);
    tell({
      elapsedMs: performance.now() - start.ms,
      cpuMs: (user + system) / 1_000,
      connections: sockets.filter((socket) => socket.readyState === "open").length,
      sentLines: sentLines - start.sentLines,
      receivedBytes: receivedBytes - start.receivedBytes,
    });
  });
}

const CONNECTING_AT_ONCE = 100;
const SLICES_PER_TICK = 4;
const WRITES_UNDER_WAY = 4;

await run();
