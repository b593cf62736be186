/**
 * Garbage at every kind of listener: whatever peers send and however they leave,
 * each is gone in the end, with a reason, and the players do not notice.
 */
import { once } from "node:events";
import net from "node:net";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Transport, tcp, tls } from "../../../src/index.ts";
import { websocket, websocketServer } from "../../../src/websocket.ts";
import { join, streamOf } from "../../codec/deliver.ts";
import { needs } from "../../machine.ts";
import { isLong, SEED } from "../../seed.ts";
import { certificates, NO_CERTIFICATES } from "../../transport/node/certificates.ts";
import { GameServer, LOOPBACK } from "../bystanders.ts";
import { type Attempt, attempts, clientHello, damaged, frames, UPGRADE } from "./garbage.ts";

vi.setConfig({ testTimeout: isLong ? 1_200_000 : 600_000 });

const PLAYERS = 4;
const PEERS = isLong ? 40_000 : 800;
const host = LOOPBACK;
const made = certificates() ?? NO_CERTIFICATES;

let server: GameServer;

afterEach(() => server.close());

/** Opens a server on that transport, and sends it garbage, from at most so many peers at a time. */
async function sendGarbage(
  transport: Transport,
  reach: (port: number) => Transport,
  attempt: fc.Arbitrary<Attempt>,
  most = 8,
): Promise<void> {
  server = await GameServer.open({ players: PLAYERS, transport, reach });
  let peers = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(attempt, { minLength: 1, maxLength: most, size: "max" }), async (some) => {
      peers += some.length;
      await Promise.all([...some.map((one) => run(one, connectRaw())), server.frame()]);
      await expectAllGone();
    }),
    { seed: SEED, numRuns: PEERS / most },
  );
  await server.checkPlayers();
  const { stats } = server.poller;
  await server.until(() => stats.accepted - stats.closed === PLAYERS, "the end of the last peer");
  console.log(`${peers} peers, seed ${SEED}: ${stats.closed} were accepted, ${stats.dropped} were not`);
}

/** A raw socket to the server. */
function connectRaw(): net.Socket {
  return net.connect({ host, port: server.port, allowHalfOpen: false }).on("error", () => {});
}

/** Runs one attempt, and ends when its socket is closed. */
async function run({ pieces, leaves }: Attempt, socket: net.Socket): Promise<void> {
  const gone = new Promise((resolve) => socket.on("close", resolve)); // an error on the way there is none of ours
  socket.resume();
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (leaves === "destroy") socket.destroy();
  else if (leaves === "reset") socket.resetAndDestroy();
  else socket.end();
  await Promise.race([gone, server.until(() => socket.closed, "the end of a peer's socket")]);
}

async function expectAllGone(): Promise<void> {
  await server.until(() => server.listener.connections.size === PLAYERS, "the end of all tested peers");
  server.forgetClosedPeers();
}

describe("garbage, and the players do not notice,", () => {
  test("sent to a TCP listener", async () => {
    const words = fc.constantFrom("hello\n", "say 1\nsa", "x".repeat(70_000), "\r\r\n").map(streamOf);
    await sendGarbage(tcp({ host, port: 0 }), (port) => tcp({ host, port }), attempts(words));
  });

  test("sent to a WebSocket listener: before the handshake, in it, and after it", async () => {
    const behind = frames.map((some) => join([UPGRADE, some]));
    const plain = fc.constant(streamOf(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
    await sendGarbage(
      websocketServer({ host, port: 0, handshakeTimeoutMs: 300 }),
      (port) => websocket(`ws://${host}:${port}`),
      attempts(damaged(UPGRADE), behind, behind, plain),
    );
  });

  test("sent to a TLS listener in place of a handshake", needs("openssl"), async () => {
    const { localhost, ca } = made;
    const hello = await clientHello();
    await sendGarbage(
      tls({ host, port: 0, ...localhost, handshakeTimeoutMs: 300 }),
      (port) => tls({ host, port, ca }),
      attempts(damaged(hello), fc.constant(hello), fc.constant(streamOf("GET / HTTP/1.1\r\n\r\n"))),
      80, // many at a time, as a peer that leaves in the middle of a handshake is noticed by its deadline
    );
    expect(server.poller.stats.dropped).toBeGreaterThan(0);
  });

  test("sent inside TLS after a valid handshake", needs("openssl"), async () => {
    const { localhost, ca } = made;
    server = await GameServer.open({
      players: PLAYERS,
      transport: tls({ host, port: 0, ...localhost }),
      reach: (port) => tls({ host, port, ca }),
    });
    await fc.assert(
      fc.asyncProperty(attempts(), async (attempt) => {
        const raw = connectRaw();
        const secured = connectTls({ socket: raw, rejectUnauthorized: false }).on("error", () => {});
        await Promise.all([once(secured, "secureConnect"), server.frame()]);
        secured.write("hello\n");
        const peer = await server.nextPeer();
        await run(attempt, raw); // past the encryption: no record of it is valid
        await server.ending(peer);
        await expectAllGone();
      }),
      { seed: SEED, numRuns: PEERS / 32 },
    );
    await server.checkPlayers();
  });
});
