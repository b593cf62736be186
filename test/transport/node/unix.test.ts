import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { type Listener, lines, Poller, unix, waitForActivity } from "../../../src/index.ts";
import { fileAt, temporaryName } from "../../../src/transport/node/unix-file.ts";
import { tryClaimRemoval } from "../../../src/transport/node/unix-owner.ts";
import { needs } from "../../machine.ts";
import { until } from "../poll-until.ts";

const pollers: Poller[] = [];
const folder = mkdtempSync(`${tmpdir()}/tickwire-unix-`);
const index = new URL("../../../src/index.ts", import.meta.url).pathname;
let paths = 0;

const newPath = () => `${folder}/${++paths}.sock`;

afterAll(() => rmSync(folder, { recursive: true }));

async function listenOn(
  options: Parameters<typeof unix>[0],
): Promise<{ poller: Poller; listener: Listener<string> }> {
  const poller = new Poller();
  pollers.push(poller);
  const listener = poller.listen(unix(options), lines());
  while (listener.state === "starting") {
    await waitForActivity(poller, 1_000);
    poller.poll();
  }
  return { poller, listener };
}

afterEach(async () => {
  for (const poller of pollers.splice(0)) await poller[Symbol.asyncDispose]();
});

describe("unix", () => {
  test("takes over the socket file that a crash has left", async () => {
    const path = newPath();
    leaveStale(path);
    const { listener } = await listenOn({ path });
    expect(listener.state).toBe("listening");
    expect(listener.address).toEqual({ family: "unix", host: path, port: 0 });
  });

  test("lets one listener at a time replace a stale file", needs("abstract names"), async () => {
    const path = newPath();
    leaveStale(path);
    const id = fileAt(path)?.id ?? "";
    const giveBack = tryClaimRemoval(id);
    expect([typeof giveBack, tryClaimRemoval(id)]).toEqual(["function", undefined]);
    const early = await listenOn({ path });
    expect([early.listener.closeReason?.kind, fileAt(path)?.id]).toEqual(["address-in-use", id]);
    giveBack?.();
    const late = await listenOn({ path });
    expect(late.listener.state).toBe("listening");
  });

  test("leaves alone a socket that somebody answers on", async () => {
    const path = newPath();
    const first = await listenOn({ path });
    const second = await listenOn({ path });
    expect(second.listener.closeReason?.kind).toBe("address-in-use");
    expect(first.listener.state).toBe("listening");
  });

  test("leaves alone a file that is no socket", async () => {
    const path = newPath();
    writeFileSync(path, "precious");
    const { listener } = await listenOn({ path });
    expect(listener.closeReason).toEqual({
      kind: "address-in-use",
      message: "at that path there is a file that is no socket",
      code: "EADDRINUSE",
    });
    expect(statSync(path).size).toBe(8);
  });

  test("leaves nothing beside its file, and nothing at all after the close", async () => {
    const before = readdirSync(folder);
    const path = newPath();
    const { poller } = await listenOn({ path });
    const second = await listenOn({ path });
    expect(second.listener.state).toBe("closed");
    expect(readdirSync(folder).sort()).toEqual([...before, path.slice(folder.length + 1)].sort());
    await poller[Symbol.asyncDispose]();
    expect(readdirSync(folder)).toEqual(before);
  });

  test.each([
    ["its own", false],
    ["that of another program", true],
  ])(
    "leaves at its close the file of a successor, %s, and the successor can be reached",
    async (_, isOther) => {
      const path = newPath();
      const first = await listenOn({ path });
      unlinkSync(path); // a deploy script
      const plain = createServer((socket) => socket.on("error", () => {}).end("hello\n"));
      if (isOther) await once(plain.listen(path), "listening");
      else await listenOn({ path });
      first.listener.close();
      await until(first.poller, () => first.listener.state === "closed");
      await new Promise((resolve) => setImmediate(resolve));
      expect(existsSync(path)).toBe(true);
      const client = first.poller.connect(unix({ path }), lines());
      await until(first.poller, () => client.state !== "connecting");
      expect(client.closeReason).toBeUndefined();
      client.abort();
      plain.close();
    },
  );

  test("closes while it is starting, and leaves no file", async () => {
    const path = newPath();
    const poller = new Poller();
    const listener = poller.listen(unix({ path }), lines());
    listener.close();
    await poller[Symbol.asyncDispose]();
    expect(readdirSync(folder).filter((name) => name.includes(path.slice(folder.length + 1)))).toEqual([]);
  });

  test("of several that start at once on a stale file, exactly one listens, and it can be reached", async () => {
    const path = newPath();
    leaveStale(path);
    const poller = new Poller();
    pollers.push(poller);
    const all = Array.from({ length: 8 }, () => poller.listen(unix({ path }), lines()));
    await until(poller, () => all.every(({ state }) => state !== "starting"));
    expect(all.filter(({ state }) => state === "listening")).toHaveLength(1);
    const client = poller.connect(unix({ path }), lines());
    await until(poller, () => client.state !== "connecting");
    expect(client.state).toBe("open");
  });

  test("finds a listener of this process without connecting to it", async () => {
    const path = newPath();
    const first = await listenOn({ path });
    await listenOn({ path });
    await until(first.poller, () => true);
    expect(first.listener.stats.accepted).toBe(0);
  });

  test("finds a listener of another process without connecting to it", needs("unix sockets"), async () => {
    const path = newPath();
    const code = `
      import { lines, Poller, unix } from ${JSON.stringify(index)};
      const net = new Poller();
      const listener = net.listen(unix({ path: ${JSON.stringify(path)} }), lines());
      let before = listener.state;
      setInterval(() => {
        net.poll();
        if (listener.state !== before) console.log((before = listener.state));
      }, 5);
      process.stdin.once("data", () => {
        net.poll();
        console.log("accepted " + listener.stats.accepted);
        process.exit();
      });
    `;
    const args = ["--import", "tsx", "--input-type=module", "--eval", code];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    child.stdout.setEncoding("utf8");
    expect((await once(child.stdout, "data"))[0].trim()).toBe("listening");
    const { listener } = await listenOn({ path });
    expect(listener.closeReason?.kind).toBe("address-in-use");
    child.stdin.write("\n");
    // Elsewhere than on Linux it is found by a connection, which the listener sees.
    if (process.platform === "linux") expect((await once(child.stdout, "data"))[0].trim()).toBe("accepted 0");
    child.kill("SIGKILL");
  });

  test("is gone from the file system after the close", async () => {
    const path = newPath();
    const { poller } = await listenOn({ path });
    expect(existsSync(path)).toBe(true);
    await poller[Symbol.asyncDispose]();
    expect(existsSync(path)).toBe(false);
  });

  test("lets in whom the mode allows", async () => {
    const path = newPath();
    await listenOn({ path, mode: 0o600 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("says in a reason what is wrong with a place that does not exist", async () => {
    const { listener } = await listenOn({ path: `${tmpdir()}/no-such-folder-${process.pid}/x.sock` });
    expect(listener.state).toBe("closed");
    expect(listener.closeReason?.code).toMatch(/EACCES|ENOENT/);
  });

  test("never binds a short name to the path itself, where it would find itself", () => {
    vi.spyOn(Math, "random").mockReturnValueOnce(33.5 / 36); // x
    expect(temporaryName("/d/x", 4)).toMatch(/^\/d\/[^x]$/);
  });

  test.each(["x", "a-long-name.sock"])(
    "listens at the longest path there is, ending in %s",
    needs("unix sockets"),
    async (name) => {
      const limit = process.platform === "linux" ? 107 : 103;
      const deep = `${folder}/${"d".repeat(limit - folder.length - name.length - 2)}`;
      execFileSync("mkdir", [deep]);
      const path = `${deep}/${name}`;
      expect(path.length).toBe(limit);
      const { listener, poller } = await listenOn({ path });
      expect([listener.state, listener.address?.host]).toEqual(["listening", path]);
      const client = poller.connect(unix({ path }), lines());
      await until(poller, () => client.state === "open");
      await poller[Symbol.asyncDispose]();
      expect(readdirSync(deep)).toEqual([]);
    },
  );

  test.each([
    [{}, TypeError, "path: expected a string, got undefined"],
    [undefined, TypeError, "options: expected an object, got undefined"],
    [{ path: 5 }, TypeError, "path: expected a string, got number"],
    [{ path: "" }, RangeError, "path: expected a string, got an empty one"],
    [{ path: `/tmp/${"x".repeat(200)}` }, RangeError, "path: expected 1 to 10"],
    [{ path: "\0game" }, RangeError, "path: expected a path; the abstract names of Linux are not supported"],
    [{ path: "/tmp/a\0b" }, RangeError, "path: expected a string without NUL"],
    [{ path: "/tmp/x", mode: 0o1000 }, RangeError, "mode: expected"],
    [{ path: "/tmp/x", mode: -1 }, RangeError, "mode: expected"],
    [{ path: "/tmp/x", mode: "600" }, TypeError, "mode: expected a number"],
    [{ path: "/tmp/x", backlog: 0 }, RangeError, "backlog: expected"],
    [{ path: "/tmp/x", backlog: 2 ** 31 }, RangeError, "backlog: expected"],
    [{ path: "/tmp/x", allowHalfOpen: 1 }, TypeError, "allowHalfOpen: expected true or false, got number"],
    [{ path: "/tmp/x", permissions: 0 }, TypeError, "permissions: there is no such option"],
  ])("refuses %o at the call", (options, kind, message) => {
    expect(() => unix(options as never)).toThrow(kind);
    expect(() => unix(options as never)).toThrow(message);
  });
});

describe("a connect to a unix socket whose queue is full", () => {
  /** A listener whose queue is full, until it is told to accept. */
  async function busyListener(path: string) {
    const code = `
import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind("${path}"); s.listen(1)
kept = []
while True:
    c = socket.socket(socket.AF_UNIX); c.setblocking(False)
    try: c.connect("${path}")
    except BlockingIOError: break
    kept.append(c)
print("up")
sys.stdin.readline()
while True: kept.append(s.accept())
`;
    const child = spawn("python3", ["-u", "-c", code], { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout, "data");
    return child;
  }

  /** What an own attempt is told, once those before it were told the same. */
  async function refusal(path: string): Promise<void> {
    const [error] = await once(
      connect(path).on("connect", () => {}),
      "error",
    ).catch((thrown) => [thrown]);
    expect(error.code).toBe("EAGAIN");
  }

  test("waits until there is room", needs("python3", "unix sockets"), async () => {
    const path = newPath();
    const python = await busyListener(path);
    const poller = new Poller();
    const client = poller.connect(unix({ path }), lines());
    await refusal(path);
    poller.poll();
    expect(client.state).toBe("connecting");
    python.stdin.write("\n");
    await until(poller, () => client.state === "open");
    expect(client.failedAttempts[0]?.reason).toMatchObject({ kind: "overflow", code: "EAGAIN" });
    expect(client.remoteAddress).toEqual({ family: "unix", host: path, port: 0 });
    await poller[Symbol.asyncDispose]();
    python.kill("SIGKILL");
  });

  test(
    "ends at timeoutMs, at a signal and with its poller, and tries no more",
    needs("python3", "unix sockets"),
    async () => {
      const path = newPath();
      const python = await busyListener(path);
      const poller = new Poller();
      const control = new AbortController();
      const late = poller.connect(unix({ path }), lines(), { timeoutMs: 60 });
      const aborted = poller.connect(unix({ path }), lines(), { signal: control.signal });
      const dropped = poller.connect(unix({ path }), lines());
      await refusal(path);
      control.abort();
      await until(poller, () => late.state === "closed" && aborted.state === "closed");
      expect([late.closeReason?.kind, aborted.closeReason?.kind]).toEqual(["timeout", "aborted"]);
      await poller[Symbol.asyncDispose]();
      expect([dropped.state, dropped.closeReason?.kind]).toEqual(["closed", "local"]);
      python.kill("SIGKILL");
    },
  );
});

/** Leaves the socket file of a process that was killed. */
function leaveStale(path: string): void {
  const crash = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  expect(() => execFileSync(process.execPath, ["-e", crash], { stdio: "pipe" })).toThrow();
}
