/** The round trips of a WebSocket, as a wrapper shows them: when they change, and when not. */
import { afterEach, describe, expect, test } from "vitest";
import {
  type Connection,
  conditioned,
  lines,
  Poller,
  Recording,
  recorded,
  replayed,
  type Transport,
  waitForActivity,
} from "../../../src/index.ts";
import { websocket } from "../../../src/websocket.ts";
import { openServer, type ServerRig } from "../websocket/rig.ts";

const pollers: Poller[] = [];
afterEach(async () => {
  for (const poller of pollers.splice(0)) await poller[Symbol.asyncDispose]();
});

/** A client of a server, which pings it as often as it is polled. */
class Client {
  readonly poller: Poller = new Poller();
  readonly connection: Connection<string>;
  nowMs = 0;

  constructor(transport: Transport) {
    this.connection = this.poller.connect(transport, lines());
    pollers.push(this.poller);
  }

  poll(passMs = 10): void {
    this.poller.poll((this.nowMs += passMs));
  }

  async until(server: ServerRig, isSo: () => boolean): Promise<void> {
    await server.until(() => {
      this.poll();
      return isSo();
    });
  }
}

const dial = (server: ServerRig): Transport =>
  websocket(`ws://127.0.0.1:${server.port}`, { pingIntervalMs: 10, deadPeerMs: 60_000 });

describe("the round trip of a conditioned WebSocket", () => {
  test("is shown once it is open, has what the conditions add, and changes in a poll alone", async () => {
    const server = await openServer();
    const slow = conditioned(dial(server), { latencyMs: 200 });
    const client = new Client(slow);
    const { connection } = client;
    await client.until(server, () => {
      if (connection.state === "connecting") expect(connection.rttMs).toBeUndefined();
      return connection.rttMs !== undefined;
    });
    expect(connection.rttMs).toBeGreaterThanOrEqual(400);
    expect(connection.rttMs).toBeLessThan(2_400);
    const before = connection.rttMs;
    slow.set({ latencyMs: 5_000 });
    await waitForActivity(client.poller, 1);
    expect(connection.rttMs).toBe(before);
    client.poll();
    expect(connection.rttMs).toBeGreaterThanOrEqual(10_000);
    slow.set({}); // so that the test ends soon
  });

  test.each(["close", "abort"] as const)("stays as it was after %s", async (how) => {
    const server = await openServer();
    const slow = conditioned(dial(server), { latencyMs: 20 });
    const client = new Client(slow);
    await client.until(server, () => client.connection.rttMs !== undefined);
    client.connection[how]();
    await client.until(server, () => client.connection.state === "closed");
    const last = client.connection.rttMs;
    expect(last).toBeGreaterThanOrEqual(40);
    slow.set({ latencyMs: 9_000 });
    for (let frame = 0; frame < 3; frame++) client.poll();
    expect(client.connection.rttMs).toBeLessThan(9_000);
  });
});

describe("the round trips of a recorded game", () => {
  test("are those of its replay in each frame, also behind the close, and of a bad network", async () => {
    const server = await openServer();
    const recording = new Recording();
    const slow = conditioned(dial(server), { latencyMs: 15 });
    const client = new Client(recorded(slow, recording));
    const seen: unknown[] = [];
    const look = ({ connection }: Client): unknown => [connection.state, connection.rttMs];
    let frames = 0;
    await client.until(server, () => {
      seen.push(look(client));
      if (++frames === 30) slow.set({ latencyMs: 30 });
      if (frames === 60) client.connection.close();
      if (frames === 90) slow.set("poor");
      return frames === 100 && client.connection.state === "closed";
    });
    recording.close();
    expect(new Set(seen.map((one) => (one as unknown[])[1])).size).toBeGreaterThan(3);

    const replay = replayed(Recording.fromBytes(recording.toBytes()));
    const again = new Client(replay.transport);
    const seenAgain: unknown[] = [];
    for (const nowMs of replay.times) {
      again.poller.poll(nowMs);
      seenAgain.push(look(again));
      if (seenAgain.length === 60) again.connection.close();
    }
    expect(replay.divergence?.message).toBeUndefined();
    expect(seenAgain).toEqual(seen);
  });
});
