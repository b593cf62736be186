/** Errors that say more than a record of a ring holds. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Codec, type Connection, lines, Poller, tcp, threaded } from "../../../src/index.ts";
import { websocketServer } from "../../../src/websocket.ts";
import { until } from "../poll-until.ts";

const host = "127.0.0.1";
let poller = new Poller();
beforeEach(() => void poller.on("drop", () => {}));
afterEach(async () => {
  await poller[Symbol.asyncDispose]();
  poller = new Poller();
});

/** A server of WebSockets in the network thread, with a player. */
async function server() {
  const listener = poller.listen(
    threaded(websocketServer({ host, port: 0 }), { ringBytes: 262_144 }),
    lines(),
  );
  await until(poller, () => listener.state === "listening");
  const port = listener.address?.port ?? 0;
  const peer = new WebSocket(`ws://${host}:${port}`);
  let player: Connection<string> | undefined;
  await until(poller, () => (player ??= listener.tryAccept()) !== undefined);
  return { listener, port, peer, player: player as Connection<string> };
}

test("a stranger's packet that is no HTTP is told of in a line, however large it is, and the others play on", async () => {
  const { listener, port, peer, player } = await server();
  const stranger = connect(port, host).on("error", () => {});
  stranger.write(new Uint8Array(60_000).fill(0xff));
  await until(poller, () => listener.stats.dropped === 1);
  peer.send("still here\n");
  await until(poller, () => player.tryRecv() === "still here");
  expect(listener.stats.droppedBy).toEqual({ HPE_INVALID_METHOD: 1 });
  stranger.destroy();
  peer.terminate();
});

test("a codec's error that is larger than a record ends its connection, and nothing else", async () => {
  const quoting: Codec<string, string> = {
    ...lines(),
    decoder: () => ({
      decode(bytes) {
        throw new Error(`what is this? ${"?".repeat(200_000)} ${bytes.length}`);
      },
    }),
  };
  const listener = poller.listen(threaded(tcp({ host, port: 0 }), { ringBytes: 262_144 }), quoting);
  await until(poller, () => listener.state === "listening");
  const stranger = connect(listener.address?.port ?? 0, host).on("error", () => {});
  const closed = once(stranger, "close");
  stranger.write("this");
  let link: Connection<string> | undefined;
  await until(poller, () => (link ??= listener.tryAccept()) !== undefined && link.state === "closed");
  expect(link?.closeReason?.kind).toBe("protocol");
  expect(listener.state).toBe("listening");
  await until(poller, () => stranger.destroyed);
  await closed;
});
