/**
 * Connections of which only one half is left.
 */
import net from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { tcp } from "../../../src/index.ts";
import { GameServer, LOOPBACK } from "../bystanders.ts";

let server: GameServer;
let socket: net.Socket | undefined;

afterEach(async () => {
  socket?.destroy();
  await server.close();
});

describe("half a connection, and the players do not notice,", () => {
  test("whose peer has finished sending: it receives all that it is sent, frame after frame", async () => {
    const transport = tcp({ host: LOOPBACK, port: 0, allowHalfOpen: true });
    server = await GameServer.open({ transport });
    socket = net.connect({ host: LOOPBACK, port: server.port, allowHalfOpen: true });
    let received = "";
    socket.setEncoding("utf8").on("data", (text) => {
      received += text;
    });
    socket.end("question\n");
    const peer = await server.nextPeer();
    await server.until(() => peer.connection.recvEnded);
    expect(peer.words).toEqual(["question"]);
    let told = "";
    for (let word = 0; word < 100; word++) {
      expect(peer.connection.state).toBe("open");
      expect(peer.connection.trySend(`word ${word}`)).toBe(true);
      told += `word ${word}\n`;
      await server.frame();
    }
    peer.connection.close();
    expect((await server.ending(peer)).kind).toBe("local");
    await server.until(() => socket?.readableEnded === true);
    expect(received).toBe(told);
    await server.checkPlayers();
  });

  test("whose peer says nothing and reads nothing, and is not gone: it ends at the idle deadline", async () => {
    server = await GameServer.open({ listen: { idleTimeoutMs: 300 } });
    socket = net.connect({ host: LOOPBACK, port: server.port });
    socket.pause();
    socket.write("the last word\n");
    const peer = await server.nextPeer();
    const reason = await server.ending(peer);
    expect(reason).toMatchObject({ kind: "timeout", code: "idleTimeoutMs" });
    expect(peer.words).toEqual(["the last word"]);
    await server.checkPlayers();
  });
});
