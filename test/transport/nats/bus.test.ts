/**
 * The connection that all of one value shares: how it begins and ends, what refuses it, and
 * what it leaves behind, which is nothing.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { lines, Poller, subject } from "../../../src/index.ts";
import { type NatsOptions, nats } from "../../../src/nats.ts";
import { needs } from "../../machine.ts";
import { until } from "../poll-until.ts";
import { Broker } from "./broker.ts";
import { newNkey } from "./foreign-client.ts";

const ends: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of ends.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

const QUICK = { pingIntervalMs: 100, maxPingsOut: 2, reconnectMs: 50, connectTimeoutMs: 400 };

/** The sockets, timers and look-ups of this process that are not this runner's. */
function handles(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => /^(TCPSocketWrap|TLSWrap|Timeout|GetAddrInfo)/.test(kind));
}

/** What a poller with one socket leaves when it is disposed of in some state: nothing more than there was before. */
async function leavesNothing(
  options: NatsOptions,
  reach: (poller: Poller, socket: ReturnType<typeof bind>) => Promise<void>,
) {
  const before = handles().length;
  const poller = new Poller();
  const socket = bind(poller, options);
  await reach(poller, socket);
  await poller[Symbol.asyncDispose]();
  for (let turn = 0; turn < 2_000 && handles().length > before; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(handles().length).toBeLessThanOrEqual(before);
  expect(socket.state).toBe("closed");
}

function bind(poller: Poller, options: NatsOptions) {
  return poller.bind(nats({ ...QUICK, ...options }), lines());
}

async function broker(config = ""): Promise<Broker> {
  const one = await Broker.start({ config });
  ends.push(one);
  return one;
}

/** The same, and all that it has heard. */
async function listening(greeting: string) {
  const { url, heard } = await mute(greeting);
  return { url, said: () => heard.join("") };
}

/** A server that says what it is told to, and then nothing. */
async function mute(greeting = "") {
  const sockets = new Set<Socket>();
  const heard: string[] = [];
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (text) => heard.push(String(text)));
    socket.on("close", () => sockets.delete(socket));
    if (greeting !== "") socket.write(greeting);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push({
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
  return { url: `127.0.0.1:${(server.address() as { port: number }).port}`, server, sockets, heard };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("an attempt at a server that says nothing takes connectTimeoutMs, and then there is another one", async () => {
  const [short, long] = [await mute(), await mute()];
  const counts = new Map([short, long].map((one) => [one, 0]));
  for (const one of [short, long])
    one.server.on("connection", () => counts.set(one, (counts.get(one) ?? 0) + 1));
  const poller = new Poller();
  ends.push(poller);
  const patient = bind(poller, { servers: long.url, connectTimeoutMs: 60_000 });
  await until(poller, () => counts.get(long) === 1);
  const hasty = bind(poller, { servers: short.url, connectTimeoutMs: 50 });
  await until(poller, () => (counts.get(short) ?? 0) >= 3);
  expect(hasty.lastFailure).toMatchObject({ kind: "timeout", code: "connectTimeoutMs" });
  expect([patient.lastFailure, counts.get(long)]).toEqual([undefined, 1]);
}, 10_000); // the client's own time for an attempt is 20 s

describe("a disposed poller leaves no socket and no timer", () => {
  test("where the bus was never used, or nobody listens", async () => {
    const { url, sockets } = await mute();
    const before = handles().length;
    nats({ servers: url });
    expect(handles().length).toBe(before);
    expect(sockets.size).toBe(0);
    await leavesNothing({ servers: "127.0.0.1:1" }, async (poller, socket) => {
      await until(poller, () => socket.lastFailure !== undefined);
    });
    await leavesNothing({ servers: "127.0.0.1:1" }, async () => {});
  });

  test("while it dials what answers nothing, and what has stopped in the midst of it", async () => {
    const silent = await mute();
    await leavesNothing({ servers: silent.url }, async (poller) => {
      await until(poller, () => silent.sockets.size === 1);
    });
    await leavesNothing({ servers: silent.url }, async (poller, socket) => {
      await until(poller, () => socket.lastFailure?.code === "connectTimeoutMs");
    });
    const info = JSON.stringify({
      server_id: "x",
      version: "2.9.10",
      proto: 1,
      headers: true,
      max_payload: 1_000,
    });
    const stopped = await mute(`INFO ${info}\r\n`);
    await leavesNothing({ servers: stopped.url }, async (poller) => {
      await until(poller, () => stopped.sockets.size === 1);
      for (let count = 0; count < 20; count++) await turn();
    });
    await until(new Poller(), () => silent.sockets.size + stopped.sockets.size === 0);
  });

  test("in each state of a real broker", needs("nats-server"), async () => {
    const real = await broker();
    const options = { servers: real.url };
    const open = async (poller: Poller, socket: ReturnType<typeof bind>) =>
      await until(poller, () => socket.state === "open");
    await leavesNothing(options, async () => {});
    await leavesNothing(options, open);
    await leavesNothing(options, async (poller, socket) => {
      await open(poller, socket);
      real.freeze();
      for (let count = 0; count < 10_000; count++) socket.trySendTo("x".repeat(1_000), subject("a"));
      poller.flush();
    });
    real.thaw();
    await leavesNothing(options, async (poller, socket) => {
      await open(poller, socket);
      real.freeze();
      await until(poller, () => !socket.linked);
      await turn();
    });
    real.thaw();
    await leavesNothing(options, async (poller, socket) => {
      await open(poller, socket);
      await real.kill();
      await until(poller, () => !socket.linked);
    });
  });

  test("and a closed socket sends what it was given first", needs("nats-server"), async () => {
    const real = await broker();
    const poller = new Poller();
    ends.push(poller);
    const bus = nats({ servers: real.url });
    const world = poller.bind(bus.at("world.7"), lines());
    const gateway = poller.bind(bus, lines());
    gateway.trySendTo("early", subject("world.7"));
    await until(poller, () => world.tryRecv() === "early");
    gateway.trySendTo("last", subject("world.7"));
    gateway.close();
    await until(poller, () => world.tryRecv() === "last");
    await until(poller, () => gateway.state === "closed");
    expect(gateway.pendingBytes).toBe(0);
    const alone = poller.bind(nats({ servers: real.url }), lines()); // its connection ends with it
    await until(poller, () => alone.state === "open");
    for (let count = 0; count < 200; count++) alone.trySendTo("x".repeat(2_000), subject("world.7"));
    alone.trySendTo("last of all", subject("world.7"));
    alone.close();
    await until(poller, () => world.tryRecv() === "last of all");
    const again = poller.bind(bus, lines());
    await until(poller, () => again.state === "open"); // the same value, used once more
    again.trySendTo("again", subject("world.7"));
    await until(poller, () => world.tryRecv() === "again");
  });
});

test(
  "a socket that closes leaves the others of its connection as they are",
  needs("nats-server"),
  async () => {
    const real = await broker();
    const poller = new Poller();
    ends.push(poller);
    const bus = nats({ servers: real.url });
    const sockets = ["one", "two", "three"].map((name) => poller.bind(bus.at(name), lines()));
    const [one, two, three] = sockets as [(typeof sockets)[0], (typeof sockets)[0], (typeof sockets)[0]];
    await until(poller, () => sockets.every(({ state }) => state === "open"));
    one.close();
    await until(poller, () => one.state === "closed");
    two.trySendTo("still here", subject("three"));
    await until(poller, () => three.tryRecv() === "still here");
    expect([two.linked, three.linked, two.stats.failed]).toEqual([true, true, 0]);
  },
);

describe("a broker refuses", needs("nats-server"), () => {
  async function reasonOf(options: NatsOptions) {
    const poller = new Poller();
    ends.push(poller);
    const socket = bind(poller, options);
    await until(poller, () => socket.state === "closed");
    const { closeReason } = socket;
    const shown = inspect([closeReason, socket.lastFailure], { depth: 9, showHidden: true });
    for (const secret of ["hunter2", "wrong-secret"]) expect(shown).not.toContain(secret);
    return closeReason;
  }

  test("whoever has no user, a wrong password or a wrong token, once and with a reason", async () => {
    const real = await broker('authorization { user: "ann", password: "hunter2" }');
    for (const options of [{}, { user: "ann", password: "wrong-secret" }, { token: "wrong-secret" }]) {
      expect(await reasonOf({ servers: real.url, ...options })).toMatchObject({
        kind: "denied",
        code: "authorization",
      });
    }
    const poller = new Poller();
    ends.push(poller);
    const socket = bind(poller, { servers: real.url, user: "ann", password: "hunter2" });
    await until(poller, () => socket.state === "open");
  });

  test("a token and an nkey are taken where they are right", async () => {
    const user = newNkey();
    const byKey = await broker(`authorization { users: [ { nkey: "${user.publicKey}" } ] }`);
    const byToken = await broker('authorization { token: "hunter2" }');
    const poller = new Poller();
    ends.push(poller);
    const one = bind(poller, { servers: byKey.url, nkeySeed: user.seed });
    const two = bind(poller, { servers: byToken.url, token: "hunter2" });
    await until(poller, () => one.state === "open" && two.state === "open");
    const reason = await reasonOf({ servers: byKey.url, nkeySeed: newNkey().seed });
    expect(reason).toMatchObject({ kind: "denied", code: "authorization" });
    const broken = await reasonOf({ servers: byKey.url, nkeySeed: "wrong-secret" });
    expect(broken).toMatchObject({ kind: "denied" });
  });

  test("who asks for TLS by the name of a server, where it has none: no password leaves without it", async () => {
    const { url, said } = await listening(
      'INFO {"server_id":"x","version":"2.9.10","proto":1,"max_payload":1000}\r\n',
    );
    const reason = await reasonOf({ servers: `tls://${url}`, user: "ann", password: "hunter2" });
    expect([reason?.kind, said()]).toEqual(["handshake", ""]);
  });

  test("TLS where it has none, and a file of credentials that is not there", async () => {
    const real = await broker();
    expect(await reasonOf({ servers: real.url, tls: true })).toMatchObject({ kind: "handshake" });
    expect(await reasonOf({ servers: real.url, credsFile: "/nowhere/at/all.creds" })).toMatchObject({
      kind: "failed",
      code: "ENOENT",
      message: "credsFile: it cannot be read (ENOENT)",
    });
    const folder = mkdtempSync(join(tmpdir(), "tickwire-creds-"));
    ends.push({ [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }) });
    writeFileSync(join(folder, "broken.creds"), "hunter2");
    const secured = await broker('authorization { token: "x" }');
    expect(await reasonOf({ servers: secured.url, credsFile: join(folder, "broken.creds") })).toMatchObject({
      kind: "denied",
    });
  });

  test("what its permissions do not allow, which is told, and for one's own name is the end", async () => {
    const real = await broker(
      'authorization { users: [ { user: "ann", password: "x", permissions: { publish: ["ok.>"], subscribe: ["ok.>", "_INBOX.>"] } } ] }',
    );
    const options = { servers: real.url, user: "ann", password: "x" };
    expect(await reasonOf({ ...options, name: "not.ok" })).toMatchObject({
      kind: "denied",
      code: "permissions",
    });
    const poller = new Poller();
    ends.push(poller);
    const socket = bind(poller, { ...options, name: "ok.me" });
    await until(poller, () => socket.state === "open");
    socket.join("not.ok");
    await until(poller, () => socket.lastFailure?.code === "permissions");
    socket.trySendTo("x", subject("ok.me"));
    await until(poller, () => socket.tryRecv() === "x");
    expect(socket.state).toBe("open");
  });
});

describe("a broker that changes its mind", () => {
  test("about max_payload has datagrams fail by that name, and no call throw", async () => {
    const info = (most: number) =>
      `INFO ${JSON.stringify({ server_id: "x", version: "2.9.10", proto: 1, headers: true, max_payload: most })}\r\n`;
    const real = await mute(info(1_000));
    const poller = new Poller();
    ends.push(poller);
    const socket = bind(poller, { servers: real.url, pingIntervalMs: 60_000, connectTimeoutMs: 5_000 });
    let asked = 0;
    await until(poller, () => {
      const pings = real.heard.join("").split("PING\r\n").length - 1;
      for (; asked < pings; asked++) for (const one of real.sockets) one.write("PONG\r\n");
      return socket.state === "open";
    });
    for (const one of real.sockets) one.write(info(100));
    await until(poller, () => {
      socket.trySendTo("x".repeat(200), subject("a"));
      return socket.lastFailure?.code === "max_payload";
    });
    expect(socket.state).toBe("open");
  });
});

describe("options of nats()", () => {
  test("are checked at the call, and no secret is quoted", () => {
    const wrong: [options: unknown, message: string][] = [
      [{ server: "a" }, "server: there is no such option; the nearest one is servers"],
      [{ servers: [] }, "servers: expected at least one server"],
      [{ servers: "nats://ann:hunter2@host" }, 'servers: expected "nats://host:port"; a user and a password'],
      [{ servers: ["http://a"] }, 'servers: expected "nats://host:port"'],
      [{ servers: 4222 }, "servers: expected a string, got number"],
      [{ name: "a..b" }, 'name: expected a subject such as "world.7", got "a..b"'],
      [{ name: "$SYS" }, 'name: "$SYS" is not for games'],
      [{ tls: { cert: 1 } }, "tls.cert: expected a string, got number"],
      [{ tls: false, servers: ["a", "tls://b"] }, "tls: false, and servers has one that begins with tls://"],
      [{ tls: "yes" }, "tls: expected an object, got string"],
      [{ token: "" }, "token: expected a string of at least one character, without NUL"],
      [{ password: "hunter2" }, "password: it needs a user"],
      [{ user: "ann", token: "hunter2" }, "options: only one of user, token, credsFile and nkeySeed"],
      [{ nkeySeed: "hunter2\0" }, "nkeySeed: expected a string of at least one character, without NUL"],
      [{ pingIntervalMs: 0 }, "pingIntervalMs: expected a whole number from 1"],
      [{ reconnectMs: Infinity }, "reconnectMs: expected a whole number"],
    ];
    for (const [options, message] of wrong) {
      let said = "";
      try {
        nats(options as NatsOptions);
      } catch (error) {
        said = (error as Error).message;
      }
      expect(said).toContain(message);
      expect(said).not.toContain("hunter2");
    }
    expect(() => nats().at("a b")).toThrow('name: expected a subject such as "world.7"');
  });
});
