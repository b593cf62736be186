/**
 * A broker that is killed in the midst of frames, stands still, and comes back at the same
 * port: what was sent is received or counted, exactly.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Address, bytes, type DatagramSocket, Poller, subject } from "../../../src/index.ts";
import { nats } from "../../../src/nats.ts";
import { needs } from "../../machine.ts";
import { until } from "../poll-until.ts";
import { Broker } from "./broker.ts";

const ends: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of ends.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

type Socket = DatagramSocket<Uint8Array> & { readonly address: Address };
/** Soon noticed, and soon asked again. */
const QUICK = { pingIntervalMs: 100, maxPingsOut: 2, reconnectMs: 50, connectTimeoutMs: 500 };

/** Senders, each on a connection of its own, and receivers that have joined `news`. */
async function game(senderCount: number, receiverCount: number) {
  const broker = await Broker.start();
  const poller = new Poller();
  ends.push(broker, poller);
  const bind = () => poller.bind(nats({ servers: broker.url, ...QUICK }), bytes()) as Socket;
  const senders = Array.from({ length: senderCount }, bind);
  const receivers = Array.from({ length: receiverCount }, bind);
  for (const receiver of receivers) receiver.join("news");
  const all = [...senders, ...receivers];
  await until(poller, () => all.every(({ state }) => state === "open"));
  for (const receiver of receivers) receiver.trySendTo(Uint8Array.of(0), receiver.address);
  await until(poller, () => receivers.every(({ stats }) => stats.receivedMessages === 1)); // the joins are known
  for (const receiver of receivers) receiver.tryRecv();
  const tell = (from: Socket): boolean => from.trySendTo(new Uint8Array(100), subject("news"));
  const received = new Map(receivers.map((receiver) => [receiver, 0]));
  /** By whom a receiver was told the last word that it has heard. */
  const lastWords = new Map(receivers.map((receiver) => [receiver, new Map<string, number>()]));
  const take = (): void => {
    for (const receiver of receivers) {
      for (let got: ReturnType<Socket["tryRecvFrom"]>; (got = receiver.tryRecvFrom()) !== undefined; ) {
        received.set(receiver, (received.get(receiver) ?? 0) + 1);
        if (got.message.length < 100) lastWords.get(receiver)?.set(got.from.host, got.message[0] ?? 0);
      }
    }
  };
  let word = 0;
  /** One more message of each sender has come everywhere, and the sums are the same. */
  const settle = async (): Promise<void> => {
    await until(poller, () => {
      take();
      return all.every(({ linked, pendingBytes }) => linked && pendingBytes === 0);
    });
    word++;
    for (const sender of senders) sender.trySendTo(Uint8Array.of(word), subject("news"));
    await until(poller, () => {
      take();
      return receivers.every((receiver) =>
        senders.every(({ address }) => lastWords.get(receiver)?.get(address.host) === word),
      );
    });
    const sum = (of: (sender: Socket) => number) => senders.reduce((total, sender) => total + of(sender), 0);
    const sent = sum(({ stats }) => stats.sentMessages);
    const failed = sum(({ stats }) => stats.failed);
    for (const receiver of receivers) {
      const { lost, dropped, malformed, receivedMessages } = receiver.stats;
      expect(receivedMessages - 1).toBe(received.get(receiver)); // the 1 was its own
      expect({ sent }).toEqual({ sent: (received.get(receiver) ?? 0) + lost + dropped + malformed + failed });
    }
  };
  return { broker, poller, senders, receivers, all, tell, take, settle };
}

describe("a broker", needs("nats-server"), () => {
  test("that is killed in mid-frame, again and again, leaves sent = received + lost + failed, exactly", async () => {
    const { broker, poller, senders, receivers, tell, take, settle } = await game(3, 2);
    for (const sender of senders) tell(sender); // the first number that is heard begins the count
    await settle();
    for (let kill = 0; kill < 4; kill++) {
      for (let frame = 0; frame < 2 + 4 * kill; frame++) {
        for (const sender of senders) for (let count = 0; count < 40; count++) tell(sender);
        poller.flush();
        await new Promise((resolve) => setImmediate(resolve));
        poller.poll();
        take();
      }
      for (const sender of senders) for (let count = 0; count < 40; count++) tell(sender);
      poller.flush(); // on its way while the broker dies
      await broker.kill();
      for (let frame = 0; frame < 20; frame++) {
        for (const sender of senders) tell(sender); // before it is noticed, and after
        poller.flush();
        await new Promise((resolve) => setImmediate(resolve));
        poller.poll();
        take();
      }
      await until(poller, () => [...senders, ...receivers].every(({ linked }) => !linked));
      for (const sender of senders) tell(sender); // nobody takes it
      await broker.restart();
      await settle();
    }
    expect(senders.reduce((sum, { stats }) => sum + stats.failed, 0)).toBeGreaterThan(0);
  });

  test("that stands still is noticed by its pings, fills no memory, and loses nothing uncounted", async () => {
    const { broker, poller, senders, receivers, tell, take, settle } = await game(2, 1);
    for (const sender of senders) tell(sender);
    await settle();
    broker.freeze();
    const reasons: unknown[] = [];
    poller.on("unlink", ({ socket }) => reasons.push(socket.lastFailure?.code));
    let refused = 0;
    await until(poller, () => {
      for (const sender of senders) for (let count = 0; count < 500; count++) if (!tell(sender)) refused++;
      for (const { pendingBytes } of senders) expect(pendingBytes).toBeLessThanOrEqual(1_048_576);
      return senders.every(({ linked }) => !linked);
    });
    expect(reasons).toContain("maxPingsOut"); // by now another attempt may have failed
    expect(receivers[0]?.linked === false || receivers[0]?.state === "open").toBe(true);
    broker.thaw();
    take();
    await settle();
    expect(refused).toBe(senders.reduce((sum, { stats }) => sum + stats.refusedMessages, 0));
  });

  test("that stands still for less than that loses nothing at all", async () => {
    const { broker, poller, senders, receivers, tell, settle } = await game(1, 1);
    const [sender] = senders as [Socket];
    tell(sender);
    await settle();
    broker.freeze();
    for (let count = 0; count < 1_000; count++) tell(sender);
    poller.flush();
    await new Promise((resolve) => setTimeout(resolve, 50));
    broker.thaw();
    await settle();
    expect([receivers[0]?.stats.lost, sender.stats.failed, sender.linked]).toEqual([0, 0, true]);
  });

  test("that is away is told: linked, downMs, two events and the last failure; and joins come back", async () => {
    const { broker, poller, senders, receivers, tell } = await game(1, 1);
    const [sender, receiver] = [senders[0], receivers[0]] as [Socket, Socket];
    const told: string[] = [];
    poller.on("unlink", ({ socket }) => told.push(`unlink ${socket === sender}`));
    poller.on("link", ({ socket }) => told.push(`link ${socket === sender}`));
    expect([sender.linked, sender.downMs]).toEqual([true, 0]);
    await broker.kill();
    await until(poller, () => !sender.linked && !receiver.linked);
    expect(sender.lastFailure?.message).toMatch(/broker|listens/);
    await new Promise((resolve) => setTimeout(resolve, 20));
    poller.poll();
    expect(sender.downMs).toBeGreaterThan(0);
    expect(sender.state).toBe("open");
    tell(sender);
    await until(poller, () => sender.stats.failed === 1 && sender.pendingBytes === 0);
    expect(sender.lastFailure).toMatchObject({ kind: "unreachable", code: "away" });
    await broker.restart();
    await until(poller, () => sender.linked && receiver.linked);
    tell(sender);
    await until(poller, () => receiver.tryRecv() !== undefined);
    expect([sender.downMs, receiver.stats.lost]).toEqual([0, 0]);
    expect(told.sort()).toEqual(["link false", "link true", "unlink false", "unlink true"]);
  });

  test("that comes later is waited for, and said to be missing", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const broker = await Broker.start();
    await broker.kill();
    const poller = new Poller();
    ends.push(broker, poller);
    const early = poller.bind(nats({ servers: broker.url, name: "early", ...QUICK }), bytes());
    early.join("news");
    early.trySendTo(Uint8Array.of(7), subject("early"));
    await until(poller, () => early.lastFailure !== undefined);
    expect(early.lastFailure).toMatchObject({ kind: "refused", code: "ECONNREFUSED" });
    expect([early.state, early.stats.failed, early.linked]).toEqual(["starting", 0, true]);
    const refused = early.lastFailure;
    await until(poller, () => early.lastFailure !== refused); // another attempt has failed
    await broker.restart();
    await until(poller, () => early.tryRecv()?.[0] === 7);
    expect(early.state).toBe("open");
    expect(warned.mock.calls).toEqual([
      [
        expect.stringMatching(/^no broker yet: .*; it is tried again until it is there, and lastFailure/),
        { type: "TickwireWarning", code: "TICKWIRE_NO_BROKER" },
      ],
    ]);
    warned.mockRestore();
  });
});
