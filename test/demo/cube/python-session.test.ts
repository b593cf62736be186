/**
 * The Python peer over sessions: a proxy cuts its lines, also within a frame, and what one
 * side said is compared with what the other one heard.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
  type Address,
  type Connection,
  type Listener,
  lines,
  Poller,
  session,
  tcp,
} from "../../../src/index.ts";
import { needs } from "../../machine.ts";
import { type Child, DEADLINE_MS, endAll, pythonPeer } from "../children.ts";

/** After how many bytes of one direction a line is cut, which have arrived then. */
type Cut = { readonly toServer: number } | { readonly toPeer: number };

/** A proxy that cuts its first lines as planned, and the others when it is told to. */
class CuttingProxy {
  readonly cuts: Cut[] = [];
  port = 0;
  /** How many lines there were. */
  count = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer({ noDelay: true }, (near) => this.#join(near, this.cuts.shift()));
  readonly #target: () => number | undefined;

  /** @param target the server's port; `undefined` while it starts, and lines end then */
  constructor(target: () => number | undefined) {
    this.#target = target;
  }

  async listen(): Promise<void> {
    await once(this.#server.listen(0, HOST), "listening");
    this.port = (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(near: Socket, cut: Cut | undefined): void {
    this.count++;
    const port = this.#target();
    if (port === undefined) {
      near.on("error", () => {}).resetAndDestroy();
      return;
    }
    const far = dial({ port, host: HOST, noDelay: true });
    const [toServer, toPeer] = [
      cut !== undefined && "toServer" in cut ? cut.toServer : Infinity,
      cut !== undefined && "toPeer" in cut ? cut.toPeer : Infinity,
    ];
    this.#pass(near, far, toServer);
    this.#pass(far, near, toPeer);
  }

  #pass(from: Socket, to: Socket, most: number): void {
    let left = most;
    this.#sockets.add(from);
    from.on("data", (bytes) => {
      if (left <= 0) return;
      left -= bytes.length;
      if (left > 0) to.write(bytes);
      else {
        to.end(bytes.subarray(0, bytes.length + left));
        from.resetAndDestroy();
      }
    });
    from.on("end", () => to.end());
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      if (left > 0) to.destroy();
    });
  }
}

/** A server of sessions, whom a peer reaches through the proxy. */
class Match {
  net!: Poller;
  listener!: Listener<string>;
  readonly proxy = new CuttingProxy(
    () => (this.listener.address as (Address & { port: number }) | undefined)?.port,
  );
  player: Connection<string> | undefined;

  async begin(): Promise<void> {
    this.net = new Poller();
    this.net.on("drop", () => {}); // lines that were cut before they had said whose they were
    this.listener = this.net.listen(session(tcp({ host: HOST, port: 0 })), lines());
    await this.until(() => this.listener.state === "listening");
    if (this.proxy.port === 0) await this.proxy.listen();
  }

  /** The peer, once it is here. */
  async meet(role: string): Promise<Child> {
    const child = pythonPeer(role, "--session", "--connect", `${HOST}:${this.proxy.port}`);
    await this.arrival();
    return child;
  }

  async arrival(): Promise<Connection<string>> {
    this.player = undefined;
    await this.until(() => (this.player ??= this.listener.tryAccept()) !== undefined);
    return this.player as unknown as Connection<string>;
  }

  async until(isSo: () => boolean): Promise<void> {
    for (const endMs = performance.now() + DEADLINE_MS; performance.now() < endMs; ) {
      this.net.poll();
      if (isSo()) return;
      this.net.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error("it did not come");
  }

  /** Runs until a promise has its value. */
  async during<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => (isSettled = true));
    settled.catch(() => {}); // it is awaited below
    await this.until(() => isSettled);
    return settled;
  }

  end(): void {
    this.net?.[Symbol.dispose]();
    this.proxy.close();
  }
}

const HOST = "127.0.0.1";
let match: Match;

afterEach(async () => {
  match.end();
  await endAll();
});

describe("the Python peer over a session", {
  timeout: 3 * DEADLINE_MS,
  ...needs("python3", "signals"),
}, () => {
  it("loses nothing and doubles nothing, wherever its lines are cut, and says goodbye", async () => {
    match = new Match();
    await match.begin();
    match.proxy.cuts.push(...PLAN);
    const peer = await match.meet("mover");
    const player = match.player as Connection<string>;
    const [places, answers] = [[] as string[], [] as string[]];
    let asked = 0;
    const hear = () => {
      for (const line of player) {
        if (!line.startsWith("cube ")) answers.push(line);
        else if (line !== places.at(-1)) places.push(line);
      }
    };
    await match.until(() => {
      hear();
      for (; asked < Math.min(3_000, answers.length + 40); asked++) player.trySend(`ping ${asked}`);
      return answers.length >= 3_000 && match.proxy.cuts.length === 0;
    });
    expect(answers).toEqual(Array.from({ length: 3_000 }, (_, index) => `pong ${index}`));
    expect(player.state).toBe("open");

    peer.process.kill("SIGINT");
    match.proxy.cut();
    await match.until(() => {
      hear();
      return player.state === "closed";
    });
    expect(player.closeReason).toMatchObject({
      kind: "remote",
      goodbye: { code: 1_000, text: "the peer leaves" },
    });
    expect(await match.during(peer.exit())).toBe(0);
    const said = peer.out.all.flatMap((line) => /^tick \d+ (cube .*)$/.exec(line)?.[1] ?? []);
    expect(places.filter((place) => place !== FIRST_PLACE)).toEqual(said);
    expect(peer.out.all.filter((line) => line.startsWith("link held")).length).toBeGreaterThan(
      PLAN.length / 2,
    );
    expect(peer.err.all.join("")).toBe("");
  });

  it("has what was sent before a goodbye, and the goodbye, over another line", async () => {
    match = new Match();
    await match.begin();
    const peer = await match.meet("mirror");
    const player = match.player as Connection<string>;
    await match.during(peer.out.until(/^link up /));
    for (let step = 1; step <= 9; step++) player.trySend(`cube ${step} 0 0`);
    player.close({ code: 4_000, text: "the match is over" });
    match.net.flush();
    match.proxy.cut();
    await match.during(peer.out.until(/^tick \d+ cube 9 0 0$/));
    const [down] = await match.during(peer.out.until(/^link down .*/));
    expect(down).toMatch(/: the peer closed the connection \(4000\) "the match is over"$/);
    await match.until(() => player.state === "closed");
    expect(player.closeReason).toMatchObject({ kind: "local", goodbye: { code: 4_000 } });
  });

  it("leaves over the line that it has, and dials no other one for that", async () => {
    match = new Match();
    await match.begin();
    const peer = await match.meet("mover");
    const player = match.player as Connection<string>;
    await match.until(() => player.tryRecv() !== undefined); // which the next welcome acknowledges
    match.proxy.cut();
    await match.during(peer.out.until(/^link resumed /));
    await match.during(peer.out.until(/^tick /));
    const { count } = match.proxy;
    peer.process.kill("SIGINT");
    await match.during(peer.out.until(/^link down .*: this side closed the connection$/));
    expect(await match.during(peer.exit())).toBe(0);
    await match.until(() => {
      while (player.tryRecv() !== undefined); // a game that does not read what has come is not told of the end
      return player.state === "closed";
    });
    expect(player.closeReason).toMatchObject({ kind: "remote", goodbye: { code: 1_000 } });
    expect(match.proxy.count).toBe(count);
  });

  it("begins another session when the server was restarted, and says why", async () => {
    match = new Match();
    await match.begin();
    const peer = await match.meet("mirror");
    await match.during(peer.out.until(/^link up /));
    match.proxy.cut(); // first: a poller that is disposed aborts its sessions, and a crash does not
    match.net[Symbol.dispose]();
    await match.begin();
    const player = await match.arrival();
    await match.during(peer.out.until(/^link down .*: the session was refused: unknown$/));
    player.trySend("cube 1 2 3");
    await match.during(peer.out.until(/cube 1 2 3$/));
  });

  it("answers the pings of a server, which measures with them", async () => {
    match = new Match();
    await match.begin();
    await match.meet("mirror");
    const player = match.player as Connection<string>;
    await match.until(() => player.rttMs !== undefined && player.frameRttMs !== undefined);
    expect(player.rttMs).toBeGreaterThan(0);
  });

  it("says of a server without sessions that it has none", async () => {
    match = new Match();
    const plain = createServer((socket) => socket.on("error", () => {}).write("cube 1 2 3\n"));
    await once(plain.listen(0, HOST), "listening");
    const { port } = plain.address() as AddressInfo;
    const peer = pythonPeer("mirror", "--session", "--connect", `${HOST}:${port}`);
    await peer.out.until(/^link down .* does it listen with session\(\)\?$/);
    plain.close();
  });
});

/** Within and behind the greetings, within heads and data, and behind much of both. */
const PLAN: readonly Cut[] = [
  { toServer: 45 },
  { toPeer: 3 },
  { toPeer: 22 },
  { toPeer: 29 },
  { toServer: 48 },
  { toServer: 101 },
  { toPeer: 333 },
  { toServer: 777 },
  { toPeer: 1_001 },
  { toServer: 1_500 },
  { toPeer: 2_222 },
  { toServer: 46 },
];
/** Of a mover that has not moved: it is where it was, and says nothing of that. */
const FIRST_PLACE = "cube 0 0 0";
