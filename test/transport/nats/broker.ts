/**
 * A broker of its own for a test: Debian's nats-server on a free port of the loopback, with
 * a folder of its own. It can be killed in the midst of a frame, stand still, and come back
 * at the same port. Tests that need it say `needs("nats-server")`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a broker is started with. */
export interface BrokerOptions {
  /** More of its command line, such as `["--user", "ann", "--pass", "x"]`. */
  readonly flags?: readonly string[];
  /** A file of its configuration, for what the command line has no flag for. */
  readonly config?: string;
  /** Whether it keeps streams and buckets, in files. */
  readonly jetstream?: boolean;
}

/** A running broker. */
export class Broker {
  readonly port: number;
  readonly #options: BrokerOptions;
  readonly #folder: string = mkdtempSync(join(tmpdir(), "tickwire-nats-"));
  #process: ChildProcess | undefined;

  private constructor(port: number, options: BrokerOptions) {
    this.port = port;
    this.#options = options;
  }

  /** Starts one on a free port, and waits until it answers. */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const broker = new Broker(await freePort(), options);
    await broker.restart();
    return broker;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** The number of its process, while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts it again at the same port, and waits until it answers. */
  async restart(): Promise<void> {
    this.restartSoon();
    while (!(await answers(this.port))) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** The same without waiting. */
  restartSoon(): void {
    const { flags = [], jetstream = false, config = "" } = this.#options;
    const file = join(this.#folder, "broker.conf");
    writeFileSync(file, config);
    const store = jetstream ? ["-js", "-sd", this.#folder] : [];
    const args = ["-a", "127.0.0.1", "-p", String(this.port), "-c", file, ...store, ...flags];
    this.#process = spawn("nats-server", args, { stdio: "ignore" });
    const { pid } = this.#process;
    if (pid !== undefined) running.add(pid);
  }

  /** Ends it with SIGKILL, in the midst of whatever it does. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child?.pid === undefined) return;
    running.delete(child.pid);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  /** Has it stand still; its sockets stay. On Linux, all of it does when this returns. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
    const pid = this.#process?.pid;
    while (process.platform === "linux" && pid !== undefined && !standsStill(pid)) {
      // the system stops one thread after another
    }
  }

  /** Has it go on. */
  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Whether no thread of a process runs, as the system shows it. */
function standsStill(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).every((thread) =>
    / [TtZX] /.test(readFileSync(`${tasks}/${thread}/stat`, "utf8")),
  );
}

/** Whether a broker says who it is. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
    socket.on("end", () => resolve(false));
  });
}

/** No broker outlives the tests. */
const running = new Set<number>();
process.on("exit", () => {
  for (const pid of running) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it has ended by itself
    }
  }
});
