/** Rings that are full: what is held back, what is kept, and what is dropped and counted. */
import dgram from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Connection, lines, Poller, tcp, threaded, udp, waitForActivity } from "../../../src/index.ts";
import { until } from "../poll-until.ts";

const host = "127.0.0.1";
const ringBytes = 262_144;
let poller = new Poller();
afterEach(async () => {
  await poller[Symbol.asyncDispose]();
  poller = new Poller();
});

async function listening() {
  const listener = poller.listen(threaded(tcp({ host, port: 0 }), { ringBytes }), lines());
  await until(poller, () => listener.state === "listening");
  return { listener, port: listener.address?.port ?? 0 };
}

/** So many turns of the event loop without a poll, in which the network goes on. */
async function unpolled(lengthMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, lengthMs));
}

test("a ring to the game that is full holds back TCP, and loses nothing of any connection", async () => {
  const { listener, port } = await listening();
  const peers = Array.from({ length: 12 }, () => connect(port, host));
  const total = 20_000;
  for (const [who, peer] of peers.entries()) {
    peer.on("error", () => {});
    for (let count = 0; count < total; count++) peer.write(`${who} ${count} ${"x".repeat(40)}\n`);
  }
  await unpolled(300); // many times the ring is on its way, and nobody reads
  const next = new Map<string, number>();
  let got = 0;
  await until(poller, () => {
    while (listener.tryAccept() !== undefined);
    listener.drain((_, line) => {
      const [who = "", count] = line.split(" ");
      expect(Number(count)).toBe(next.get(who) ?? 0);
      next.set(who, Number(count) + 1);
      got++;
    });
    return got === 12 * total;
  });
  for (const peer of peers) peer.destroy();
});

test("a peer that reads nothing is in nobody's way", async () => {
  const { listener, port } = await listening();
  const stuck = connect(port, host)
    .pause()
    .on("error", () => {});
  let slow: Connection<string> | undefined;
  await until(poller, () => (slow ??= listener.tryAccept()) !== undefined);
  const near = poller.connect(threaded(tcp({ host, port }), { ringBytes }), lines());
  let quick: Connection<string> | undefined;
  await until(poller, () => (quick ??= listener.tryAccept()) !== undefined && near.state === "open");
  const text = "y".repeat(60_000);
  let takenMs = performance.now();
  await until(poller, () => {
    while (slow?.trySend(text) === true) takenMs = performance.now();
    return performance.now() - takenMs > 1_000; // the systems have what they take
  });
  for (let round = 0; round < 20; round++) {
    quick?.trySend(`${round} ${text}`);
    await until(poller, () => near.tryRecv()?.startsWith(`${round} `) === true);
  }
  expect([slow?.state, slow?.closeReason]).toEqual(["open", undefined]);
  expect(slow?.pendingBytes).toBeGreaterThan(900_000);
  stuck.destroy();
});

test("a ring to the game that is full drops datagrams, and counts each", async () => {
  const socket = poller.bind(threaded(udp({ host }), { ringBytes }), lines());
  await until(poller, () => socket.state === "open");
  const sender = dgram.createSocket("udp4");
  const payload = Buffer.from("z".repeat(1_000));
  let sent = 0;
  let received = 0;
  const look = () => {
    while (socket.tryRecv() !== undefined) received++;
    return received + socket.stats.lost + socket.stats.dropped;
  };
  // How many the system itself drops hangs on how busy the machine is.
  for (let round = 0; round < 50 && socket.stats.lost === 0; round++) {
    for (let count = 0; count < 600; count++, sent++) {
      sender.send(payload, socket.address?.port ?? 0, host);
      if (count % 20 === 0) await unpolled(1);
    }
    await unpolled(300);
    poller.poll();
    expect(look()).toBeLessThanOrEqual(sent);
    await unpolled(300); // in which the count comes
    poller.poll();
  }
  expect(socket.stats.lost).toBeGreaterThan(0);
  expect(look()).toBeLessThanOrEqual(sent);
  expect(received).toBeGreaterThan(100);
  sender.close();
  await once(sender, "close");
});

test("datagrams that have no room on their way out wait, under the socket's own limit, and come", async () => {
  const far = dgram.createSocket("udp4");
  far.bind(0, host);
  await once(far, "listening");
  let got = 0;
  far.on("message", () => got++);
  const socket = poller.bind(threaded(udp({ host }), { ringBytes }), lines());
  await until(poller, () => socket.state === "open");
  const to = { host, port: far.address().port };
  for (let count = 0; count < 60; count++) expect(socket.trySendTo("q".repeat(8_000), to)).toBe(true);
  expect(socket.pendingBytes).toBe(60 * 8_000);
  await until(poller, () => got === 60 && socket.pendingBytes === 0);
  far.close();
});

test("a game that waits for activity is woken by what comes, and by nothing else", async () => {
  const { listener, port } = await listening();
  const near = poller.connect(threaded(tcp({ host, port })), lines());
  const seen: string[] = [];
  while (near.state !== "open" || listener.connections.size === 0) {
    await waitForActivity(poller, 10_000);
    poller.poll();
    listener.tryAccept();
    poller.flush();
  }
  for (let turn = 0; turn < 20; turn++) {
    poller.poll();
    await unpolled(5); // the network thread sees that nothing is on its way any more
  }
  expect(await waitForActivity(poller, 700)).toBe(false);
  near.trySend("now");
  poller.flush();
  while (seen.length === 0) {
    expect(await waitForActivity(poller, 10_000)).toBe(true);
    poller.poll();
    listener.drain((_, line) => seen.push(line));
  }
  expect(seen).toEqual(["now"]);
});

test("a game that waits is woken also when another poller of the same transport has polled meanwhile", async () => {
  await using other = new Poller();
  const transport = threaded(tcp({ host, port: 0 }), { ringBytes });
  const listener = poller.listen(transport, lines());
  const others = other.listen(transport, lines());
  await until(poller, () => listener.state === "listening");
  await until(other, () => others.state === "listening");
  const peer = connect(listener.address?.port ?? 0, host).on("error", () => {});
  let player: Connection<string> | undefined;
  await until(poller, () => (player ??= listener.tryAccept()) !== undefined);
  const isWoken = waitForActivity(poller, 60_000);
  await unpolled(20);
  other.poll(); // a frame of its own, in which nobody else stops waiting
  peer.write("hello\n");
  expect(await isWoken).toBe(true);
  poller.poll();
  expect(player?.tryRecv()).toBe("hello");
  peer.destroy();
});
