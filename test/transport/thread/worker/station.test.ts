/** The network thread's side of a channel, by itself: a transport of the test in the place of sockets. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import type { AcceptorEvents, CloseReason, Link, Transport } from "../../../../src/index.ts";
import { ASK, TELL } from "../../../../src/transport/thread/records.ts";
import { RingReader, RingWriter } from "../../../../src/transport/thread/ring.ts";
import { CHANNEL, channelParts, newChannelBlock } from "../../../../src/transport/thread/shared-words.ts";
import { transportOf } from "../../../../src/transport/thread/worker/blueprints.ts";
import { Station } from "../../../../src/transport/thread/worker/station.ts";
import { sleepOnce } from "../../../../src/transport/thread/worker/worker-loop.ts";

const host = { told() {}, opened() {}, closed() {} };

/** A station that listens over `transport`, as if the game had asked for it. */
function station(transport: Transport) {
  const block = newChannelBlock(4_194_304);
  new RingWriter(channelParts(block).out).tryWrite(ASK.listen, 1, 0);
  const made = new Station(block, transport, host);
  made.work();
  return made;
}

test("a game that does not look is shown 4,096 peers, and the rest is refused with a reason", () => {
  let events: AcceptorEvents | undefined;
  const acceptor = {
    attach(given: AcceptorEvents) {
      events = given;
    },
    close() {},
  };
  station({ listen: () => acceptor });
  const refused: (CloseReason | undefined)[] = [];
  const link = {
    allowHalfOpen: false,
    attach() {},
    abort: (reason?: CloseReason) => void refused.push(reason),
  };
  for (let peer = 0; peer < 4_100; peer++) events?.incoming(link as unknown as Link);
  expect(refused.map((reason) => reason?.code)).toEqual(Array.from({ length: 4 }, () => "unshownPeers"));
  expect(events?.handshaking(undefined, () => {}).refusal?.code).toBe("unshownPeers");
});

test("transports that wait for the system by themselves do so once for all that share it, while anything is open", () => {
  const slept: number[] = [];
  const acceptor = { attach() {}, close() {} };
  const sleep = (timeoutMs: number) => slept.push(timeoutMs) > Infinity;
  const busy = Array.from({ length: 3 }, () => station({ listen: () => acceptor, pump: () => 1, sleep }));
  expect([sleepOnce(busy, 1), slept]).toEqual([true, [1]]);
  const idle = new Station(newChannelBlock(262_144), { sleep }, host);
  expect([sleepOnce([idle], 1), slept]).toEqual([false, [1]]);
});

test("the file of the network thread does nothing in a worker of the game's", async () => {
  const { href } = new URL("../../../../src/network-worker.ts", import.meta.url);
  const worker = new Worker(
    `import("tsx/esm/api").then(({ register }) => (register(), import(${JSON.stringify(href)})))`,
    { eval: true, execArgv: [] },
  );
  const [code] = await once(worker, "exit");
  expect(code).toBe(0);
});

test("a channel that the game has given up is over once all that is to be told of it is in the ring", () => {
  const block = newChannelBlock(262_144);
  const { out, in: toGame, words } = channelParts(block);
  let events: AcceptorEvents | undefined;
  const acceptor = {
    attach: (given: AcceptorEvents) => void (events = given),
    close: () => events?.closed({ kind: "local", message: "closed" }),
  };
  const made = new Station(block, { listen: () => acceptor }, host);
  new RingWriter(out).tryWrite(ASK.listen, 1, 0);
  made.work();
  const text = "x".repeat(1_000);
  for (let count = 0; count < 300; count++) events?.rejected({ kind: "protocol", message: text });
  expect(made.isFull).toBe(true);
  Atomics.store(words, CHANNEL.isReleased, 1);
  made.work();
  expect([made.isBusy, made.isOver]).toEqual([false, false]);
  const told: number[] = [];
  const reader = new RingReader(toGame);
  for (let poll = 0; poll < 3; poll++) {
    reader.drain((kind) => told.push(kind));
    made.work();
  }
  expect([told.at(-1), made.isOver]).toEqual([TELL.closed, true]);
});

test("what is asked of a thing that has closed meanwhile keeps no thread busy, nor the process alive", () => {
  const block = newChannelBlock(262_144);
  let events: AcceptorEvents | undefined;
  const acceptor = { attach: (given: AcceptorEvents) => void (events = given), close() {} };
  const made = new Station(block, { listen: () => acceptor }, host);
  const writer = new RingWriter(channelParts(block).out);
  writer.tryWrite(ASK.listen, 1, 0);
  made.work();
  events?.closed({ kind: "local", message: "closed" });
  writer.tryWrite(ASK.close, 1, 0);
  expect(made.isBusy).toBe(false);
});

test("no time passes for a link before the game has polled, and then that of the polls", () => {
  const block = newChannelBlock(4_194_304);
  const { out, words } = channelParts(block);
  new RingWriter(out).tryWrite(ASK.connect, 1, 0);
  const times: number[] = [];
  const pump = (nowMs: number) => void times.push(nowMs);
  const link = { allowHalfOpen: false, attach() {}, abort() {}, pump };
  const made = new Station(block, { connect: () => link as unknown as Link }, host);
  made.work();
  for (const nowMs of [86_400_000, 86_400_016]) {
    words[CHANNEL.polledMs] = nowMs;
    words[CHANNEL.hasPolled] = 1;
    made.work();
  }
  expect(times).toEqual([86_400_000, 86_400_016]);
});

test("a kind of transport that the network thread does not know is an error, which ends what was asked of it", async () => {
  await expect(transportOf({ kind: "carrier-pigeon" as "tcp", options: {} })).rejects.toThrow(
    "the network thread knows no transport carrier-pigeon",
  );
});
