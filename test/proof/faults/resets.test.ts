/**
 * A reset in every state of a connection: the players never notice, the loss is
 * told once with its reason, and what came before it is delivered.
 */
import net from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type CloseKind, lines, Poller, tls } from "../../../src/index.ts";
import { GameServer, LOOPBACK, type TestedPeer } from "../bystanders.ts";

let server: GameServer;
let socket: net.Socket | undefined;

afterEach(async () => {
  socket?.destroy();
  await server.close();
});

/** A peer on a raw socket that has sent `words`. */
async function connectAndSend(words: string): Promise<{ peer: TestedPeer; raw: net.Socket }> {
  const raw = net.connect({ host: LOOPBACK, port: server.port, allowHalfOpen: true });
  socket = raw.on("error", () => {});
  raw.write(words);
  return { peer: await server.nextPeer(), raw };
}

/** Ends it by a reset, and answers how the server sees it. */
async function resets(raw: net.Socket, peer: TestedPeer): Promise<CloseKind> {
  raw.resetAndDestroy();
  return (await server.ending(peer)).kind;
}

describe("a reset, and the players do not notice,", () => {
  test("of a connection that nobody has accepted yet: it is still handed out, with its messages", async () => {
    server = await GameServer.open();
    server.accepts = false;
    const before = server.poller.stats.accepted;
    socket = net.connect(server.port, LOOPBACK).on("error", () => {});
    socket.write("hello\n");
    await server.until(() => server.poller.stats.accepted > before);
    for (let frame = 0; frame < 5; frame++) await server.frame(); // so that the word comes before the reset
    socket.resetAndDestroy();
    for (let frame = 0; frame < 5; frame++) await server.frame();
    server.accepts = true;
    const peer = await server.nextPeer();
    expect((await server.ending(peer)).kind).toBe("reset");
    expect(peer.words).toEqual(["hello"]);
    await server.checkPlayers();
  });

  test("of an open connection", async () => {
    server = await GameServer.open();
    const { peer, raw } = await connectAndSend("hello\n");
    await server.until(() => peer.words.length === 1);
    expect(await resets(raw, peer)).toBe("reset");
    await server.checkPlayers();
  });

  test("in the middle of a message: what is half is never a message", async () => {
    server = await GameServer.open();
    const { peer, raw } = await connectAndSend("whole\nha");
    await server.until(() => peer.words.length === 1);
    expect(await resets(raw, peer)).toBe("reset");
    expect(peer.words).toEqual(["whole"]);
    await server.checkPlayers();
  });

  test("of a connection that the receive limit has paused: what was read is delivered first", async () => {
    server = await GameServer.open({ listen: { receiveLimitBytes: 4_096 } });
    const { peer, raw } = await connectAndSend("hello\n");
    peer.isRead = false;
    raw.on("drain", () => raw.write(`${"x".repeat(999)}\n`.repeat(100)));
    raw.write(`${"x".repeat(999)}\n`.repeat(1_000));
    await server.until(() => peer.connection.stats.pauses === 1);
    raw.resetAndDestroy();
    for (let frame = 0; frame < 5; frame++) await server.frame();
    peer.isRead = true;
    const { kind } = await server.ending(peer);
    expect(["reset", "protocol", "remote"]).toContain(kind); // Node below 24 hides a reset behind unread bytes
    expect(peer.words[0]).toBe("hello");
    expect(peer.words.slice(1).every((word) => word === "x".repeat(999))).toBe(true);
    expect(peer.words.length).toBe(peer.connection.stats.receivedMessages);
    await server.checkPlayers();
  });

  test("of a peer that has finished and is still being answered", async () => {
    server = await GameServer.open();
    const { peer, raw } = await connectAndSend("hello\n");
    peer.isRead = false; // so that this side does not end as well
    raw.end();
    for (let frame = 0; frame < 5; frame++) await server.frame();
    raw.resetAndDestroy();
    for (let frame = 0; frame < 5; frame++) await server.frame();
    peer.isRead = true;
    expect(["reset", "remote"]).toContain((await server.ending(peer)).kind);
    expect(peer.words).toEqual(["hello"]);
    await server.checkPlayers();
  });

  test("while this side closes, with messages unsent", async () => {
    server = await GameServer.open();
    const { peer, raw } = await connectAndSend("hello\n");
    raw.pause();
    await server.until(() => !peer.connection.trySend("x".repeat(60_000))); // until the system takes no more
    peer.connection.close();
    await server.frame();
    expect(peer.connection.pendingBytes).toBeGreaterThan(0);
    expect(await resets(raw, peer)).toBe("reset");
    await server.checkPlayers();
  });

  test("while this side waits for the peer's end, with all messages sent", async () => {
    server = await GameServer.open();
    const { peer, raw } = await connectAndSend("hello\n");
    peer.connection.close();
    await server.frame();
    await server.until(() => peer.connection.pendingBytes === 0);
    expect(await resets(raw, peer)).toBe("reset"); // nobody knows whether the peer received it all
    await server.checkPlayers();
  });

  test("while this side has finished and goes on receiving", async () => {
    server = await GameServer.open();
    const { peer, raw } = await connectAndSend("hello\n");
    peer.connection.end();
    for (let frame = 0; frame < 5; frame++) await server.frame();
    raw.write("more\n");
    await server.until(() => peer.words.length === 2);
    expect(await resets(raw, peer)).toBe("reset");
    await server.checkPlayers();
  });

  test("of a connection that is still being opened", async () => {
    server = await GameServer.open();
    const cutter = net.createServer((socket) =>
      socket.on("error", () => {}).once("data", () => socket.resetAndDestroy()),
    );
    await new Promise<void>((resolve) => cutter.listen(0, LOOPBACK, resolve));
    const { port } = cutter.address() as net.AddressInfo;
    const own = new Poller();
    const connection = own.connect(tls({ host: LOOPBACK, port }), lines());
    await server.until(() => own.poll() && connection.state === "closed");
    expect(connection.closeReason?.kind).toBe("reset");
    await own[Symbol.asyncDispose]();
    cutter.close();
    await server.checkPlayers();
  });
});
