/**
 * A reset in every state of a connection: the players never notice, the loss is
 * told once with its reason, and what came before it is delivered.
 */
import net from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type CloseKind, lines, Poller, tls } from "../../../src/index.ts";
import { House, LOOPBACK, type Stranger } from "../bystanders.ts";

vi.setConfig({ testTimeout: 60_000 });

let house: House;
let socket: net.Socket | undefined;

afterEach(async () => {
  socket?.destroy();
  await house.close();
});

/** A stranger at a raw socket, who has said `words`. */
async function visit(words: string): Promise<{ stranger: Stranger; raw: net.Socket }> {
  const raw = net.connect({ host: LOOPBACK, port: house.port, allowHalfOpen: true });
  socket = raw.on("error", () => {});
  raw.write(words);
  return { stranger: await house.stranger(), raw };
}

/** Ends it by a reset, and answers how the house was told. */
async function resets(raw: net.Socket, stranger: Stranger): Promise<CloseKind> {
  raw.resetAndDestroy();
  return (await house.ending(stranger)).kind;
}

describe("a reset, and the players do not notice,", () => {
  test("of a guest that nobody has taken in yet: it is still handed out, with what it said", async () => {
    house = await House.open();
    house.accepts = false;
    const before = house.server.stats.accepted;
    socket = net.connect(house.port, LOOPBACK).on("error", () => {});
    socket.write("hello\n");
    await house.until(() => house.server.stats.accepted > before);
    for (let frame = 0; frame < 5; frame++) await house.frame(); // so that the word comes before the reset
    socket.resetAndDestroy();
    for (let frame = 0; frame < 5; frame++) await house.frame();
    house.accepts = true;
    const stranger = await house.stranger();
    expect((await house.ending(stranger)).kind).toBe("reset");
    expect(stranger.words).toEqual(["hello"]);
    await house.checkPlayers();
  });

  test("of an open connection", async () => {
    house = await House.open();
    const { stranger, raw } = await visit("hello\n");
    await house.until(() => stranger.words.length === 1);
    expect(await resets(raw, stranger)).toBe("reset");
    await house.checkPlayers();
  });

  test("in the middle of a message: what is half is never a message", async () => {
    house = await House.open();
    const { stranger, raw } = await visit("whole\nha");
    await house.until(() => stranger.words.length === 1);
    expect(await resets(raw, stranger)).toBe("reset");
    expect(stranger.words).toEqual(["whole"]);
    await house.checkPlayers();
  });

  test("of a connection that the receive limit has paused: what was read is delivered first", async () => {
    house = await House.open({ listen: { receiveLimitBytes: 4_096 } });
    const { stranger, raw } = await visit("hello\n");
    stranger.isHeard = false;
    raw.on("drain", () => raw.write(`${"x".repeat(999)}\n`.repeat(100)));
    raw.write(`${"x".repeat(999)}\n`.repeat(1_000));
    await house.until(() => stranger.guest.stats.pauses === 1);
    raw.resetAndDestroy();
    for (let frame = 0; frame < 5; frame++) await house.frame();
    stranger.isHeard = true;
    const { kind } = await house.ending(stranger);
    expect(["reset", "protocol", "remote"]).toContain(kind); // Node below 24 hides a reset behind unread bytes
    expect(stranger.words[0]).toBe("hello");
    expect(stranger.words.slice(1).every((word) => word === "x".repeat(999))).toBe(true);
    expect(stranger.words.length).toBe(stranger.guest.stats.receivedMessages);
    await house.checkPlayers();
  });

  test("of a peer that has finished and is still being answered", async () => {
    house = await House.open();
    const { stranger, raw } = await visit("hello\n");
    stranger.isHeard = false; // so that this side does not end as well
    raw.end();
    for (let frame = 0; frame < 5; frame++) await house.frame();
    raw.resetAndDestroy();
    for (let frame = 0; frame < 5; frame++) await house.frame();
    stranger.isHeard = true;
    expect(["reset", "remote"]).toContain((await house.ending(stranger)).kind);
    expect(stranger.words).toEqual(["hello"]);
    await house.checkPlayers();
  });

  test("while this side says goodbye, with words of it unsent", async () => {
    house = await House.open();
    const { stranger, raw } = await visit("hello\n");
    raw.pause();
    await house.until(() => !stranger.guest.trySend("x".repeat(60_000))); // until the system takes no more
    stranger.guest.close();
    await house.frame();
    expect(stranger.guest.pendingBytes).toBeGreaterThan(0);
    expect(await resets(raw, stranger)).toBe("reset");
    await house.checkPlayers();
  });

  test("while this side waits for the peer's goodbye, with all words sent", async () => {
    house = await House.open();
    const { stranger, raw } = await visit("hello\n");
    stranger.guest.close();
    await house.frame();
    await house.until(() => stranger.guest.pendingBytes === 0);
    expect(await resets(raw, stranger)).toBe("local");
    await house.checkPlayers();
  });

  test("while this side has finished and goes on hearing", async () => {
    house = await House.open();
    const { stranger, raw } = await visit("hello\n");
    stranger.guest.end();
    for (let frame = 0; frame < 5; frame++) await house.frame();
    raw.write("more\n");
    await house.until(() => stranger.words.length === 2);
    expect(await resets(raw, stranger)).toBe("reset");
    await house.checkPlayers();
  });

  test("of a connection that is still being opened", async () => {
    house = await House.open();
    const cutter = net.createServer((socket) =>
      socket.on("error", () => {}).once("data", () => socket.resetAndDestroy()),
    );
    await new Promise<void>((resolve) => cutter.listen(0, LOOPBACK, resolve));
    const { port } = cutter.address() as net.AddressInfo;
    const own = new Poller();
    const connection = own.connect(tls({ host: LOOPBACK, port }), lines());
    await house.until(() => own.poll() && connection.state === "closed");
    expect(connection.closeReason?.kind).toBe("reset");
    await own[Symbol.asyncDispose]();
    cutter.close();
    await house.checkPlayers();
  });
});
