/**
 * Connections that open, send a word, receive one and close, round after round: a
 * program that looks at its heap after each round, and at the end at what is
 * still active in the process. Prints its figures as JSON, and ends by itself.
 *
 *     churn.ts TRANSPORT CONNECTIONS_PER_ROUND ROUNDS
 */
import { getEventListeners, setMaxListeners } from "node:events";
import { tmpdir } from "node:os";
import { type Listener, lines, memory, Poller, type Transport, tcp, tls, unix } from "../../../src/index.ts";
import { websocket, websocketServer } from "../../../src/websocket.ts";
import { certificates } from "../../transport/node/certificates.ts";
import { heapBytes, rest } from "../measure.ts";

/** What came of it. */
export interface ChurnFigures {
  readonly connections: number;
  /** The heap and its buffers after each round. */
  readonly heapBytes: readonly number[];
  /** What the process had active before the first poller, and after the last. */
  readonly activeBefore: readonly string[];
  readonly activeAfter: readonly string[];
  /** Listeners that are left on a signal that all attempts shared. */
  readonly signalListeners: number;
}

const [name = "", perRound = "", rounds = ""] = process.argv.slice(2);
/** Who comes at the same time. */
const BATCH = 50;
const REST_MS = 200;
const host = "127.0.0.1";
const port = 0;

/** How to listen, and how to reach that listener. */
interface Way {
  readonly listen: Transport;
  readonly reach: (port: number) => Transport;
}

const WAYS: Readonly<Record<string, () => Way>> = {
  memory: () => same(memory()),
  tcp: () => ({ listen: tcp({ host, port }), reach: (port) => tcp({ host, port }) }),
  unix: () => same(unix({ path: `${tmpdir()}/tickwire-churn-${process.pid}.sock` })),
  websocket: () => ({
    listen: websocketServer({ host, port }),
    reach: (port) => websocket(`ws://${host}:${port}`),
  }),
  tls: () => ({
    listen: tls({ host, port, ...certificates()?.localhost }),
    reach: (port) => tls({ host, port, rejectUnauthorized: false }),
  }),
};

function same(transport: Transport): Way {
  return { listen: transport, reach: () => transport };
}

async function run(): Promise<ChurnFigures> {
  const activeBefore = await activeAtRest();
  const controller = new AbortController();
  const { signal } = controller;
  setMaxListeners(BATCH, signal);
  const server = new Poller();
  const client = new Poller();
  const { listen, reach } = (WAYS[name] as () => Way)();
  const listener: Listener<string> = server.listen(listen, lines());
  await pollUntil(() => listener.state === "listening");
  const transport = reach(listener.address?.port ?? 0);
  const after: number[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    for (let count = 0; count < Number(perRound); count += BATCH) await connectAndClose();
    after.push(heapBytes());
  }
  await Promise.all([server[Symbol.asyncDispose](), client[Symbol.asyncDispose]()]);
  return {
    connections: server.stats.closed,
    heapBytes: after,
    activeBefore,
    activeAfter: await activeAtRest(),
    signalListeners: getEventListeners(signal, "abort").length,
  };

  async function connectAndClose(): Promise<void> {
    const connections = Array.from({ length: BATCH }, () => client.connect(transport, lines(), { signal }));
    for (const connection of connections) connection.trySend("hello");
    let answers = 0;
    await pollUntil(() => {
      for (const connection of connections) if (connection.tryRecv() !== undefined) answers++;
      return answers === BATCH;
    });
    for (const [at, connection] of connections.entries())
      at % 3 === 0 ? connection.abort() : connection.close();
    await pollUntil(
      () => listener.connections.size === 0 && connections.every(({ state }) => state === "closed"),
    );
  }

  async function pollUntil(isThere: () => boolean): Promise<void> {
    for (;;) {
      server.poll();
      while (listener.tryAccept() !== undefined);
      listener.drain((connection, text) => connection.trySend(text));
      server.flush();
      client.poll();
      if (isThere()) return;
      client.flush();
      if (name !== "memory") await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** What is active once the loader and the last handles have had their time, the two outputs among it. */
async function activeAtRest(): Promise<string[]> {
  for (const output of [process.stdout, process.stderr]) output.write("");
  await rest(REST_MS);
  return process.getActiveResourcesInfo().sort();
}

console.log(JSON.stringify(await run()));
