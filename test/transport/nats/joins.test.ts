/**
 * What a socket has joined: by which of its joins a message is its, what a broker does not permit,
 * and what was sent while a subject was not heard.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Address, type DatagramSocket, lines, Poller, subject } from "../../../src/index.ts";
import { nats } from "../../../src/nats.ts";
import { type Join, Joins } from "../../../src/transport/nats/joins.ts";
import { lack, needs } from "../../machine.ts";
import { until } from "../poll-until.ts";
import { Broker } from "./broker.ts";

type Socket = DatagramSocket<string> & { readonly address: Address };

/** Joins of these patterns, those behind a queue group as `pattern queue`. */
function joined(...all: string[]): { joins: Joins<Join>; of: Record<string, Join> } {
  const joins = new Joins<Join>();
  const of: Record<string, Join> = {};
  for (const one of all) {
    const [pattern = "", queue] = one.split(" ");
    joins.add(pattern, queue, (join) => {
      of[one] = join;
      return join;
    });
  }
  return { joins, of };
}

/** By which of them a message is a socket's. */
function takers({ joins, of }: ReturnType<typeof joined>, name: string): string[] {
  return Object.keys(of).filter((one) => joins.isFirst(of[one] as Join, name));
}

describe("of the joins that match", () => {
  test("the one that was joined first has the message, and a queue group where no other hears it", () => {
    const all = joined("a.*", "a.b", "a.>", "a.b jobs", "c jobs");
    expect(takers(all, "a.b").filter((one) => one !== "c jobs")).toEqual(["a.*"]);
    expect(takers(joined("a.b", "a.*"), "a.b")).toEqual(["a.b"]);
    expect(takers(joined("a.b jobs", "a.b other"), "a.b")).toEqual(["a.b jobs", "a.b other"]);
    expect(takers(joined("a.b jobs", "a.>"), "a.b")).toEqual(["a.>"]);
  });

  test("one that was left, or that the broker does not permit, has none", () => {
    const all = joined("a.*", "a.b", "a.b jobs");
    (all.of["a.*"] as Join).isRefused = true;
    expect(takers(all, "a.b")).toContain("a.b");
    expect(all.joins.receives("a.c")).toBe(false);
    (all.of["a.b"] as Join).isRefused = true;
    expect(takers(all, "a.b")).toContain("a.b jobs");
    all.joins.askAgain();
    expect(takers(all, "a.b")).toEqual(["a.*"]);
    expect(all.joins.remove("a.*", undefined)).toBe(all.of["a.*"]);
    expect([all.joins.receives("a.b"), all.joins.receives("a.c")]).toEqual([true, false]);
    expect(takers(all, "a.b")).toContain("a.b");
    expect(all.joins.remove("a.*", undefined)).toBeUndefined();
  });

  test("none with wildcards has what is the carrier's", () => {
    const all = joined(">", "*.*", "_INBOX.x", "a._tw.b");
    expect(takers(all, "_INBOX.x")).toEqual(["_INBOX.x"]);
    expect(takers(all, "_INBOX.y")).toEqual([]);
    expect(takers(all, "a._tw.c")).toEqual([]);
    expect(takers(all, "a.b")).toEqual([">"]);
  });
});

describe("over a broker", needs("nats-server"), () => {
  let broker: Broker;
  beforeAll(async () => {
    if (lack("nats-server") !== undefined) return;
    const permissions = '{ publish: [">"], subscribe: ["chat.eu", "_INBOX.>"] }';
    broker = await Broker.start({
      config: `authorization { users: [
        { user: "all", password: "x" },
        { user: "few", password: "x", permissions: ${permissions} } ] }`,
    });
  });
  afterAll(async () => broker?.[Symbol.asyncDispose]());

  const pollers: Poller[] = [];
  afterEach(async () => {
    for (const poller of pollers.splice(0)) await poller[Symbol.asyncDispose]();
  });

  async function bound(...users: string[]) {
    const poller = new Poller();
    pollers.push(poller);
    const sockets = users.map(
      (user) => poller.bind(nats({ servers: broker.url, user, password: "x" }), lines()) as Socket,
    );
    await until(poller, () => sockets.every(({ state }) => state === "open"));
    /** All that a socket has asked the broker for is known to it. */
    const settled = async (socket: Socket): Promise<void> => {
      socket.trySendTo("settled", socket.address);
      await until(poller, () => socket.tryRecv() === "settled");
    };
    return { poller, sockets, settled };
  }

  test("a wildcard that is not permitted takes nothing from a subject that is", async () => {
    const { poller, sockets, settled } = await bound("all", "few");
    const [sender, hearer] = sockets as [Socket, Socket];
    hearer.join("chat.*");
    await until(poller, () => hearer.lastFailure?.code === "permissions");
    hearer.join("chat.eu");
    await settled(hearer);
    for (let count = 0; count < 3; count++) sender.trySendTo(`${count}`, subject("chat.eu"));
    for (let count = 0; count < 3; count++) await until(poller, () => hearer.tryRecv() === `${count}`);
    expect(hearer.stats.lost).toBe(0);
  });

  test("what others of a queue group have heard is not lost to a member that joins for itself", async () => {
    const { poller, sockets, settled } = await bound("all", "all", "all");
    const [sender, one, other] = sockets as [Socket, Socket, Socket];
    for (const member of [one, other]) member.join("jobs", "workers");
    for (const member of [one, other]) await settled(member);
    for (let count = 0; count < 40; count++) sender.trySendTo("job", subject("jobs"));
    await until(poller, () => one.stats.receivedMessages + other.stats.receivedMessages === 2 + 40);
    one.join("jobs");
    await settled(one);
    const before = one.stats.receivedMessages;
    for (let count = 0; count < 3; count++) sender.trySendTo("job", subject("jobs"));
    await until(poller, () => one.stats.receivedMessages === before + 3);
    expect(one.stats.lost).toBe(0);
  });

  test("what was sent to a subject that a socket had left is not lost, and what it goes on hearing is counted on", async () => {
    const { poller, sockets, settled } = await bound("all", "all");
    const [sender, hearer] = sockets as [Socket, Socket];
    const say = async (to: string, text: string, isHeard: boolean): Promise<void> => {
      sender.trySendTo(text, subject(to));
      await until(poller, () => sender.pendingBytes === 0);
      if (isHeard) await until(poller, () => hearer.tryRecv() === text);
    };
    hearer.join("chat.us");
    hearer.join("news.*");
    await settled(hearer);
    await say("chat.us", "1", true);
    await say("news.us", "1", true);
    hearer.leave("chat.us");
    await settled(hearer);
    for (let count = 0; count < 5; count++) await say("chat.us", "unheard", false);
    hearer.join("chat.*");
    await settled(hearer);
    await say("chat.us", "2", true);
    await say("news.us", "2", true);
    expect(hearer.stats.lost).toBe(0);
    hearer.join("chat.us");
    hearer.leave("chat.*");
    await settled(hearer);
    await say("chat.us", "3", true);
    expect([hearer.stats.lost, hearer.stats.receivedMessages]).toEqual([0, 5 + 4]);
  });
});
