/**
 * Connections of which only one half is left.
 */
import net from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { tcp } from "../../../src/index.ts";
import { House, LOOPBACK } from "../bystanders.ts";

vi.setConfig({ testTimeout: 60_000 });

let house: House;
let socket: net.Socket | undefined;

afterEach(async () => {
  socket?.destroy();
  await house.close();
});

describe("half a connection, and the players do not notice,", () => {
  test("whose peer has finished sending: it hears all that it is told, frame after frame", async () => {
    const transport = tcp({ host: LOOPBACK, port: 0, allowHalfOpen: true });
    house = await House.open({ transport });
    socket = net.connect({ host: LOOPBACK, port: house.port, allowHalfOpen: true });
    let heard = "";
    socket.setEncoding("utf8").on("data", (text) => {
      heard += text;
    });
    socket.end("question\n");
    const stranger = await house.stranger();
    await house.until(() => stranger.guest.recvEnded);
    expect(stranger.words).toEqual(["question"]);
    let told = "";
    for (let word = 0; word < 100; word++) {
      expect(stranger.guest.state).toBe("open");
      expect(stranger.guest.trySend(`word ${word}`)).toBe(true);
      told += `word ${word}\n`;
      await house.frame();
    }
    stranger.guest.close();
    expect((await house.ending(stranger)).kind).toBe("local");
    await house.until(() => socket?.readableEnded === true);
    expect(heard).toBe(told);
    await house.checkPlayers();
  });

  test("whose peer says nothing and reads nothing, and is not gone: it ends at the idle deadline", async () => {
    house = await House.open({ listen: { idleTimeoutMs: 300 } });
    socket = net.connect({ host: LOOPBACK, port: house.port });
    socket.pause();
    socket.write("the last word\n");
    const stranger = await house.stranger();
    const reason = await house.ending(stranger);
    expect(reason).toMatchObject({ kind: "timeout", code: "idleTimeoutMs" });
    expect(stranger.words).toEqual(["the last word"]);
    await house.checkPlayers();
  });
});
