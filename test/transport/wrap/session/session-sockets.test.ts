/**
 * Sessions over real sockets, through a proxy that cuts their lines: each transport as it
 * is used. Nothing sleeps: what is awaited is there after some turns of the event loop.
 */
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { afterEach, expect, test } from "vitest";
import {
  type Address,
  type Connection,
  lines,
  Poller,
  session,
  type Transport,
  tcp,
  tls,
  unix,
} from "../../../../src/index.ts";
import { websocket, websocketServer } from "../../../../src/websocket.ts";
import { describeRows, type Needing } from "../../../rows.ts";
import { certificates, NO_CERTIFICATES } from "../../node/certificates.ts";

interface Row extends Needing {
  readonly name: string;
  readonly listen: () => Transport;
  /** A transport to a port of the proxy, or to its path. */
  readonly connect: (where: { port: number; path: string }) => Transport;
}

const HOST = "127.0.0.1";
const { ca, localhost } = certificates() ?? NO_CERTIFICATES;
let paths = 0;
const newPath = () => `${tmpdir()}/tickwire-session-${process.pid}-${++paths}.sock`;

const rows: Row[] = [
  {
    name: "tcp",
    listen: () => tcp({ host: HOST, port: 0 }),
    connect: ({ port }) => tcp({ host: HOST, port }),
  },
  {
    name: "tls",
    needs: ["openssl"],
    listen: () => tls({ host: HOST, port: 0, ...localhost }),
    connect: ({ port }) => tls({ host: HOST, port, ca }),
  },
  {
    name: "unix",
    needs: ["unix sockets"],
    listen: () => unix({ path: newPath() }),
    connect: ({ path }) => unix({ path }),
  },
  {
    name: "websocket",
    listen: () => websocketServer({ host: HOST, port: 0 }),
    connect: ({ port }) => websocket(`ws://${HOST}:${port}/`),
  },
];

/** A proxy that passes bytes on, until it is told to break its lines or to take no others. */
class CuttingProxy {
  readonly #lines = new Set<Socket>();
  readonly #server;
  isShut = false;
  count = 0;

  constructor(target: Address) {
    this.#server = createServer((near) => {
      if (this.isShut) {
        breakOff(near);
        return;
      }
      this.count++;
      const far = target.family === "unix" ? dial(target.host) : dial(target.port, target.host);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#lines.add(one);
        one.on("data", (bytes) => other.write(bytes));
        one.on("end", () => other.end());
        one.on("error", () => other.destroy());
        one.on("close", () => {
          this.#lines.delete(one);
          other.destroy();
        });
      }
    });
  }

  async listen(isUnix: boolean): Promise<{ port: number; path: string }> {
    const path = newPath();
    await new Promise<void>((resolve) =>
      this.#server.listen(isUnix ? { path } : { host: HOST, port: 0 }, resolve),
    );
    return { port: isUnix ? 0 : (this.#server.address() as AddressInfo).port, path };
  }

  /** Breaks every line: both of its ends see a reset, or an end where there is none. */
  cut(): void {
    for (const line of this.#lines) breakOff(line);
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

/** Resets a socket, where its kind has resets. */
function breakOff(socket: Socket): void {
  if (socket.remoteFamily === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

describeRows(rows)("a session over $name", (row) => {
  const begin = async () => {
    const server = new Poller();
    const client = new Poller();
    const listener = server.listen(session(row.listen()), lines());
    const until = async (isSo: () => boolean) => {
      for (const endMs = performance.now() + 30_000; performance.now() < endMs; ) {
        client.poll();
        server.poll();
        if (isSo()) return;
        client.flush();
        server.flush();
        await new Promise((resolve) => setImmediate(resolve));
      }
      throw new Error("it did not come");
    };
    await until(() => listener.state === "listening");
    const proxy = new CuttingProxy(listener.address as Address);
    const way = session(row.connect(await proxy.listen(row.name === "unix")));
    closing.push(
      () => client[Symbol.dispose](),
      () => server[Symbol.dispose](),
      () => proxy.close(),
    );
    const near = client.connect(way, lines());
    let far: Connection<string> | undefined;
    await until(() => (far ??= listener.tryAccept()) !== undefined && near.state === "open");
    return { near, far: far as Connection<string>, until, proxy, client, server, listener };
  };

  test("loses nothing and doubles nothing, however often its line is cut in the midst of it", async () => {
    const { near, far, until, proxy } = await begin();
    const got = { near: [] as string[], far: [] as string[] };
    let sent = 0;
    let cuts = 0;
    await until(() => {
      got.near.push(...near);
      got.far.push(...far);
      if (sent < 2_000) {
        for (let count = 0; count < 20; count++) {
          near.trySend(`near ${sent}`);
          far.trySend(`far ${sent}`.padEnd(500, "."));
          sent++;
        }
        if (sent % 400 === 200) {
          proxy.cut();
          cuts++;
        }
      }
      return got.far.length >= 2_000 && got.near.length >= 2_000;
    });
    expect(cuts).toBe(5);
    expect(got.far).toEqual(Array.from({ length: 2_000 }, (_, index) => `near ${index}`));
    expect(got.near).toEqual(Array.from({ length: 2_000 }, (_, index) => `far ${index}`.padEnd(500, ".")));
    expect([near.state, far.state]).toEqual(["open", "open"]);
    expect(proxy.count).toBeGreaterThan(1);
  });

  test("comes back when the network does, and ends in order after that", async () => {
    const { near, far, until, proxy } = await begin();
    proxy.isShut = true;
    proxy.cut();
    await until(() => !near.linked && !far.linked);
    near.trySend("from the tunnel");
    await until(() => near.downMs > 100);
    expect([near.state, far.state]).toEqual(["open", "open"]);
    proxy.isShut = false;
    await until(() => far.tryRecv() === "from the tunnel");
    near.close({ code: 4_001, text: "that was all" });
    await until(() => near.state === "closed" && far.state === "closed");
    expect(far.closeReason).toMatchObject({ kind: "remote", goodbye: { code: 4_001, text: "that was all" } });
    expect(near.closeReason?.kind).toBe("local");
  });

  test("leaves no handle when its pollers are disposed in the midst of an outage", async () => {
    const { near, far, until, proxy, client, server } = await begin();
    proxy.isShut = true;
    proxy.cut();
    await until(() => !near.linked && !far.linked);
    proxy.close();
    client[Symbol.dispose]();
    server[Symbol.dispose]();
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect([near.state, far.state]).toEqual(["closed", "closed"]);
    const left = process.getActiveResourcesInfo().filter((name) => /^(TCP|Pipe|TLS).*Wrap$/.test(name));
    expect(left.filter((name) => /Server|TCPSocket|TLS/.test(name))).toEqual([]);
  });

  test("shows round trips and the server's clock, which is this one", async () => {
    const { near, far, until } = await begin();
    await until(() => near.clock !== undefined && near.frameRttMs !== undefined && far.rttMs !== undefined);
    expect(near.rttMs).toBeGreaterThan(0);
    expect(Math.abs(near.clock?.offsetMs ?? 99)).toBeLessThanOrEqual((near.clock?.errorMs ?? 0) + 1);
  });
});
