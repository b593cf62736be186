/** The server as one writes it with tickwire, on any transport that listens. */
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Codec,
  conditioned,
  type Listener,
  lines,
  Poller,
  recorded,
  recordingFile,
  session,
  struct,
  type Transport,
  tcp,
  threaded,
  tls,
  unix,
  waitForActivity,
} from "../../../src/index.ts";
import { nativeTcp } from "../../../src/native.ts";
import { websocketServer } from "../../../src/websocket.ts";
import type { Job } from "../measure/protocol.ts";
import type { Message } from "../wire.ts";
import { host } from "./host.ts";
import { BACKLOG } from "./listening.ts";
import type { Take } from "./server.ts";

await host(async (job) => {
  const { task } = job.work;
  const { sendsLatest = false } = job.contestant;
  const poller = new Poller({
    ...(task.kind === "firehose" && task.receiveLimitBytes !== undefined
      ? { receiveLimitBytes: task.receiveLimitBytes }
      : {}),
  });
  // Lines are all that is ever sent, and records all that is ever received of the other kind.
  const codec = (
    job.contestant.format === "line" ? lines() : struct({ x: "f32", y: "f32", z: "f32" })
  ) as Codec<Message, string>;
  const listener = poller.listen(recordedOrNot(job), codec, { acceptLimit: BACKLOG });
  const budget = { messages: Infinity };

  while (listener.state === "starting") {
    await new Promise(setImmediate);
    poller.poll();
  }
  if (listener.address === undefined) throw new Error(listener.closeReason?.message);
  if (task.kind === "ping-pong") echo(poller, listener);
  return {
    port: listener.address.port,
    server: {
      get connections() {
        return listener.connections.size;
      },
      receive(take: Take, most: number) {
        poller.poll();
        while (listener.tryAccept() !== undefined);
        budget.messages = most;
        listener.drain(take, budget);
      },
      sendToAll(line: string, key?: number) {
        if (key !== undefined && sendsLatest) listener.broadcastLatest(key, line);
        else listener.broadcast(line);
      },
      flush() {
        poller.flush();
      },
    },
  };
});

async function echo(poller: Poller, listener: Listener<Message, string>): Promise<void> {
  for (;;) {
    await waitForActivity(poller);
    poller.poll();
    while (listener.tryAccept() !== undefined);
    listener.drain((connection, line) => connection.trySend(line as string));
    poller.flush();
  }
}

/** The transport, recorded in a file that is gone with the process. */
function recordedOrNot(job: Job): Transport {
  if (job.contestant.isRecorded !== true) return transportOf(job);
  const path = join(tmpdir(), `tickwire-bench-${process.pid}.rec`);
  process.on("exit", () => rmSync(path, { force: true }));
  return recorded(transportOf(job), recordingFile(path));
}

function transportOf(job: Job): Transport {
  if (job.contestant.isThreaded !== true) return socketsOf(job);
  const { task } = job.work;
  const hasLargeLimit = task.kind === "firehose" && task.receiveLimitBytes !== undefined;
  const workerFile = new URL("./network-worker.mjs", import.meta.url); // as it is bundled
  return threaded(socketsOf(job), {
    workerFile,
    ...(hasLargeLimit && { ringBytes: 16_777_216 }),
  });
}

function socketsOf({ contestant, address, certificates }: Job): Transport {
  const place = { host: "127.0.0.1", port: 0, backlog: BACKLOG };
  switch (contestant.wire) {
    case "tcp":
      if (contestant.isNative === true) return nativeTcp(place);
      if (contestant.isSession === true) return session(tcp(place));
      return contestant.isConditioned === true ? conditioned(tcp(place)) : tcp(place);
    case "unix":
      return unix({ path: address.path, backlog: BACKLOG });
    case "tls": {
      const read = (name: string) => readFileSync(join(certificates, name), "utf8");
      return tls({ ...place, cert: read("localhost.crt"), key: read("localhost.key") });
    }
    case "websocket":
      return websocketServer({ host: "127.0.0.1", port: 0 });
    default:
      throw new Error(`${contestant.wire}: not a transport of this server`);
  }
}
