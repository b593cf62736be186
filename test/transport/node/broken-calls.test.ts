/**
 * Calls of the system that fail where nobody could catch it: each call that a unix
 * socket, a datagram socket or a lookup makes throws in turn, the first time, the
 * second and so on. Whatever happens is a reason, and no handle is left.
 */
import dgram from "node:dgram";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { dns, lines, Poller, type UdpOptions, udp, unix } from "../../../src/index.ts";
import { needs } from "../../machine.ts";
import { until } from "../poll-until.ts";

/** The call that throws, and how many calls of it go well before. */
const broken = vi.hoisted(() => ({ name: "", before: 0, thrown: 0 }));

/** A module whose functions of these names may be broken. */
const breakable = vi.hoisted(
  () =>
    <Module extends object>(module: Module, names: readonly (keyof Module)[]) => {
      const copy = { ...module };
      for (const name of names) {
        const call = module[name] as (...given: unknown[]) => unknown;
        copy[name] = ((...given: unknown[]) => {
          if (broken.name === name && broken.before-- === 0) {
            broken.thrown++;
            throw Object.assign(new Error(`${String(name)} was broken`), { code: "EBROKEN" });
          }
          return call(...given);
        }) as Module[typeof name];
      }
      return { ...copy, default: copy };
    },
);

vi.mock("node:fs", async (original) =>
  breakable(await original<typeof import("node:fs")>(), [
    "chmodSync",
    "linkSync",
    "lstatSync",
    "readFile",
    "renameSync",
    "unlinkSync",
  ]),
);
vi.mock("node:net", async (original) =>
  breakable(await original<typeof import("node:net")>(), ["connect", "createServer"]),
);
vi.mock("node:dgram", async (original) =>
  breakable(await original<typeof import("node:dgram")>(), ["createSocket"]),
);
vi.mock("node:dns", async (original) => breakable(await original<typeof import("node:dns")>(), ["lookup"]));

const folder = mkdtempSync(`${tmpdir()}/tickwire-broken-`);
let paths = 0;

afterAll(() => rmSync(folder, { recursive: true }));

afterEach(() => {
  broken.name = "";
  vi.restoreAllMocks();
});

/** Has the call throw, after `before` calls that go well. A name with a dot is a method of a class. */
function breakCall(name: string, before: number): void {
  Object.assign(broken, { name, before, thrown: 0 });
  const [owner, method] = name.split(".");
  if (method === undefined) return;
  const prototypes: Record<string, object> = { Socket: dgram.Socket.prototype, Server: net.Server.prototype };
  const prototype = prototypes[owner as string] as Record<string, (...given: unknown[]) => unknown>;
  const real = prototype[method] as (...given: unknown[]) => unknown;
  vi.spyOn(prototype, method).mockImplementation(function (this: unknown, ...given: unknown[]) {
    if (broken.before-- !== 0) return real.apply(this, given);
    broken.thrown++;
    throw Object.assign(new Error(`${name} was broken`), { code: "EBROKEN" });
  });
}

/** A socket file that nobody answers on. */
async function leaveStale(path: string): Promise<void> {
  const server = net.createServer().listen(`${path}.first`);
  await new Promise((resolve) => server.once("listening", resolve));
  const { linkSync } = await vi.importActual<typeof import("node:fs")>("node:fs");
  linkSync(`${path}.first`, path);
  await new Promise((resolve) => server.close(resolve));
}

const SKIPS = [0, 1, 2, 3, 4];

describe("unix", needs("unix sockets"), () => {
  const CALLS = [
    "createServer",
    "Server.listen",
    "chmodSync",
    "lstatSync",
    "linkSync",
    "unlinkSync",
    "renameSync",
    "connect",
  ];

  test.each(CALLS)("has a reason when %s throws while it takes over a file", async (call) => {
    let thrown = 0;
    for (const skip of SKIPS) {
      const path = `${folder}/${++paths}`;
      await leaveStale(path);
      const poller = new Poller();
      breakCall(call, skip);
      const listener = poller.listen(unix({ path, mode: 0o600 }), lines());
      await until(poller, () => listener.state !== "starting");
      thrown += broken.thrown;
      if (broken.thrown === 0 || listener.state === "listening") {
        expect(listener.closeReason).toBeUndefined(); // it can do without
      } else {
        expect(listener.closeReason?.message).not.toBe("");
      }
      broken.name = "";
      vi.restoreAllMocks();
      await poller[Symbol.asyncDispose]();
    }
    expect(thrown).toBeGreaterThan(0);
  });

  test.each(["lstatSync", "renameSync", "unlinkSync"])("closes when %s throws at the end", async (call) => {
    for (const skip of SKIPS) {
      const path = `${folder}/${++paths}`;
      const poller = new Poller();
      const listener = poller.listen(unix({ path }), lines());
      await until(poller, () => listener.state !== "starting");
      breakCall(call, skip);
      await poller[Symbol.asyncDispose]();
      expect(listener.state).toBe("closed");
      broken.name = "";
    }
  });

  test("has a reason when a connect throws", async () => {
    const poller = new Poller();
    breakCall("connect", 0);
    const connection = poller.connect(unix({ path: `${folder}/nobody` }), lines());
    await until(poller, () => connection.state === "closed");
    expect(connection.closeReason).toMatchObject({ kind: "failed", code: "EBROKEN" });
  });

  test("leaves no temporary name behind, whatever failed", () => {
    expect(readdirSync(folder).filter((name) => name.startsWith(".") && !/^\.\d+\./.test(name))).toEqual([]);
  });
});

describe("udp", () => {
  const remote = { host: "127.0.0.1", port: 9 };
  const STARTS: [string, UdpOptions][] = [
    ["createSocket", {}],
    ["Socket.bind", {}],
    ["Socket.address", {}],
    ["Socket.setRecvBufferSize", { receiveBufferBytes: 65_536 }],
    ["Socket.setSendBufferSize", { sendBufferBytes: 65_536 }],
    ["Socket.setBroadcast", { broadcast: true }],
    ["Socket.setTTL", { ttl: 8 }],
    ["Socket.setMulticastTTL", { multicastTtl: 8 }],
    ["Socket.setMulticastLoopback", { multicastLoopback: true }],
    ["Socket.setMulticastInterface", { multicastInterface: "127.0.0.1" }],
    ["Socket.connect", { remote }],
    ["Socket.remoteAddress", { remote }],
  ];

  test.each(STARTS)("has a reason when %s throws while it starts", async (call, options) => {
    const poller = new Poller();
    breakCall(call, 0);
    const socket = poller.bind(udp(options), lines());
    socket.trySendTo("queued", remote);
    await until(poller, () => socket.state === "closed");
    expect(broken.thrown).toBe(1);
    expect(socket.closeReason).toMatchObject({ kind: "failed", code: "EBROKEN" });
    await poller[Symbol.asyncDispose]();
  });

  test("reports a datagram whose send throws, and goes on", async () => {
    const poller = new Poller();
    const socket = poller.bind(udp({ host: "127.0.0.1" }), lines());
    await until(poller, () => socket.state === "open");
    breakCall("Socket.send", 0);
    socket.trySendTo("lost", remote);
    await until(poller, () => socket.stats.failed === 1);
    expect(socket.lastFailure).toMatchObject({ kind: "failed", code: "EBROKEN" });
    expect([socket.state, socket.pendingBytes]).toEqual(["open", 0]);
    await poller[Symbol.asyncDispose]();
  });

  test("is closed with the reason when the close itself throws", async () => {
    const poller = new Poller();
    const socket = poller.bind(udp({ host: "127.0.0.1" }), lines());
    await until(poller, () => socket.state === "open");
    const real = dgram.Socket.prototype.close;
    const open: dgram.Socket[] = [];
    vi.spyOn(dgram.Socket.prototype, "close").mockImplementation(function (this: dgram.Socket) {
      open.push(this);
      throw Object.assign(new Error("close was broken"), { code: "EBROKEN" });
    });
    socket.close();
    await until(poller, () => socket.state === "closed");
    expect(socket.closeReason).toMatchObject({ code: "EBROKEN" });
    for (const one of open) real.call(one);
  });

  test("throws at the call of join and leave, which are the game's own", async () => {
    const poller = new Poller();
    const socket = poller.bind(udp({ host: "127.0.0.1" }), lines());
    await until(poller, () => socket.state === "open");
    breakCall("Socket.addMembership", 0);
    expect(() => socket.join("239.1.1.1")).toThrow("Socket.addMembership was broken");
    breakCall("Socket.dropMembership", 0);
    expect(() => socket.leave("239.1.1.1")).toThrow("Socket.dropMembership was broken");
    await poller[Symbol.asyncDispose]();
  });
});

describe("dns", () => {
  test.each([
    ["lookup", "http"],
    ["readFile", "no-such-service"],
  ])("has a failure when %s throws", async (call, service) => {
    const poller = new Poller();
    breakCall(call, 0);
    const lookup = poller.lookup(dns({ host: "127.0.0.1", service }));
    await until(poller, () => lookup.state !== "pending");
    expect(broken.thrown).toBe(1);
    expect(lookup.failure).toMatchObject({ kind: "failed", code: "EBROKEN" });
  });
});
