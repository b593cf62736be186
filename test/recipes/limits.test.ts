import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { insult, recipe } from "./recipe.ts";

const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await endAll();
});

describe("the recipe of limits", { timeout: 3 * DEADLINE_MS }, () => {
  // Twice what waits to be received, twice a read of 64 KiB, and what waits to be sent, of each.
  it.each([
    [100, 100 * (2 * 256 + 128 + 1_024), 200],
    [1_000, 1_000 * (2 * 64 + 128 + 256), 1_100],
    [10_000, 10_000 * (2 * 16 + 128 + 64), 10_100],
  ])(
    "says of %i players what they cost at most, and takes the first of them",
    async (players, KiB, files) => {
      const { child, port } = await recipe("limits", `${players}`);
      await untilIn(port, "127.0.0.1");
      const [cost, system] = child.out.all;
      expect(cost).toBe(`${players} players hold at most ${Math.ceil(KiB / 1_024)} MiB`);
      expect(system).toMatch(new RegExp(`^they need ulimit -n ${files} and net\\.core\\.somaxconn \\d+$`));
    },
  );

  it(
    "turns away one more than 100 players, and takes another when one has left",
    needs("127.0.0.2"),
    async () => {
      const { child, port } = await recipe("limits", "100");
      const all = Array.from({ length: 100 }, (_, index) => untilIn(port, `127.0.0.${10 + (index % 10)}`));
      const players = await Promise.all(all);
      await turnedAway(child, port, "127.0.0.9", "maxConnections");
      players[0]?.destroy();
      await untilIn(port, "127.0.0.9");
    },
  );

  it(
    "turns away an eleventh from one address, and the others do not notice",
    needs("127.0.0.2"),
    async () => {
      const { child, port } = await recipe("limits", "100");
      await Promise.all(Array.from({ length: 10 }, () => untilIn(port, "127.0.0.2")));
      await turnedAway(child, port, "127.0.0.2", "maxConnectionsPerAddress");
      await untilIn(port, "127.0.0.3");
    },
  );

  it("takes no more than its rate in a second, and all of them in the end", needs("127.0.0.2"), async () => {
    const { child, port } = await recipe("limits", "100");
    const all = Array.from({ length: 90 }, (_, index) => untilIn(port, `127.0.0.${10 + (index % 10)}`));
    await child.out.until(/^turned away \d+ by acceptRateHz$/);
    await Promise.all(all);
  });

  it("gives back what a player sends after a pause of its network, and ends who sends more", async () => {
    const { child, port } = await recipe("limits", "10000");
    const paused = await untilIn(port, "127.0.0.1");
    paused.write(Buffer.alloc(8 * 100));
    for (let bytes = 0; bytes < 8 * 100; ) bytes += await next(paused);
    const flood = await untilIn(port, "127.0.0.1");
    flood.write(Buffer.alloc(8 * 200)); // under receiveLimitBytes, where each counts 72 bytes
    await child.out.until(/^player 2 left: messageRateHz$/);
    while ((await next(flood)) > 0);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("limits", "100");
    await insult(child, port, "12345678");
    await untilIn(port, "127.0.0.1");
  });
});

/** A player from this address who has got its record back; it tries until it is taken. */
async function untilIn(port: number, localAddress: string): Promise<Socket> {
  for (;;) {
    const socket = join(port, localAddress);
    if ((await next(socket)) === 8) return socket;
  }
}

/** Joins, in vain, until the server has said that it turned somebody away by this limit: others may have come first. */
async function turnedAway(child: Child, port: number, localAddress: string, limit: string): Promise<void> {
  const line = new RegExp(`^turned away \\d+ by ${limit}$`);
  while (!child.out.all.some((one) => line.test(one))) expect(await next(join(port, localAddress))).toBe(0);
}

function join(port: number, localAddress: string): Socket {
  const socket = connect({ port, host: "127.0.0.1", localAddress, noDelay: true });
  socket.on("error", () => {}); // it may be turned away
  socket.write(Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 64));
  sockets.add(socket);
  return socket;
}

/** How many bytes come next; 0 when the connection ends. */
function next(socket: Socket): Promise<number> {
  return new Promise((resolve) => {
    const data = (bytes: Uint8Array) => done(bytes.length);
    const close = () => done(0);
    const done = (count: number) => {
      socket.off("data", data).off("close", close);
      resolve(count);
    };
    if (socket.closed) close();
    else socket.on("data", data).on("close", close);
  });
}
