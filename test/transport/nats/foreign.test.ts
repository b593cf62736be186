/**
 * Other clients of the same broker: the plain client of NATS, which talks with a socket as
 * with its own kind, and peers who write what they like.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Address, type DatagramSocket, lines, Poller, subject } from "../../../src/index.ts";
import { nats } from "../../../src/nats.ts";
import { lack, needs } from "../../machine.ts";
import { until } from "../poll-until.ts";
import { Broker } from "./broker.ts";
import { connectForeign, type ForeignClient, foreignHeaders } from "./foreign-client.ts";

let broker: Broker;
let foreign: ForeignClient;
beforeAll(async () => {
  if (lack("nats-server") !== undefined) return;
  broker = await Broker.start({ config: "max_payload: 4096" });
  foreign = await connectForeign(broker.url);
});
afterAll(async () => {
  await foreign?.close();
  await broker?.[Symbol.asyncDispose]();
});

const pollers: Poller[] = [];
afterEach(async () => {
  for (const poller of pollers.splice(0)) await poller[Symbol.asyncDispose]();
});

type Socket = DatagramSocket<string> & { readonly address: Address };

async function bound(...names: (string | undefined)[]) {
  const poller = new Poller();
  pollers.push(poller);
  const bus = nats({ servers: broker.url });
  const sockets = names.map(
    (name) => poller.bind(name === undefined ? bus : bus.at(name), lines()) as Socket,
  );
  await until(poller, () => sockets.every(({ state }) => state === "open"));
  const next = async (socket: Socket) => {
    let got: ReturnType<Socket["tryRecvFrom"]>;
    await until(poller, () => (got = socket.tryRecvFrom()) !== undefined);
    return got as NonNullable<typeof got>;
  };
  return { poller, sockets, next };
}

describe("a plain client of NATS", needs("nats-server"), () => {
  test("publishes to a name and to what was joined, and is nobody whom one could answer", async () => {
    const { poller, sockets, next } = await bound("world.1");
    const [world] = sockets as [Socket];
    foreign.publish("world.1", "hello");
    expect(await next(world)).toEqual({
      message: "hello",
      from: { family: "nats", host: "_INBOX.nobody", port: 0 },
      subject: "world.1",
    });
    world.join("chat.*");
    world.trySendTo("me", world.address);
    await next(world);
    const withHeaders = foreignHeaders();
    withHeaders.set("a", "b");
    foreign.publish("chat.eu", "in a chat", { headers: withHeaders });
    const got = await next(world);
    expect(got).toMatchObject({ message: "in a chat", subject: "chat.eu" });
    expect(world.trySendTo("answer", got.from)).toBe(true);
    await until(poller, () => world.pendingBytes === 0);
    expect(world.stats).toMatchObject({ lost: 0, malformed: 0, failed: 0 });
  });

  test("requests, and gets the answer; and responds to a message of a socket", async () => {
    const { poller, sockets, next } = await bound("world.2", undefined);
    const [world, gateway] = sockets as [Socket, Socket];
    const answer = foreign.request("world.2", "who?");
    const asked = await next(world);
    world.trySendTo("I", asked.from);
    poller.flush();
    expect((await answer).string()).toBe("I");
    const subscription = foreign.subscribe("oracle", {
      callback: (_, message) => void message.respond("42"),
    });
    await foreign.flush();
    gateway.trySendTo("what?", subject("oracle"));
    expect(await next(gateway)).toMatchObject({ message: "42", subject: gateway.address.host });
    expect(gateway.stats.lost).toBe(0);
    subscription.unsubscribe();
  });

  test("hears the payload as it is, of any socket", async () => {
    const { poller, sockets } = await bound("world.3");
    const payloads: string[] = [];
    const subscription = foreign.subscribe("news", {
      callback: (_, message) => void payloads.push(message.string()),
    });
    await foreign.flush();
    sockets[0]?.trySendTo("plain", subject("news"));
    await until(poller, () => payloads.length === 1);
    expect(payloads).toEqual(["plain"]);
    subscription.unsubscribe();
  });
});

describe("a hostile peer", needs("nats-server"), () => {
  test("leads no answer to the broker's own subjects, nor into those of tickwire", async () => {
    const { poller, sockets, next } = await bound("world.4");
    const [world] = sockets as [Socket];
    const replies = [
      "$JS.API.STREAM.DELETE.KV_leases",
      "$SYS.REQ.SERVER.PING",
      "world.4._tw.listen",
      "_tw.x.y",
      "a.>",
      "a.*",
      "*",
      "a..b",
      ".a",
      "$JS.API.STREAM.DELETE.x._tw.0123456789abcdefghij.0.1",
      "a.>._tw.0123456789abcdefghij.0.1",
      `${"x".repeat(300)}`,
      "ä",
    ];
    for (const reply of replies) foreign.publish("world.4", "hi", { reply });
    for (const reply of replies) {
      const got = await next(world);
      expect(got.from.host, reply).toBe("_INBOX.nobody");
      expect(world.trySendTo("answer", got.from)).toBe(true);
    }
    await until(poller, () => world.pendingBytes === 0);
    expect(world.state).toBe("open");
  });

  test("leads no answer there by a response either", async () => {
    const { sockets, next } = await bound("world.4b");
    const [world] = sockets as [Socket];
    const subscription = foreign.subscribe("oracle.4b", {
      callback: (_, { reply }) => {
        foreign.publish(reply, "wrong", { reply: "$JS.API.STREAM.DELETE.KV_leases" });
        foreign.publish(reply, "right", { reply: "oracle.4b" });
      },
    });
    await foreign.flush();
    world.trySendTo("what?", subject("oracle.4b"));
    expect((await next(world)).from.host).toBe("_INBOX.nobody");
    expect((await next(world)).from.host).toBe("oracle.4b");
    subscription.unsubscribe();
  });

  test("counts and loses nobody's messages but those of an instance that it can name", async () => {
    const { poller, sockets, next } = await bound("world.5", undefined);
    const [world, honest] = sockets as [Socket, Socket];
    honest.trySendTo("one", subject("world.5"));
    await next(world);
    const forged = (instance: string, number: string) =>
      foreign.publish("world.5", "forged", { reply: `${honest.address.host}._tw.${instance}.${number}` });
    for (const number of ["2", "zzz", "1z141z3", "1", "0", "-1", "01", "zzzzzzzzzzz", "2.2", ""]) {
      forged("0123456789abcdefghij.0", number);
      forged("0123456789abcdefghij.zzzzzzzzzzz", number);
      forged("short.0", number);
    }
    foreign.publish("world.5", "end");
    let got: Awaited<ReturnType<typeof next>>;
    do got = await next(world);
    while (got.message !== "end");
    const { lost } = world.stats;
    expect(Number.isSafeInteger(lost)).toBe(true);
    honest.trySendTo("two", subject("world.5"));
    expect((await next(world)).message).toBe("two");
    expect(world.stats.lost).toBe(lost);
    await until(poller, () => honest.pendingBytes === 0);
  });

  test("sends what does not decode, which is counted, and no more", async () => {
    const { poller, sockets, next } = await bound("world.6");
    const [world] = sockets as [Socket];
    foreign.publish("world.6", Uint8Array.of(0xff, 0x0a));
    foreign.publish("world.6", new Uint8Array(4_096).fill(0x80));
    foreign.publish("world.6", "fine");
    expect((await next(world)).message).toBe("fine");
    expect(world.stats.malformed).toBe(2);
    await until(poller, () => world.lastFailure?.kind === "protocol");
  });

  test("is not heard where wildcards would let the whole broker in", async () => {
    const { sockets, next } = await bound("world.8");
    const [world] = sockets as [Socket];
    world.join(">");
    world.join("*.*");
    world.trySendTo("me", world.address);
    await next(world);
    for (const name of ["_INBOX.x", "_INBOX.x.y", "world.9._tw.listen", "_tw.links.a", "fine", "fine.too"]) {
      foreign.publish(name, name);
    }
    expect((await next(world)).message).toBe("fine");
    expect((await next(world)).message).toBe("fine.too");
    foreign.publish("end", "end");
    expect((await next(world)).message).toBe("end");
  });
});

describe("max_payload", needs("nats-server"), () => {
  test("of the broker bounds a datagram: a larger one has failed, by that name, and the socket goes on", async () => {
    const { poller, sockets, next } = await bound("world.7", undefined);
    const [world, gateway] = sockets as [Socket, Socket];
    gateway.trySendTo("x".repeat(4_096), subject("world.7"));
    expect((await next(world)).message.length).toBe(4_096);
    gateway.trySendTo("x".repeat(4_097), subject("world.7"));
    await until(poller, () => gateway.stats.failed === 1 && gateway.pendingBytes === 0);
    expect(gateway.lastFailure).toMatchObject({
      kind: "overflow",
      code: "max_payload",
      message: "4097 bytes are over the broker's max_payload, 4096",
    });
    gateway.trySendTo("more", subject("world.7"));
    expect((await next(world)).message).toBe("more");
    expect([gateway.linked, world.stats.lost]).toEqual([true, 0]);
  });
});
