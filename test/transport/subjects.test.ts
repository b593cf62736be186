/**
 * What every place for datagrams with subjects must do, a row each: names, joins with
 * wildcards, queue groups.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  type Address,
  bytes,
  conditioned,
  type DatagramSocket,
  lines,
  memory,
  Poller,
  Recording,
  recorded,
  subject,
  type Transport,
} from "../../src/index.ts";
import { nats } from "../../src/nats.ts";
import { lack } from "../machine.ts";
import { describeRows, type Needing } from "../rows.ts";
import { Broker } from "./nats/broker.ts";
import { until } from "./poll-until.ts";

interface Row extends Needing {
  readonly name: string;
  /** Gives transports that can reach each other, with a name or without. */
  readonly network: () => (name?: string) => Transport;
}

const rows: Row[] = [
  {
    name: "memory",
    network: () => {
      const wire = memory();
      return (name) => (name === undefined ? wire : wire.at(name));
    },
  },
  {
    name: "nats",
    network: () => {
      const bus = nats({ servers: broker?.url ?? "" });
      return (name) => (name === undefined ? bus : bus.at(name));
    },
    needs: ["nats-server"],
  },
  {
    name: "nats, a connection for each",
    network: () => (name) => nats({ servers: broker?.url ?? "", ...(name !== undefined && { name }) }),
    needs: ["nats-server"],
  },
];

const allRows: readonly Row[] = [
  ...rows,
  ...rows.map((row) => ({
    ...row,
    name: `${row.name}, through a conditioner`,
    network: () => {
      const place = row.network();
      return (name?: string) => conditioned(place(name), { latencyMs: 1 });
    },
  })),
  ...rows.map((row) => ({
    ...row,
    name: `${row.name}, recorded`,
    network: () => {
      const place = row.network();
      return (name?: string) => recorded(place(name), new Recording());
    },
  })),
];

let broker: Broker | undefined;
beforeAll(async () => {
  if (lack("nats-server") === undefined) broker = await Broker.start();
});
afterAll(async () => broker?.[Symbol.asyncDispose]());

const pollers: Poller[] = [];
afterEach(async () => {
  for (const poller of pollers.splice(0)) await poller[Symbol.asyncDispose]();
});

type Socket = DatagramSocket<string> & { readonly address: Address };
let tests = 0;

describeRows(allRows)("$name", (row) => {
  /** So many sockets on one network, by their names, and a word for the subjects of this test. */
  async function bound(...names: (string | undefined)[]) {
    const poller = new Poller();
    pollers.push(poller);
    const place = row.network();
    const own = `t${++tests}`; // the broker is one for all tests
    const sockets = names.map((name) => poller.bind(place(name && `${own}.${name}`), lines()));
    await until(poller, () => sockets.every(({ state }) => state === "open"));
    return { poller, own, sockets: sockets as Socket[], to: (name: string) => subject(`${own}.${name}`) };
  }

  /** Joins are known, and what was sent has come: each of them hears what this one says to it now. */
  async function settled(poller: Poller, sockets: readonly Socket[]): Promise<void> {
    for (const from of sockets) for (const to of sockets) from.trySendTo("settled", to.address);
    const counts = new Map(sockets.map((socket) => [socket, 0]));
    await until(poller, () => {
      for (const socket of sockets) {
        while (counts.get(socket) !== sockets.length) {
          const got = socket.tryRecvFrom();
          if (got === undefined) break;
          const isOwn = got.subject === socket.address.host || socket.address.port !== 0;
          if (got.message !== "settled") kept(socket).push(got.message);
          else if (isOwn) counts.set(socket, (counts.get(socket) ?? 0) + 1);
        }
      }
      return [...counts.values()].every((count) => count === sockets.length);
    });
  }

  const all = new WeakMap<Socket, string[]>();
  const kept = (socket: Socket): string[] => {
    const texts = all.get(socket) ?? [];
    all.set(socket, texts);
    return texts;
  };

  test("a name is a subject, and who sends under it can be answered", async () => {
    const { poller, own, sockets, to } = await bound("world", undefined);
    const [world, gateway] = sockets as [Socket, Socket];
    expect(world.address).toMatchObject({ host: `${own}.world`, port: 0 });
    gateway.trySendTo("input", to("world"));
    let got: ReturnType<Socket["tryRecvFrom"]>;
    await until(poller, () => (got = world.tryRecvFrom()) !== undefined);
    expect(got).toEqual({ message: "input", from: gateway.address, subject: `${own}.world` });
    world.trySendTo("state", gateway.address);
    await until(poller, () => (got = gateway.tryRecvFrom()) !== undefined);
    expect(got).toMatchObject({ message: "state", from: world.address });
  });

  test("a message to one's own name comes, and a broadcast of one's own does not", async () => {
    const { poller, sockets, to } = await bound("world", "other");
    const [world, other] = sockets as [Socket, Socket];
    for (const socket of sockets) socket.join(to("news").host);
    await settled(poller, sockets);
    world.trySendTo("to myself", to("world"));
    world.trySendTo("to all", to("news"));
    await until(poller, () => other.tryRecv() === "to all");
    await settled(poller, sockets);
    expect([kept(world), kept(other)]).toEqual([["to myself"], []]);
  });

  test("wildcards match tokens, and a message comes once, by however many joins", async () => {
    const { poller, own, sockets, to } = await bound("one", "two");
    const [one, two] = sockets as [Socket, Socket];
    two.join(`${own}.chat.*`);
    two.join(`${own}.chat.eu`);
    two.join(`${own}.>`);
    two.join(`${own}.*.eu`);
    two.join(`${own}.chat.eu`);
    await settled(poller, sockets);
    one.trySendTo("eu", to("chat.eu"));
    one.trySendTo("deep", to("chat.eu.west"));
    one.trySendTo("one token", to("news"));
    one.trySendTo("not here", subject(`x${own}.news`));
    one.trySendTo("name", to("two"));
    await settled(poller, sockets);
    expect(kept(two)).toEqual(["eu", "deep", "one token", "name"]);
    expect(two.stats).toMatchObject({ lost: 0, malformed: 0, dropped: 0 });
  });

  test("what is left is not heard any more, by the other joins it is", async () => {
    const { poller, own, sockets, to } = await bound("one", "two");
    const [one, two] = sockets as [Socket, Socket];
    two.join(`${own}.chat.*`);
    two.join(`${own}.chat.eu`);
    two.leave(`${own}.chat.*`);
    two.leave(`${own}.two`); // its own name is no join
    two.leave(`${own}.never.joined`);
    await settled(poller, sockets);
    one.trySendTo("left", to("chat.us"));
    one.trySendTo("kept", to("chat.eu"));
    await settled(poller, sockets);
    two.leave(`${own}.chat.eu`);
    await settled(poller, sockets);
    one.trySendTo("left too", to("chat.eu"));
    await settled(poller, sockets);
    expect(kept(two)).toEqual(["kept"]);
  });

  test("of a queue group one member gets each message, and who hears it beside gets all", async () => {
    const { poller, own, sockets, to } = await bound("one", "two", "three", "all");
    const [one, two, three, hearsAll] = sockets as [Socket, Socket, Socket, Socket];
    for (const member of [two, three]) {
      member.join(`${own}.jobs`, "workers");
      member.join(`${own}.jobs`, "workers");
    }
    hearsAll.join(`${own}.jobs`);
    hearsAll.join(`${own}.*`, "alone");
    await settled(poller, sockets);
    const jobs = Array.from({ length: 40 }, (_, index) => `job ${index}`);
    for (const job of jobs) one.trySendTo(job, to("jobs"));
    await settled(poller, sockets);
    expect(kept(hearsAll)).toEqual(jobs);
    expect([...kept(two), ...kept(three)].sort()).toEqual([...jobs].sort());
    expect(kept(two).length).toBeGreaterThan(0);
    expect(kept(three).length).toBeGreaterThan(0);
    expect(sockets.map(({ stats }) => stats.lost)).toEqual([0, 0, 0, 0]);
  });

  test("a queue group may give a message to the member that sent it, as nobody else has it", async () => {
    const { poller, own, sockets, to } = await bound("alone");
    const [alone] = sockets as [Socket];
    alone.join(`${own}.jobs`, "workers");
    await settled(poller, sockets);
    alone.trySendTo("job", to("jobs"));
    await settled(poller, sockets);
    expect(kept(alone)).toEqual(["job"]);
  });

  test("what is joined while starting is joined, once it is bound", async () => {
    const poller = new Poller();
    pollers.push(poller);
    const place = row.network();
    const own = `t${++tests}`;
    const early = poller.bind(place(`${own}.early`), lines());
    early.join(`${own}.news`);
    early.join(`${own}.jobs`, "workers");
    const other = poller.bind(place(), lines());
    await until(poller, () => early.state === "open" && other.state === "open");
    await settled(poller, [early as Socket, other as Socket]);
    for (const name of ["news", "jobs"]) other.trySendTo(name, subject(`${own}.${name}`));
    await settled(poller, [early as Socket, other as Socket]);
    expect(kept(early as Socket).sort()).toEqual(["jobs", "news"]);
  });

  test("a message to a subject that nobody has is sent, and is lost", async () => {
    const { poller, sockets, to } = await bound("one");
    const [one] = sockets as [Socket];
    one.trySendTo("anybody?", to("nobody"));
    await settled(poller, sockets);
    await until(poller, () => one.pendingBytes === 0);
    expect(one.stats).toMatchObject({ failed: 0, lost: 0, sentMessages: 2 });
    expect(one.state).toBe("open");
  });

  test("mistakes throw at the call, whatever the state", async () => {
    const poller = new Poller();
    pollers.push(poller);
    const socket = poller.bind(row.network()(), bytes());
    for (let round = 0; round < 2; round++) {
      for (const wrong of [
        "a..b",
        ".a",
        "a.",
        "a b",
        "a.*",
        "a.>",
        "ä",
        "$SYS.a",
        "a._tw.b",
        "x".repeat(256),
      ]) {
        expect(() => socket.trySendTo(new Uint8Array(1), { host: wrong, port: 0 }), wrong).toThrow(
          RangeError,
        );
      }
      expect(() => socket.trySendTo(new Uint8Array(1), { host: "", port: 0 })).toThrow("to.host: ");
      expect(() => socket.trySendTo(new Uint8Array(1), { host: "a", port: -1 })).toThrow("to.port: ");
      for (const wrong of ["a..b", "a.>.b", "a*", "*a", ">.a", "a>", "a b", "$SYS.>", "_tw.*"]) {
        expect(() => socket.join(wrong), wrong).toThrow("group: ");
        expect(() => socket.leave(wrong), wrong).toThrow("group: ");
      }
      expect(() => socket.join("a", "two words")).toThrow("group: expected a queue group");
      await until(poller, () => socket.state === "open");
    }
    socket.close();
    await until(poller, () => socket.state === "closed");
    expect(() => socket.join("a")).toThrow("join: the socket is closed");
    expect(socket.trySendTo(new Uint8Array(1), subject("a"))).toBe(false);
  });
});
