/**
 * The asking side of a ping-pong, by the same means as the answering one: sends
 * a line, waits for activity until it is back, again and again.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { WebSocket } from "ws";
import { lines, Poller, type Transport, tcp, tls, unix, waitForActivity } from "../../../src/index.ts";
import { websocket } from "../../../src/websocket.ts";
import type { Job } from "../measure/protocol.ts";
import { lineOf } from "../wire.ts";

/** Pings until this process ends. `answered` is called at each line that is back. */
export async function ping(job: Job, answered: () => void): Promise<void> {
  if (job.contestant.program === "plain") await pingPlain(job, answered);
  else if (job.contestant.program === "ws") await pingWs(job, answered);
  else await pingTickwire(job, answered);
}

async function pingPlain({ address }: Job, answered: () => void): Promise<void> {
  const socket = connect({ port: address.port, host: "127.0.0.1", noDelay: true });
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const _ of parts) {
      answered();
      socket.write(LINE);
    }
  });
  await once(socket, "connect");
  socket.write(LINE);
}

async function pingWs({ address }: Job, answered: () => void): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${address.port}`);
  socket.on("message", () => {
    answered();
    socket.send(TEXT);
  });
  await once(socket, "open");
  socket.send(TEXT);
}

async function pingTickwire(job: Job, answered: () => void): Promise<void> {
  const poller = new Poller();
  const server = poller.connect(transportOf(job), lines());
  server.trySend(TEXT);
  const run = async () => {
    while (server.state !== "closed") {
      await waitForActivity(poller);
      poller.poll();
      while (server.tryRecv() !== undefined) {
        answered();
        server.trySend(TEXT);
      }
      poller.flush();
    }
    throw new Error(server.closeReason?.message);
  };
  void run();
}

function transportOf({ contestant, address }: Job): Transport {
  const place = { host: "127.0.0.1", port: address.port };
  switch (contestant.wire) {
    case "unix":
      return unix({ path: address.path });
    case "tls":
      return tls({ ...place, rejectUnauthorized: false });
    case "websocket":
      return websocket(`ws://127.0.0.1:${address.port}`);
    default:
      return tcp(place);
  }
}

const TEXT = lineOf(0);
const LINE = `${TEXT}\n`;
