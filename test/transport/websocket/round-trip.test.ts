/** The time of a round trip: which pongs count, and when a game sees it. */
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { lines, waitForActivity } from "../../../src/index.ts";
import { RoundTrip } from "../../../src/transport/websocket/round-trip.ts";
import { websocket } from "../../../src/websocket.ts";
import { openServer, rawPeer } from "./rig.ts";

describe("a round trip", () => {
  test("is ended by the word of the last ping, once", () => {
    const trip = new RoundTrip();
    const first = trip.begin();
    expect([trip.end(""), trip.lastMs]).toEqual([false, undefined]);
    const second = trip.begin();
    expect(trip.end(first)).toBe(false);
    expect(trip.end(second)).toBe(true);
    expect(trip.lastMs).toBeGreaterThanOrEqual(0);
    expect(trip.end(second)).toBe(false);
  });

  test("is ended by nobody who has not seen the ping, as its word cannot be guessed", () => {
    const trip = new RoundTrip();
    const words = Array.from({ length: 100 }, () => trip.begin());
    expect(new Set(words).size).toBe(100);
    for (const guess of ["", "100", "101", ...words.slice(0, -1)]) expect(trip.end(guess)).toBe(false);
    for (const word of words) expect(Buffer.byteLength(word)).toBeLessThanOrEqual(125); // of a control frame
  });

  test("is not measured by a pong that waited behind what this side did not read", () => {
    const trip = new RoundTrip();
    const word = trip.begin();
    trip.forget();
    expect([trip.end(word), trip.lastMs]).toEqual([false, undefined]);
  });
});

describe("connection.rttMs", () => {
  test("is there at both ends soon after the opening, though the peers talk all the time", async () => {
    const server = await openServer();
    const client = server.net.connect(websocket(`ws://127.0.0.1:${server.port}`), lines());
    expect(client.rttMs).toBe(undefined);
    await server.until(() => {
      server.now += 10;
      client.trySend("talk");
      return client.rttMs !== undefined && server.accepted[0]?.rttMs !== undefined;
    });
    for (const rttMs of [client.rttMs, server.accepted[0]?.rttMs]) expect(rttMs).toBeGreaterThanOrEqual(0);
  });

  test("stands still in a frame, whatever comes meanwhile, and changes with the next ping", async () => {
    const server = await openServer({ pingIntervalMs: 1_000, deadPeerMs: 60_000 });
    const peer = rawPeer(server);
    let pings = 0;
    peer.ws.on("ping", () => pings++);
    await server.until(() => server.accepted.length === 1 && pings === 1);
    const accepted = server.accepted[0];
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(accepted?.rttMs).toBe(undefined); // the pong has come, and no frame has begun
    await server.until(() => {
      server.now += 1;
      return accepted?.rttMs !== undefined;
    });
    const first = accepted?.rttMs;
    server.now += 1_000;
    await server.until(() => pings === 2);
    peer.ws.pong("2"); // a word of its own, ahead of the answer or behind it
    await server.until(() => {
      server.now += 1;
      return accepted?.rttMs !== first;
    });
    expect(accepted?.rttMs).toBeGreaterThanOrEqual(0);
  });

  test("is shown by the next poll, also of the same time, and by no wait for activity", async () => {
    const server = await openServer();
    const peer = rawPeer(server);
    let pings = 0;
    peer.ws.on("ping", () => pings++);
    await server.until(() => server.accepted.length === 1 && pings === 1);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    await waitForActivity(server.net, 0);
    expect(server.accepted[0]?.rttMs).toBe(undefined);
    await server.until(() => server.accepted[0]?.rttMs !== undefined);
  });

  test("stays undefined without pings, and with a peer that answers by empty pongs", async () => {
    const silent = await openServer({ pingIntervalMs: Infinity });
    const deaf = await openServer({ pingIntervalMs: 10, deadPeerMs: 60_000 });
    for (const server of [silent, deaf]) {
      const peer = rawPeer(server, "/", { autoPong: false });
      peer.ws.on("ping", () => peer.ws.pong());
      await server.until(() => server.accepted.length === 1 && peer.ws.readyState === WebSocket.OPEN);
      for (let frame = 0; frame < 50; frame++) {
        server.now += 10;
        await server.until(() => true);
        server.net.flush();
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect([server.accepted[0]?.rttMs, server.accepted[0]?.state]).toEqual([undefined, "open"]);
    }
  });
});
