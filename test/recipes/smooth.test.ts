import { connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { python } from "../demo/sockets/foreign.ts";
import { needs } from "../machine.ts";
import { insult, recipe } from "./recipe.ts";

afterEach(endAll);

/** What the client may show in one tick at most: four steps, as `maxDtMs` is two and its clock at most twice as fast. */
const MOST_PER_TICK = 4 * 0.25;

describe("the recipe of a fixed step and smoothing", { timeout: 3 * DEADLINE_MS }, () => {
  it("shows what is between the states of a server, and nothing beyond them", async () => {
    const { client, socket } = await shown();
    socket.write(record(10, 0));
    await client.out.until(/^0\.000$/);
    socket.write(record(10, 50)); // not newer
    socket.write(record(9, -50));
    socket.write(record(50, 100));
    await client.out.until(/^100\.000$/);
    const up = places(client);
    socket.write(record(130, -60));
    await client.out.until(/^-60\.000$/);
    const down = places(client).slice(up.length);
    for (let stands = 0; stands < 10; stands++) await client.out.until(/^-60\.000$/);
    expect(up).toEqual(up.toSorted((a, b) => a - b));
    expect(down).toEqual(down.toSorted((a, b) => b - a));
    expect([Math.min(...up), Math.max(...up)]).toEqual([0, 100]);
    expect([Math.min(...down), Math.max(...down) <= 100]).toEqual([-60, true]);
    // Forty steps take ten ticks at least, and eighty twenty.
    expect(new Set(up).size).toBeGreaterThanOrEqual(10);
    expect(new Set(down).size).toBeGreaterThanOrEqual(20);
    socket.destroy();
  });

  it("makes no jump when the server has paused", needs("signals"), async () => {
    const { child, port } = await recipe("smooth", "server");
    const states = statesAt(port);
    const client = clientOf(port);
    await still(client, 0);
    child.process.kill("SIGSTOP");
    const stopped = states.length;
    await still(client, 40); // two thirds of a second, in which the world would have moved by 13 steps
    child.process.kill("SIGCONT");
    for (let line = 0; line < 60; line++) await client.out.until(/^-?\d+\.\d{3}$/);
    const all = places(client);
    for (const [index, place] of all.slice(1).entries()) {
      expect(Math.abs(place - (all[index] ?? 0))).toBeLessThanOrEqual(MOST_PER_TICK + 0.001);
    }
    expect(states.length).toBeGreaterThan(stopped);
    for (const [index, { step, x }] of states.slice(1).entries()) {
      const before = states[index] ?? { step: 0, x: 0 };
      expect(step - before.step).toBeLessThanOrEqual(5);
      expect(Math.abs(x - before.x)).toBeLessThanOrEqual(5 * 0.25);
    }
  });

  it("tells Python the state of each step", needs("python3"), async () => {
    const { port } = await recipe("smooth", "server");
    const { out, err } = await python(
      `
import struct
stream = socket.create_connection(at).makefile("rb")
states = [struct.unpack("<If", stream.read(8)) for _ in range(50)]
for (step, x), (later, there) in zip(states, states[1:]):
    assert later > step and abs(there - x) <= 0.25 * (later - step) and 0 <= there <= 10
print("fifty")`,
      port,
    );
    expect([out.toString(), err]).toEqual(["fifty\n", ""]);
  });

  it("shows numbers whatever the server says, and ends with a word at what is no state", async () => {
    const { client, socket } = await shown();
    const flood = Array.from({ length: 50_000 }, (_, index) => record(index, (index % 2) * 3e38));
    socket.write(Buffer.concat([...flood, record(4_294_967_295, -3e38), record(0, 0)]));
    await client.out.until(/^-?\d+\.\d{3}$|^-?\d+e\+?\d+$/);
    for (let line = 0; line < 30; line++) await client.out.until(/./);
    expect(places(client).filter((place) => !Number.isFinite(place))).toEqual([]);
    socket.write(record(1, Number.NaN));
    await client.err.until(/^Error: .*x/);
    expect(await client.exit()).toBe(1);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("smooth", "server");
    await insult(child, port, "12345678");
    await still(clientOf(port), 0);
  });
});

/** A client of a server of the test's, and the server's socket. */
async function shown(): Promise<{ client: Child; socket: Socket }> {
  const server = createServer({ noDelay: true });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { readonly port: number }).port));
  });
  const client = clientOf(port);
  const socket = await new Promise<Socket>((resolve) => server.once("connection", resolve));
  socket.on("error", () => {}); // its client is killed at the end
  server.close();
  return { client, socket };
}

function clientOf(port: number): Child {
  return new Child(process.execPath, ["--import", "tsx", "demo/recipes/smooth.ts", `${port}`, "client"]);
}

/** Waits until the client has shown something, and so many lines one after the other that are the same. */
async function still(client: Child, lines: number): Promise<void> {
  let [last = ""] = await client.out.until(/^-?\d+\.\d{3}$/);
  for (let same = 0; same < lines; ) {
    const [next = ""] = await client.out.until(/^-?\d+\.\d{3}$/);
    same = next === last ? same + 1 : 0;
    last = next;
  }
}

function places(client: Child): number[] {
  return client.out.all.map(Number);
}

function record(step: number, x: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(step);
  bytes.writeFloatLE(x, 4);
  return bytes;
}

/** The states that a server tells, as they come. */
function statesAt(port: number): { step: number; x: number }[] {
  const states: { step: number; x: number }[] = [];
  let bytes = Buffer.alloc(0);
  const socket = connect({ port, host: "127.0.0.1" }).unref();
  socket.on("error", () => {}); // its server is killed at the end
  socket.on("data", (piece) => {
    for (bytes = Buffer.concat([bytes, piece]); bytes.length >= 8; bytes = bytes.subarray(8)) {
      states.push({ step: bytes.readUInt32LE(0), x: bytes.readFloatLE(4) });
    }
  });
  return states;
}
