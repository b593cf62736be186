/**
 * The clients, all in one process, and cheap: one buffer is sent again and
 * again, all sockets read into one buffer, and nobody looks at what came. Its
 * own CPU and lateness are reported, so that one can see it had time to spare.
 */
import { Meter, Samples } from "../measure/meter.ts";
import { jobOfThisProcess, listenToMain, tell } from "../measure/protocol.ts";
import type { LoadReport } from "../measure/reports.ts";
import { messagesAsSent, RECORD_BYTES } from "../wire.ts";
import { RATE_HZ } from "../works.ts";
import { type Client, connectClient } from "./clients.ts";
import { ping } from "./ping.ts";

const job = jobOfThisProcess();
const { work, contestant } = job;
const { task } = work;
const clients: Client[] = [];
const meter = new Meter();
const roundTripsUs = new Samples();
let sent = 0;
let receivedBytes = 0;

async function run(): Promise<void> {
  if (task.kind === "ping-pong") await startPinging();
  else await connectAll();
  if (task.kind === "receive") sendInTicks(task.perTick, task.rateHz);
  else if (task.kind === "everyone") sendInTicks(1);
  else if (task.kind === "firehose") for (const client of clients) flood(client);
  answerMain();
  tell({ ready: true, port: 0 });
}

async function connectAll(): Promise<void> {
  const received = (sizeBytes: number) => {
    receivedBytes += sizeBytes;
  };
  while (clients.length < work.connections) {
    const count = Math.min(CONNECTING_AT_ONCE, work.connections - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: count }, () => connectClient(job, received)))));
  }
}

/** As fast as the socket takes it: large writes, one behind the other. */
function flood(client: Client): void {
  const perWrite = Math.floor(65_536 / RECORD_BYTES);
  const burst = messagesAsSent(contestant, perWrite);
  const send = () => {
    sent += perWrite;
    client.send(burst, send);
  };
  for (let count = 0; count < WRITES_UNDER_WAY; count++) send();
}

/** Each client once per tick, a slice of the clients at a time: players do not all speak in one instant. */
function sendInTicks(perTick: number, rateHz = RATE_HZ): void {
  const message = messagesAsSent(contestant, perTick);
  inSteps(1_000 / rateHz / SLICES_PER_TICK, (slice) => {
    for (let index = slice % SLICES_PER_TICK; index < clients.length; index += SLICES_PER_TICK) {
      const client = clients[index];
      if (client === undefined || client.isFull) continue;
      client.send(message);
      sent += perTick;
    }
  });
}

async function startPinging(): Promise<void> {
  let sentMs = performance.now();
  await ping(job, () => {
    const nowMs = performance.now();
    roundTripsUs.add((nowMs - sentMs) * 1_000);
    sentMs = nowMs;
    sent++;
  });
}

/** Connects, says one line and closes, so many times in all; tells when the last has gone. */
function churn(times: number, perSecond: number): void {
  const line = messagesAsSent(contestant, 1);
  let started = 0;
  let gone = 0;
  const come = async () => {
    const client = await connectClient(job, () => {});
    client.send(line);
    sent++;
    await client.close();
    if (++gone === times) tell({ done: true });
  };
  inSteps(CHURN_STEP_MS, (step) => {
    const due = Math.min(times, ((step + 1) * CHURN_STEP_MS * perSecond) / 1_000);
    for (; started < due; started++) void come();
  });
}

/**
 * Calls `on` once per period, and at once when it is late. What is late by more
 * than a tick is left out: a load that catches up is another one than was asked for.
 */
function inSteps(periodMs: number, on: (step: number) => void): void {
  let dueMs = performance.now();
  let step = 0;
  const tick = () => {
    const nowMs = performance.now();
    for (dueMs = Math.max(dueMs, nowMs - 1_000 / RATE_HZ); dueMs <= nowMs; dueMs += periodMs) on(step++);
    setTimeout(tick, dueMs - performance.now());
  };
  tick();
}

function answerMain(): void {
  let before = { sent, receivedBytes };
  listenToMain((command) => {
    if (command === "end") {
      tell(report(before));
      return;
    }
    before = { sent, receivedBytes };
    roundTripsUs.clear();
    meter.begin();
    tell({ begun: true });
    if (task.kind === "churn") churn(task.times, task.perSecond);
  });
}

function report(before: { readonly sent: number; readonly receivedBytes: number }): LoadReport {
  const { elapsedMs, cpuMs, systemMs, loopDelayP99Ms } = meter.end();
  return {
    elapsedMs,
    cpuMs,
    systemMs,
    loopDelayP99Ms,
    connections: clients.filter((client) => client.isOpen).length,
    sent: sent - before.sent,
    receivedBytes: receivedBytes - before.receivedBytes,
    ...(roundTripsUs.count > 0 && {
      roundTripP50Us: roundTripsUs.quantile(0.5),
      roundTripP99Us: roundTripsUs.quantile(0.99),
    }),
  };
}

const CONNECTING_AT_ONCE = 200;
const SLICES_PER_TICK = 4;
const WRITES_UNDER_WAY = 4;
const CHURN_STEP_MS = 4;

await run();
