/**
 * Programs of the cube as children, and clients of them over real TCP.
 * Everything waits for a line, under one deadline, and never for a time. What a
 * test started, `endAll` ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Connection, lines, Poller, runLoop, session } from "../../src/index.ts";
import { websocket } from "../../src/websocket.ts";

/** Lines of text as they come, and waits for one of them. */
export class Lines {
  readonly all: string[] = [];
  readonly #name: string;
  #half = "";
  #next = 0;
  #isOver = false;
  #wake: (() => void) | undefined;

  constructor(name: string, stream: NodeJS.ReadableStream) {
    this.#name = name;
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const parts = (this.#half + text).split("\n");
      this.#half = parts.pop() ?? "";
      this.all.push(...parts);
      this.#wake?.();
    });
    for (const ending of ["end", "error", "close"]) {
      stream.on(ending, () => {
        this.#isOver = true;
        this.#wake?.();
      });
    }
  }

  /** The first line that matches, behind the one that was found before. Fails at the end of the stream, and at the deadline. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = setTimeout(() => this.#wake?.(), DEADLINE_MS);
    const untilMs = performance.now() + DEADLINE_MS;
    try {
      for (;;) {
        while (this.#next < this.all.length) {
          const found = pattern.exec(this.all[this.#next++] ?? "");
          if (found !== null) return found;
        }
        if (this.#isOver || performance.now() >= untilMs - 1) break;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(deadline);
    }
    throw new Error(
      `${this.#name}: no line like ${pattern} came; the last were:\n${this.all.slice(-20).join("\n")}`,
    );
  }
}

/** A program that runs. */
export class Child {
  readonly process: ChildProcess;
  readonly out: Lines;
  readonly err: Lines;
  readonly #exit: Promise<number | string>;

  constructor(
    command: string,
    args: readonly string[],
    stdin: "ignore" | "pipe" = "ignore",
    env: NodeJS.ProcessEnv = {},
  ) {
    this.process = spawn(command, args, {
      cwd: ROOT,
      stdio: [stdin, "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    this.process.stdin?.on("error", () => {}); // it has gone, and does not read
    children.add(this.process);
    const { stdout, stderr } = this.process;
    if (stdout === null || stderr === null) throw new Error("the child has no pipes");
    const name = args.join(" ");
    this.out = new Lines(name, stdout);
    this.err = new Lines(`${name} (stderr)`, stderr);
    this.#exit = once(this.process, "close").then(([code, signal]) => (code ?? signal) as number | string);
  }

  /** The exit code, or the signal's name, once it is over. */
  exit(): Promise<number | string> {
    return this.#exit;
  }

  /** The port that it says it listens on. */
  async port(): Promise<number> {
    const [, port] = await this.out.until(/listening (?:on )?\S+:(\d+)$/);
    return Number(port);
  }

  /** The address of the window that it serves. */
  async window(): Promise<string> {
    const [, url = ""] = await this.out.until(/^window (http:\S+)$/);
    return url;
  }

  /** Types at its stdin. */
  type(text: string | Uint8Array): void {
    this.process.stdin?.write(text);
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.process.kill(signal);
    await this.#exit;
  }
}

/** A client as with `nc`. */
export class Caller {
  readonly socket: Socket;
  readonly received: Lines;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    sockets.add(this.socket);
    this.received = new Lines(`a caller of ${port}`, this.socket);
  }

  send(text: string | Uint8Array): void {
    this.socket.write(text);
  }

  /** Waits until everything sent here was read by the peer, and a frame has passed. */
  async settled(number: number): Promise<void> {
    this.send(`ping ${number}\n`);
    await this.received.until(new RegExp(`^pong ${number}$`));
  }
}

/** A window without a page: it sends and receives lines over a session, as the page does. */
export class Window {
  readonly received: Lines;
  /** Why its connection has closed, once it has. */
  readonly closed: Promise<string>;
  /** Settles when it has lost its line. */
  readonly held: Promise<void>;
  readonly #connection: Connection<string>;

  /** @param url the address that a process prints, such as `http://127.0.0.1:14901/` */
  constructor(url: string, headers: Record<string, string> = {}) {
    const poller = new Poller();
    const stream = new PassThrough();
    const over = new AbortController();
    this.received = new Lines(`a window at ${url}`, stream);
    this.#connection = poller.connect(
      session(websocket(`${url.replace("http", "ws")}cube`, { headers })),
      lines(),
    );
    this.held = new Promise((resolve) => poller.on("suspend", () => resolve()));
    const closed = runLoop({
      rateHz: 200,
      poller,
      signal: over.signal,
      tick: () => {
        for (const line of this.#connection) stream.write(`${line}\n`);
        if (this.#connection.state === "closed") over.abort();
      },
    });
    this.closed = closed.then(() => {
      poller[Symbol.dispose]();
      stream.end();
      return this.#connection.closeReason?.message ?? "ended by the test";
    });
    windows.add(over);
  }

  send(line: string): void {
    if (!this.#connection.trySend(line)) throw new Error("the window cannot send");
  }

  /** Waits until everything sent here was read by the process, and its answer has come. */
  async settled(number: number): Promise<void> {
    this.send(`ping ${number}`);
    await this.received.until(new RegExp(`^pong ${number}$`));
  }
}

/** The cube's program with these arguments. */
export function cube(...args: string[]): Child {
  return new Child(process.execPath, ["--import", "tsx", "demo/cube/main.ts", ...args]);
}

/** The Python peer with these arguments. */
export function pythonPeer(...args: string[]): Child {
  return new Child("python3", ["demo/cube/peers/python_peer.py", ...args]);
}

/** Ends all that the last test began. */
export async function endAll(): Promise<void> {
  for (const window of windows) window.abort();
  windows.clear();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  children.clear();
}

process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL"); // which a test that failed may have left
});

/** For what hangs, and no measure: a slow machine's start of a program, several times over. */
export const DEADLINE_MS = 60_000;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const children = new Set<ChildProcess>();
const sockets = new Set<Socket>();
const windows = new Set<AbortController>();
