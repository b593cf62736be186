/**
 * How the file of a unix listener comes to its path where others do something there at
 * the same time, and what the listener is told by its server. What the others do is done
 * in the calls of the file system, between one and the next.
 */
import fs, { mkdtempSync, readdirSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import net, { type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { type Listener, lines, Poller, unix } from "../../../src/index.ts";
import { needs } from "../../machine.ts";
import { turn } from "../link-pair.ts";
import { until } from "../poll-until.ts";

/** Called before each link(2), and may throw instead of it. */
let link: ((call: number) => void) | undefined;
let links = 0;
/** What a connect to a path is answered with, instead of the system. */
const answers = vi.hoisted(() => new Map<string, Error | undefined>());
const servers = vi.hoisted((): Server[] => []);

vi.mock("node:fs", async (original) => {
  const real = await original<typeof fs>();
  const linkSync = (from: string, to: string) => {
    link?.(++links);
    real.linkSync(from, to);
  };
  return { ...real, linkSync, default: { ...real, linkSync } };
});

vi.mock("node:net", async (original) => {
  const real = await original<typeof net>();
  const connect = (options: { path: string }): Socket => {
    if (!answers.has(options.path)) return real.connect(options);
    const socket = new real.Socket();
    const error = answers.get(options.path);
    setImmediate(() => (error === undefined ? socket.emit("connect") : socket.emit("error", error)));
    return socket;
  };
  const createServer = (...given: Parameters<typeof net.createServer>): Server => {
    const server = real.createServer(...given);
    servers.push(server);
    return server;
  };
  return { ...real, connect, createServer, default: { ...real, connect, createServer } };
});

const folder = mkdtempSync(`${tmpdir()}/tickwire-acceptor-`);
let paths = 0;
const pollers: Poller[] = [];

afterAll(() => rmSync(folder, { recursive: true }));

afterEach(async () => {
  link = undefined;
  links = 0;
  answers.clear();
  servers.length = 0;
  for (const poller of pollers.splice(0)) await poller[Symbol.asyncDispose]();
});

function withCode(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: it was the test`), { code });
}

/** A listener that starts. */
function starting(path = `${folder}/${++paths}.sock`) {
  const poller = new Poller();
  pollers.push(poller);
  const listener: Listener<string> = poller.listen(unix({ path }), lines());
  return { path, poller, listener };
}

async function started(path?: string) {
  const all = starting(path);
  await until(all.poller, () => all.listener.state !== "starting");
  return all;
}

/** What lies in the folder under this name, or beside it with that name in its own. */
function named(path: string): string[] {
  return readdirSync(folder).filter((name) => name.includes(path.slice(folder.length + 1)));
}

/** A socket file that nobody answers on. */
async function leaveStale(path: string): Promise<void> {
  const { linkSync } = await vi.importActual<typeof fs>("node:fs");
  const server = net.createServer().listen(`${path}.first`);
  await new Promise((resolve) => server.once("listening", resolve));
  linkSync(`${path}.first`, path);
  await new Promise((resolve) => server.close(resolve));
  servers.length = 0;
}

describe("the file of a unix listener", needs("unix sockets"), () => {
  test("has a name until it is in place that tells of its path", async () => {
    const { path, poller, listener } = starting();
    const [name, ...more] = named(path);
    expect([name, more]).toEqual([expect.stringMatching(/^\.\d+\.sock\.[a-z\d]{8}$/), []]);
    await until(poller, () => listener.state === "listening");
    expect(named(path)).toEqual([path.slice(folder.length + 1)]);
  });

  test("is put in place at a later try when another one comes and goes meanwhile", async () => {
    link = (call) => {
      if (call <= 3) throw withCode("EEXIST"); // and gone again before it is looked at
    };
    const { listener, path } = await started();
    expect([listener.state, links, named(path).length]).toEqual(["listening", 4, 1]);
  });

  test("is given up after some tries, and not left behind", async () => {
    link = () => {
      throw withCode("EEXIST");
    };
    const { listener, path } = await started();
    expect(listener.closeReason).toEqual({
      kind: "address-in-use",
      message: "another program listens on that path",
      code: "EADDRINUSE",
    });
    expect([links, named(path)]).toEqual([6, []]);
  });

  test("is given up after some tries on files that nobody answers on, too", async () => {
    const path = `${folder}/${++paths}.sock`;
    await leaveStale(path);
    const { linkSync } = await vi.importActual<typeof fs>("node:fs");
    linkSync(path, `${path}.stale`);
    link = () => {
      rmSync(path, { force: true });
      linkSync(`${path}.stale`, path); // somebody else is always first, and dies
      throw withCode("EEXIST");
    };
    const { listener } = await started(path);
    expect([listener.closeReason?.kind, links]).toEqual(["address-in-use", 6]);
    expect(named(path).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("that is taken away before it is in place is the reason", async () => {
    const { path, poller, listener } = starting();
    unlinkSync(`${folder}/${named(path)[0]}`);
    await until(poller, () => listener.state === "closed");
    expect(listener.closeReason).toMatchObject({ code: "ENOENT" });
    expect(listener.closeReason?.message).not.toContain(`${folder}/.`); // the path that the game knows
  });

  test("stays away when the listener closes while it asks who is there", async () => {
    const path = `${folder}/${++paths}.sock`;
    await leaveStale(path);
    let isAsked = false;
    answers.set(path, withCode("ECONNREFUSED"));
    link = () => {
      isAsked = true;
    };
    const { poller, listener } = starting(path);
    await until(poller, () => isAsked);
    listener.close();
    for (let turns = 0; turns < 10; turns++) {
      poller.poll();
      await turn();
    }
    expect([listener.closeReason?.kind, links]).toEqual(["local", 1]);
    expect(fs.lstatSync(path).isSocket()).toBe(true); // the stale one is as it was
  });
});

describe("a unix listener", needs("unix sockets"), () => {
  test("that finds another one has no cause but that; where a connect does not tell, it has the error", async () => {
    const path = `${folder}/${++paths}.sock`;
    await leaveStale(path);
    answers.set(path, undefined);
    const found = await started(path);
    expect(found.listener.closeReason).toEqual({
      kind: "address-in-use",
      message: "another program listens on that path",
      code: "EADDRINUSE",
    });
    const denied = withCode("EACCES");
    answers.set(path, denied);
    const { listener } = await started(path);
    expect(listener.closeReason).toMatchObject({ kind: "address-in-use", cause: denied });
  });

  test("drops a connection that the system cannot accept, and goes on", async () => {
    const { path, poller, listener } = await started();
    servers[0]?.emit("error", withCode("EMFILE"));
    await until(poller, () => listener.stats.dropped === 1);
    expect(listener.stats.droppedBy).toEqual({ EMFILE: 1 });
    const client = poller.connect(unix({ path }), lines());
    await until(poller, () => client.state === "open" && listener.tryAccept() !== undefined);
  });

  test("on Windows has a pipe at its path, and does nothing to a file", async () => {
    const platform = Object.getOwnPropertyDescriptor(process, "platform") as PropertyDescriptor;
    const path = `${folder}/${++paths}.sock`;
    Object.defineProperty(process, "platform", { ...platform, value: "win32" });
    const { poller, listener } = starting(path);
    Object.defineProperty(process, "platform", platform);
    expect([named(path), links]).toEqual([[path.slice(folder.length + 1)], 0]);
    await until(poller, () => listener.state === "listening");
    expect([listener.address?.host, links]).toEqual([path, 0]);
    writeFileSync(`${path}.other`, "");
    const second = await started(`${path}.other`);
    expect(second.listener.closeReason?.kind).toBe("address-in-use");
  });
});
