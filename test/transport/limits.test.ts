/**
 * The limits that meet real sockets: who is let in, and what becomes of a peer
 * that dies while this side does not read. Nothing sleeps; polled time is the
 * test's, so a second costs a few turns of the event loop.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { BlockList, connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { bytes, type Connection, type Listener, type ListenOptions, Poller, tcp } from "../../src/index.ts";
import { needs } from "../machine.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

describe("who is let in, over TCP", needs("127.0.0.2"), () => {
  test("a net.BlockList keeps an address out, and lets others in", async () => {
    const denyList = new BlockList();
    denyList.addAddress("127.0.0.2");
    const rig = await open({ denyList });
    const denied = rig.connectFrom("127.0.0.2");
    const welcome = rig.connectFrom("127.0.0.1");
    await rig.until(() => rig.listener.stats.dropped === 1 && rig.listener.tryAccept() !== undefined);
    await rig.until(() => denied.destroyed);
    expect(rig.listener.stats).toMatchObject({ accepted: 1, droppedBy: { denyList: 1 } });
    expect([denied.destroyed, welcome.destroyed]).toEqual([true, false]);
  });

  test("each address has its own count, and room again when a connection is gone", async () => {
    const rig = await open({ maxConnectionsPerAddress: 2 });
    const clients = ["127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2"].map((from) => rig.connectFrom(from));
    await rig.until(() => rig.listener.stats.accepted + rig.listener.stats.dropped === 4);
    expect(rig.listener.stats.droppedBy).toEqual({ maxConnectionsPerAddress: 1 });
    const inside: Connection<Uint8Array>[] = [];
    for (let index = 0; index < 3; index++) inside.push(await rig.nextAccepted());
    for (const accepted of clients.slice(0, 3)) accepted.destroy();
    await rig.until(() => inside.filter(({ state }) => state === "closed").length === 2);
    rig.connectFrom("127.0.0.1");
    await rig.until(() => rig.listener.stats.accepted === 4);
  });

  test("a flood of 300 connections over a limit of 10 leaves 10, and no socket of the others", async () => {
    const rig = await open({ maxConnections: 10 });
    const clients = Array.from({ length: 300 }, () => rig.connectFrom("127.0.0.1"));
    await rig.until(() => rig.listener.stats.accepted + rig.listener.stats.dropped === 300);
    expect(rig.listener.stats).toMatchObject({ accepted: 10, droppedBy: { maxConnections: 290 } });
    await rig.until(() => clients.filter((accepted) => accepted.destroyed).length === 290);
  });
});

describe("who dawdles, over TCP", () => {
  test("is ended by the first-message deadline, and who has spoken is not", async () => {
    const rig = await open({ firstMessageTimeoutMs: 300 });
    const mute = rig.connectFrom("127.0.0.1");
    const polite = rig.connectFrom("127.0.0.1");
    polite.write("hello");
    await rig.until(() => rig.listener.stats.accepted === 2 && rig.listener.stats.receivedMessages === 1);
    for (let frame = 0; frame < 5; frame++) rig.poll(100);
    await rig.until(() => mute.destroyed);
    expect(polite.destroyed).toBe(false);
  });

  test("and reads nothing is ended when what is unsent is too old", async () => {
    const rig = await open({ unsentTimeoutMs: 2_000 });
    const reader = rig.connectFrom("127.0.0.1");
    reader.pause();
    const accepted = await rig.nextAccepted();
    const megabyte = new Uint8Array(1_000_000);
    await rig.until(() => !accepted.trySend(megabyte) && accepted.pendingBytes > 0); // the system takes no more
    for (let second = 0; second < 3; second++) rig.poll(1_000);
    expect(accepted.closeReason).toMatchObject({ kind: "overflow", code: "unsentTimeoutMs" });
  });
});

describe("a peer that dies while the receive limit has paused its connection, over TCP", () => {
  test("by a reset is found within a second of polled time", async () => {
    const { rig, accepted, peer } = await paused();
    peer.send("reset");
    await said(peer, "done");
    rig.poll(1_000);
    await rig.until(() => accepted.state === "closing");
    expect(takeAll(accepted)).toBeGreaterThan(0); // what had arrived is not lost
    await rig.until(() => accepted.state === "closed");
    expect(accepted.closeReason?.kind).toBe("reset");
  });

  test("by SIGKILL is found within two seconds when this side sends", async () => {
    const { rig, accepted, peer } = await paused();
    peer.kill("SIGKILL");
    await exited(peer);
    accepted.trySend(Uint8Array.of(1)); // the system answers it with a reset
    rig.poller.flush();
    for (let second = 0; second < 2; second++) {
      await rig.turns(20);
      rig.poll(1_000);
    }
    await rig.until(() => accepted.state === "closing");
    takeAll(accepted);
    await rig.until(() => accepted.state === "closed");
    expect(accepted.closeReason?.kind).toBe("reset");
  });

  test.each(["SIGKILL", "an end"])("by %s and in silence is found by pauseTimeoutMs", async (how) => {
    const { rig, accepted, peer } = await paused();
    if (how === "SIGKILL") peer.kill("SIGKILL");
    else peer.send("end");
    await (how === "SIGKILL" ? exited(peer) : said(peer, "done"));
    for (let second = 0; second < 59; second++) rig.poll(1_000);
    await rig.turns(20);
    expect(accepted.state).toBe("open");
    for (let second = 0; second < 2; second++) rig.poll(1_000);
    expect(accepted.state).toBe("closing");
    takeAll(accepted);
    await rig.until(() => accepted.state === "closed");
    expect(accepted.closeReason).toMatchObject({ kind: "overflow", code: "pauseTimeoutMs" });
  });

  test("and only paused is not found dead: the probe does not hurt who lives", async () => {
    const { rig, accepted } = await paused();
    for (let second = 0; second < 30; second++) {
      rig.poll(1_000);
      await rig.turns(2);
    }
    expect(accepted.state).toBe("open");
    const before = accepted.stats.receivedBytes;
    await rig.until(() => {
      takeAll(accepted);
      return accepted.stats.receivedBytes > before + 1_000_000; // and it reads on
    });
  });
});

/** A client that sends without end, in a process of its own, to a side that takes nothing. */
async function paused() {
  const rig = await open({ receiveLimitBytes: 100_000 });
  const peer = spawn(process.execPath, ["-e", FLOODER, String(rig.port)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  ends.push(() => peer.kill("SIGKILL"));
  const accepted = await rig.nextAccepted();
  await rig.until(() => accepted.stats.pauses === 1);
  await rig.turns(50); // until the system's own buffers are full
  return { rig, accepted, peer };
}

const FLOODER = `
  const socket = require("node:net").connect(Number(process.argv[1]), "127.0.0.1");
  socket.on("error", () => {});
  const fill = () => { while (socket.writable && socket.write(Buffer.alloc(65536, 120))); };
  socket.on("drain", fill);
  socket.on("connect", fill);
  process.on("message", (what) => {
    if (what === "end") socket.end();
    else socket.resetAndDestroy();
    process.send("done");
  });
  process.on("disconnect", () => process.exit());
`;

function takeAll(connection: Connection<Uint8Array>): number {
  let count = 0;
  while (connection.tryRecv() !== undefined) count++;
  return count;
}

function said(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve) => void child.on("message", (message) => message === word && resolve()));
}

function exited(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => void child.once("exit", () => resolve()));
}

/** A listener on loopback with these limits, whose time is the test's. */
async function open(options: ListenOptions) {
  const poller = new Poller();
  ends.push(() => poller[Symbol.dispose]());
  const listener: Listener<Uint8Array> = poller.listen(tcp({ host: "127.0.0.1", port: 0 }), bytes(), options);
  let time = 0;
  const poll = (passMs = 0) => poller.poll((time += passMs));
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const until = async (isSo: () => boolean) => {
    const deadline = performance.now() + 60_000;
    for (;;) {
      poll();
      if (isSo()) return;
      poller.flush();
      if (performance.now() > deadline) throw new Error("it never came to be so");
      await turns(1);
    }
  };
  await until(() => listener.state === "listening");
  const port = listener.address?.port ?? 0;
  const connectFrom = (localAddress: string): Socket => {
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    socket.on("error", () => {}); // being sent away is what is tested
    ends.push(() => socket.destroy());
    return socket;
  };
  const nextAccepted = async (): Promise<Connection<Uint8Array>> => {
    let found: Connection<Uint8Array> | undefined;
    await until(() => (found = listener.tryAccept()) !== undefined);
    return found as unknown as Connection<Uint8Array>;
  };
  return { poller, listener, port, poll, turns, until, connectFrom, nextAccepted };
}
