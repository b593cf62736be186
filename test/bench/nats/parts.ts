/**
 * What a gateway and a world do in each work. Decides when they look at the network, and
 * what they send; knows no transport between them.
 */
import { lines, Poller, tcp } from "../../../src/index.ts";
import { runFrames } from "../servers/frames.ts";
import { BACKLOG } from "../servers/listening.ts";
import { LINE_BYTES } from "../wire.ts";
import type { Counts } from "./counts.ts";
import type { Role } from "./job.ts";
import {
  countIn,
  countMessage,
  Inputs,
  inputsIn,
  Stamped,
  sharedMs,
  stampOf,
  stateBytes,
} from "./messages.ts";
import type { Wire } from "./wires/wire.ts";
import { MOST_UNDER_WAY, type NatsTask, RATE_HZ } from "./works.ts";

/** Begins; returns the port for players, or 0. */
export async function gatewayParts(
  role: Role,
  task: NatsTask,
  wires: readonly Wire[],
  counts: Counts,
): Promise<number> {
  const [wire] = wires as [Wire];
  if (role === "crowd") hearState(wires, counts);
  else if (task.kind === "fan-out") return passOn(wire, task.bundles, counts);
  else if (task.kind === "frames") sendInFrames(wire, new Uint8Array(task.sizeBytes), task.perFrame, counts);
  else if (task.kind === "flood") void flood(wire, new Uint8Array(task.sizeBytes), counts);
  else sendStamped(task, wires, counts);
  return 0;
}

/** Begins. */
export async function worldParts(
  _role: Role,
  task: NatsTask,
  wires: readonly Wire[],
  counts: Counts,
): Promise<number> {
  const [wire] = wires as [Wire];
  if (task.kind === "fan-out") play(wire, task.players, counts);
  else if (task.kind === "frames") inFrames(() => takeAll(wire, counts));
  else if (task.kind === "flood") void tellCounts(wire, counts);
  else if (task.looks === "in frames") seeInFrames(wires, counts);
  else for (const [index, one] of wires.entries()) void seeAtOnce(one, index, counts);
  return 0;
}

function sendInFrames(wire: Wire, message: Uint8Array, perFrame: number, counts: Counts): void {
  inFrames(() => {
    wire.poll();
    for (let left = perFrame; left > 0; left--) send(wire, message, counts);
    wire.flush();
  });
}

async function flood(wire: Wire, message: Uint8Array, counts: Counts): Promise<void> {
  let told = 0;
  for (;;) {
    wire.poll();
    wire.take((answer) => {
      told = countIn(answer);
    });
    while (counts.sent - told < MOST_UNDER_WAY && wire.trySend(message)) counts.sent++;
    wire.flush();
    await wire.activity();
  }
}

async function tellCounts(wire: Wire, counts: Counts): Promise<void> {
  let told = 0;
  for (;;) {
    wire.poll();
    wire.take(() => counts.taken++);
    const all = counts.taken + wire.lost;
    if (all > told && wire.trySend(countMessage(all))) told = all;
    wire.flush();
    await wire.activity();
  }
}

/**
 * Where the world looks at once, each wire has frames of its own, which lie between the
 * others', so that none waits for another. Otherwise the wires take turns to be the first.
 */
function sendStamped(task: NatsTask & { kind: "latency" }, wires: readonly Wire[], counts: Counts): void {
  const message = new Stamped(task.sizeBytes);
  const sendOn = (wire: Wire, number: number) => {
    wire.poll();
    send(wire, message.stamp(sharedMs(), number), counts);
    wire.flush();
  };
  let turn = 0;
  if (task.looks === "in frames") {
    inFrames(() => {
      for (const index of wires.keys()) sendOn(wires[(turn + index) % wires.length] as Wire, turn);
      turn++;
    });
    return;
  }
  for (const [index, wire] of wires.entries()) {
    let number = 0;
    setTimeout(() => inFrames(() => sendOn(wire, number++)), (index * FRAME_MS) / wires.length);
  }
}

async function seeAtOnce(wire: Wire, index: number, counts: Counts): Promise<void> {
  for (let frame = 0; ; frame++) {
    wire.poll();
    see(wire, index, frame, counts);
    wire.flush();
    await wire.activity();
  }
}

/** At a rate a little beside the gateway's, so that the frames of both lie in every way to each other. */
function seeInFrames(wires: readonly Wire[], counts: Counts): void {
  let frame = 0;
  runFrames(
    RATE_HZ + 0.5,
    () => false,
    () => {
      frame++;
      for (const wire of wires) wire.poll();
      for (const [index, wire] of wires.entries()) see(wire, index, frame, counts);
      for (const wire of wires) wire.flush();
    },
  );
}

function see(wire: Wire, index: number, frame: number, counts: Counts): void {
  const nowMs = sharedMs();
  wire.take((message) => {
    const { sentMs, number } = stampOf(message);
    counts.taken++;
    counts.latencies.add(index, number, nowMs - sentMs, frame);
  });
}

/** A gateway with its players. Returns the port at which they connect. */
async function passOn(wire: Wire, bundles: boolean, counts: Counts): Promise<number> {
  const poller = new Poller();
  const players = poller.listen(tcp({ host: "127.0.0.1", port: 0 }), lines(), { acceptLimit: BACKLOG });
  while (players.state === "starting") {
    await new Promise(setImmediate);
    poller.poll();
  }
  const inputs = new Inputs();
  const line = new Uint8Array(LINE_BYTES - 1);
  const encoder = new TextEncoder();
  let seenMs = 0;
  inFrames(() => {
    const nowMs = sharedMs();
    poller.poll();
    wire.poll();
    while (players.tryAccept() !== undefined);
    wire.take((state) => {
      const { sentMs } = stampOf(state);
      if (sentMs > seenMs) counts.turnsMs.add(nowMs - sentMs);
      seenMs = sentMs;
      counts.taken++;
    });
    inputs.begin(nowMs);
    players.drain((player, text) => {
      encoder.encodeInto(text, line);
      inputs.add(player.id, line);
      if (bundles) return;
      send(wire, inputs.message, counts);
      inputs.begin(nowMs);
    });
    if (inputs.count > 0) send(wire, inputs.message, counts);
    wire.flush();
    poller.flush();
  });
  return players.address?.port ?? 0;
}

/** A world with so many players: it takes what they do, and tells all gateways where they are. */
function play(wire: Wire, players: number, counts: Counts): void {
  const state = new Stamped(stateBytes(players));
  let newestMs = 0;
  inFrames(() => {
    wire.poll();
    wire.take((message) => {
      newestMs = stampOf(message).sentMs;
      counts.taken += inputsIn(message, LINE_BYTES - 1);
    });
    send(wire, state.stamp(newestMs, 0), counts);
    wire.flush();
  });
}

function hearState(gateways: readonly Wire[], counts: Counts): void {
  inFrames(() => {
    for (const gateway of gateways) takeAll(gateway, counts);
  });
}

function takeAll(wire: Wire, counts: Counts): void {
  wire.poll();
  wire.take(() => counts.taken++);
  wire.flush();
}

function send(wire: Wire, message: Uint8Array, counts: Counts): void {
  if (wire.trySend(message)) counts.sent++;
  else counts.refused++;
}

function inFrames(frame: () => void): void {
  runFrames(RATE_HZ, () => false, frame);
}

const FRAME_MS = 1_000 / RATE_HZ;
