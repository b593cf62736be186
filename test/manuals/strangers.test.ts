/**
 * Strangers at every example: each program that a manual shows or names, and that
 * listens, runs as a process and is sent what no player sends. It still runs then, says no
 * word of an error, and serves the next one. An example that listens and has no row
 * fails here; recipes have their own tests, which do the same.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Asked, playerCodec } from "../../demo/arena/shared/play-wire.ts";
import { lines, Poller, session } from "../../src/index.ts";
import { websocket } from "../../src/websocket.ts";
import { Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { type Need, needs } from "../machine.ts";
import { overSession, overTcp, overUdp, overWebSocket, type Piece, stay } from "../strangers.ts";
import { allManuals, manualAt, programsOf, root } from "./manual.ts";
import { Caller, freePort, until } from "./reader.ts";

/** An example that listens, and how to see that it serves. */
interface Example {
  /** Its manual and its name there, or its path. */
  readonly name: string;
  readonly args?: (port: number) => readonly string[];
  /** The program, where that is another file. */
  readonly runs?: string;
  /** What it needs of the machine. */
  readonly needing?: readonly Need[];
  /** TCP by default. */
  readonly insult?: (port: number, known: readonly Piece[]) => Promise<void>;
  /** What it understands. */
  readonly known: readonly Piece[];
  /** Plays with it, as those do for whom it is. */
  readonly serves: (port: number) => Promise<void>;
}

/** A player of the arena, and the bytes of what one says. */
const PLAYER = { name: "Ann", secret: new Uint8Array(16).fill(7), looksHz: 20 };
const said = (message: Asked): Uint8Array => new Uint8Array(playerCodec().encode(message));
const arenaAt = (port: number): string[] =>
  `--memory --no-open --bots 3 --gateways 1 --worlds 1 --port ${port}`.split(" ");

const EXAMPLES: readonly Example[] = [
  { name: "README.md server.mts", known: ["hi\n"], serves: tells("hi\n", ": hi\n") },
  {
    name: "README.md first-cube.mts",
    known: ["cube 1 2 3\n", "ping 7\n", "pong 7\n", "error no\n"],
    serves: answers("ping 3\n", /^pong 3$/m),
  },
  { name: "src/core/README.md score.mts", known: ["a\n"], serves: answers("", "\n") },
  {
    name: "src/core/README.md budget.mts",
    insult: (port, known) => overTcp(port, known, { isPatient: true }),
    known: ["a\n"],
    serves: answers("b\n", "you said b\n"),
  },
  { name: "src/core/README.md echo.mts", known: ["a"], serves: answers("one\n", "one\n") },
  {
    name: "src/core/README.md datagrams.mts",
    insult: overUdp,
    known: ["hello"],
    serves: returns("hello", "you said hello"),
  },
  {
    name: "src/codec/README.md positions.mts",
    known: [new Uint8Array(14), "\xff\xff\0\0\xc0\x7f\0\0\x80\x7f\0\0\0\0"],
    serves: tells("\0\0\0\0\x80\x3f\0\0\x80\x3f\0\0\x80\x3f", "\0\0\x80\x3f\0\0\x80\x3f\0\0\x80\x3f"),
  },
  {
    name: "src/transport/browser/README.md page-server.mts",
    insult: (port, known) => overWebSocket(port, "/play", known),
    known: ["hello\n"],
    serves: returnsOverWebSocket("/play", "hello\n", /^hello$/m),
  },
  {
    name: "src/transport/wrap/session/README.md session-server.mts",
    insult: (port, known) => overSession(port, "/", known),
    known: ["hello\n"],
    serves: returnsOverSession("/", "hello", /^you said hello$/m),
  },
  {
    name: "demo/sockets/echo-server.ts",
    args: (port) => ["--port", `${port}`],
    known: ["a"],
    serves: answers("one\n", "one\n"),
  },
  {
    name: "demo/sockets/greeter.ts",
    args: (port) => ["--port", `${port}`],
    known: ["a"],
    serves: answers("", "Thank you for connecting"),
  },
  {
    name: "demo/sockets/chat-server.ts",
    args: (port) => ["--port", `${port}`],
    known: ["hi\n", "quit\n"],
    serves: tells("hi\n", ": hi\n"),
  },
  {
    name: "demo/sockets/time-server.ts",
    args: (port) => ["--port", `${port}`],
    known: ["GET /time.html HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"],
    serves: answers("GET /time.html HTTP/1.1\r\nHost: x\r\n\r\n", "</html>\n"),
  },
  {
    name: "demo/sockets/udp-echo-server.ts",
    args: (port) => ["--port", `${port}`, "--host", "127.0.0.1"],
    insult: overUdp,
    known: ["hello"],
    serves: returns("hello", "hello"),
  },
  {
    name: "demo/sockets/never-yields.ts",
    args: (port) => ["--port", `${port}`],
    known: ["a\n", "quit\n"],
    serves: answers("one\n", /^frame \d+: one$/m),
  },
  {
    name: "src/transport/native/README.md never-yields.mts",
    needing: ["native sockets"],
    known: ["hi\n", "qui"],
    serves: tells("hi\n", ": hi\n"),
  },
  {
    name: "demo/cube/server-end.ts",
    runs: "demo/cube/main.ts",
    args: (port) => ["mirror", "--view", "log", "--listen", `127.0.0.1:${port}`],
    known: ["cube 1 2 3\n", "ping 7\n", "pong 7\n", "error no\n"],
    serves: answers("ping 3\n", /^pong 3$/m),
  },
  {
    name: "demo/cube/windows.ts",
    runs: "demo/cube/main.ts",
    args: (port) => [
      "mirror",
      "--view",
      "browser",
      "--listen",
      "127.0.0.1:0",
      "--window",
      `127.0.0.1:${port}`,
      "--no-open",
    ],
    insult: (port, known) => overSession(port, "/cube", known),
    known: ["cube 1 2 3\n", "ping 7\n"],
    serves: returnsOverSession("/cube", "ping 3", /^pong 3$/m),
  },
  {
    name: "demo/arena/gateway.ts",
    runs: "demo/arena/main.ts",
    args: arenaAt,
    insult: (port, known) => overSession(port + 1, "/link", known), // behind the operator's
    known: [said({ kind: "hello", ...PLAYER }), said({ kind: "move", dx: 127, dy: -128, seq: 65_535 })],
    serves: playsInArena,
  },
  {
    name: "demo/arena/page-server.ts",
    runs: "demo/arena/main.ts",
    args: arenaAt,
    insult: (port, known) => overSession(port, "/link", known),
    known: ['{"kind":"stop","name":"nobody"}\n', '{"kind":"kill","name":"__proto__"}\n', "null\n"],
    serves: returnsOverSession("/link", "{}", /"processes":/),
  },
  {
    name: "templates/terminal/src/server.ts",
    insult: (port, known) => overTcp(port, known, { isPatient: true }),
    known: ["ada\n", "say hi\n", "look\n", "quit\n"],
    serves: answers("", "Who are you?\n"),
  },
  {
    name: "templates/pong/src/server.ts",
    insult: (port, known) => overWebSocket(port, "/play", known, true),
    known: ['{"move":1}\n', '{"move":7}\n', '{"__proto__":{"move":1}}\n'],
    serves: returnsOverWebSocket("/play", '{"move":0}\n', /"ball"/),
  },
];

/** Programs that listen and need no row, each with the reason. */
const NOT_INSULTED: Record<string, string> = {
  "demo/first-cube.ts": "README.md shows it, as first-cube.mts",
  "demo/cube/window-server.ts": "it serves the windows of windows.ts",
  "src/transport/thread/README.md never.mts": "it ends with the first line of its own client",
  "demo/arena/member.ts": "its sockets are on the bus, where there are no strangers",
  "src/core/claim/README.md world.mts": "its socket is on the bus, where there are no strangers",
  "demo/cube/launcher.ts": "it asks for a free port, and lets nobody in",
  "demo/sockets/udp-echo-client.ts": "its socket is connected to one peer",
};

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tickwire-examples-"));
});
afterEach(endAll);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the examples", () => {
  test("that listen are all insulted here, or by the test of their recipe", () => {
    expect(listens('net.listen(tcp({ port: 1 }), lines()); import { tcp } from "tickwire"')).toBe(true);
    expect(listens("// net.listen(tcp())\nconst wire = memory(); net.listen(wire, lines())")).toBe(false);
    const rows = [...EXAMPLES.map(({ name }) => name), ...Object.keys(NOT_INSULTED)];
    expect(rows.sort()).toEqual(listening().sort());
    const recipes = filesIn("demo/recipes").filter((path) => listens(readFileSync(root + path, "utf8")));
    const tests = recipes.map((path) =>
      path.replace("demo/recipes", "test/recipes").replace(/\.ts$/, ".test.ts"),
    );
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.filter((path) => !withHelper(path).includes("await insult("))).toEqual([]);
  });

  for (const { name, runs = name, args, needing = [], insult = overTcp, known, serves } of EXAMPLES) {
    test(`${name} outlives strangers`, { ...needs(...needing), timeout: 2 * DEADLINE_MS }, async () => {
      const port = await freePort();
      const child = start(runs, port, args?.(port) ?? []);
      const again = async () => {
        if (child.process.exitCode !== null) throw new Error(`it is over: ${child.err.all.join("\n")}`);
        await serves(port);
      };
      const servesSoon = () => until(() => again().then(() => true));
      await servesSoon();
      await insult(port, known);
      expect([child.process.exitCode, child.process.signalCode, child.err.all]).toEqual([
        null,
        null,
        expect.anything(),
      ]);
      const leave = insult === overUdp ? undefined : await stay(port, known[0]?.slice(0, 3) ?? "");
      await servesSoon(); // it may not have noticed yet who is gone
      leave?.();
      expect(child.err.all.filter((line) => !WARNING.test(line))).toEqual([]);
    });
  }
});

/** Starts an example. A manual's is written into a folder, and a template's copied there. */
function start(name: string, port: number, args: readonly string[]): Child {
  const [path, program] = name.split(" ");
  let file = name;
  const env = { PORT: `${port}` };
  if (program !== undefined) {
    const code = programsOf(manualAt(path ?? "")).find((one) => one.name === program)?.code ?? "";
    file = write(program, code.replaceAll("14900", `${port}`));
    write("page.js", "");
  } else if (name.startsWith("templates/")) {
    const game = name.split("/").slice(0, 2).join("/");
    for (const source of filesIn(game)) write(source, readFileSync(root + source, "utf8"));
    write(`${game}/dist/index.html`, "the page");
    file = join(folder, name);
  }
  return new Child("sh", ["-c", FEW_FILES, process.execPath, "--import", "tsx", file, ...args], "pipe", env);
}

/** Writes a file that takes tickwire from the sources, and answers where. */
function write(path: string, code: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    code
      .replace('"tickwire/native"', JSON.stringify(pathToFileURL(`${root}src/native.ts`)))
      .replace('"tickwire/websocket"', JSON.stringify(pathToFileURL(`${root}src/websocket.ts`)))
      .replace('"tickwire"', JSON.stringify(pathToFileURL(`${root}src/index.ts`))),
  );
  return file;
}

/** The text of a recipe's test, and of the helper that it leaves all to. */
function withHelper(path: string): string {
  const text = readFileSync(root + path, "utf8");
  const [, helper] = /^import \{ describe\w+ \} from "\.\/([\w-]+\.ts)"/m.exec(text) ?? [];
  return helper === undefined ? text : text + readFileSync(`${root}test/recipes/${helper}`, "utf8");
}

/** The examples that listen, but for recipes. */
function listening(): string[] {
  const shown = allManuals().flatMap((manual) =>
    programsOf(manual).map(({ name, code }) => ({ name: `${manual.path} ${name}`, code })),
  );
  const files = ["demo", "templates"]
    .flatMap(filesIn)
    .filter((path) => !path.startsWith("demo/recipes/"))
    .map((path) => ({ name: path, code: readFileSync(root + path, "utf8") }));
  return [...shown, ...files].filter(({ code }) => listens(code)).map(({ name }) => name);
}

/** Whether a program lets others in from outside of its process. */
function listens(code: string): boolean {
  const plain = code.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
  return /\.(listen|bind)\(/.test(plain) && !/\bmemory\(/.test(plain);
}

/** The TypeScript files of a folder, from the root; those of packages are not its own. */
function filesIn(under: string): string[] {
  return readdirSync(root + under, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|json)$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length))
    .filter((path) => !path.includes("node_modules"));
}

/** It answers this line, or greets with it. */
function answers(line: string, wanted: string | RegExp): Example["serves"] {
  return async (port) => {
    const caller = await Caller.to(port);
    caller.type(line);
    await caller.received(wanted);
    caller.leave();
  };
}

/** It tells others what one says. */
function tells(line: string, end: string): Example["serves"] {
  return async (port) => {
    const [one, other] = [await Caller.to(port), await Caller.to(port)];
    const timer = setInterval(() => one.type(line), 50); // until the other one is in
    await other.received(end);
    clearInterval(timer);
    one.leave();
    other.leave();
  };
}

/** It sends a datagram back. */
function returns(datagram: string, wanted: string): Example["serves"] {
  return async (port) => {
    const socket = createSocket("udp4");
    const timer = setInterval(() => socket.send(datagram, port, "127.0.0.1"), 50); // some are lost
    const [answer] = await once(socket, "message");
    clearInterval(timer);
    socket.close();
    expect(`${answer}`).toBe(wanted);
  };
}

/** It answers a line over a WebSocket. */
function returnsOverWebSocket(path: string, line: string, wanted: RegExp): Example["serves"] {
  return async (port) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    await once(socket, "open");
    let text = "";
    await new Promise<void>((resolve) => {
      socket.on("message", (data) => {
        text += data;
        if (wanted.test(text)) resolve();
      });
      socket.send(line);
    });
    socket.terminate();
  };
}

/** Its gateway welcomes a player, and shows what a world plays. */
async function playsInArena(port: number): Promise<void> {
  using net = new Poller();
  const gateway = net.connect(session(websocket(`ws://127.0.0.1:${port + 1}/link`)), playerCodec());
  gateway.trySend({ kind: "hello", ...PLAYER });
  for (let isShown = false; !isShown; await new Promise(setImmediate)) {
    net.poll(performance.now());
    for (const told of gateway) isShown ||= told.kind === "state" && told.players.length > 0;
    if (gateway.state === "closed") throw new Error(`${gateway.closeReason?.message}`);
  }
}

/** The same in a session. */
function returnsOverSession(path: string, line: string, wanted: RegExp): Example["serves"] {
  return async (port) => {
    using net = new Poller();
    const server = net.connect(session(websocket(`ws://127.0.0.1:${port}${path}`)), lines());
    server.trySend(line);
    for (let text = ""; !wanted.test(text); await new Promise(setImmediate)) {
      net.poll(performance.now());
      for (const said of server) text += `${said}\n`;
      if (server.state === "closed") throw new Error(`${server.closeReason?.message}`);
    }
  };
}

/** A program that few files may be opened by, so that strangers can take them all. */
const FEW_FILES = 'ulimit -n 100; exec "$0" "$@"';
/** The library's warnings of what nobody listens for: no errors. */
const WARNING = /TickwireWarning|--trace-warnings/;
