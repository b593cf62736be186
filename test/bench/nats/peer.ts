/**
 * A gateway, a world, or all other gateways: one process of a measurement. What each does is
 * the same on every wire.
 *
 *     main ── job ──▶ ready ── begin, end ──▶ report
 */
import { Meter } from "../measure/meter.ts";
import { jobOfThisProcess, listenToMain, tell } from "../measure/protocol.ts";
import { Counts } from "./counts.ts";
import type { NatsJob, PeerReport } from "./job.ts";
import { gatewayParts, worldParts } from "./parts.ts";
import { openWire } from "./wires/open.ts";
import type { Wire } from "./wires/wire.ts";

const job = jobOfThisProcess<NatsJob>();
const { role, task, place } = job;
const side = role === "world" ? "world" : "gateway";
const wires: Wire[] = [];
const count = role === "crowd" && task.kind === "fan-out" ? task.gateways - 1 : 1;
for (const name of job.wires) {
  for (let opened = 0; opened < count; opened++) wires.push(await openWire(name, place, side, task));
}
const counts = new Counts(job.wires.length);
const parts = role === "world" ? worldParts : gatewayParts;
const port = await parts(role, task, wires, counts);

const meter = new Meter();
let before = { ...counts, lost: 0 };
listenToMain((command) => {
  if (command === "end") {
    tell(report());
    return;
  }
  before = { ...counts, lost: lost() };
  counts.turnsMs.clear();
  counts.latencies.clear();
  meter.begin();
  tell({ begun: true });
});
tell({ ready: true, port: port === 0 ? Math.max(...wires.map((wire) => wire.port)) : port });

function report(): PeerReport {
  const { elapsedMs, cpuMs, systemMs, loopDelayP99Ms } = meter.end();
  return {
    elapsedMs,
    cpuMs,
    systemMs,
    loopDelayP99Ms,
    sent: counts.sent - before.sent,
    taken: counts.taken - before.taken,
    refused: counts.refused - before.refused,
    lost: lost() - before.lost,
    ...(counts.turnsMs.count > 0 && {
      turnP50Ms: counts.turnsMs.quantile(0.5),
      turnP99Ms: counts.turnsMs.quantile(0.99),
    }),
    ...(task.kind === "latency" && role === "world" && { latencies: counts.latencies.results() }),
  };
}

function lost(): number {
  return wires.reduce((sum, wire) => sum + wire.lost, 0);
}
