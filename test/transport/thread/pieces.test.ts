/** What has to be said to the other thread in more than a record: strangers, and the game, decide how large it is. */
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Connection, lines, Poller, threaded, udp } from "../../../src/index.ts";
import { websocketServer } from "../../../src/websocket.ts";
import { until } from "../poll-until.ts";

const host = "127.0.0.1";
let poller = new Poller();
afterEach(async () => {
  await poller[Symbol.asyncDispose]();
  poller = new Poller();
});

test("a request whose facts are larger than a record is shown whole", async () => {
  const listener = poller.listen(threaded(websocketServer({ host, port: 0 })), lines());
  await until(poller, () => listener.state === "listening");
  const url = `/?${'"'.repeat(15_500)}`; // escaped, and in the query too, it is six times as long
  const raw = connect(listener.address?.port ?? 0, host).on("error", () => {});
  raw.write(
    `GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  let accepted: Connection<string> | undefined;
  await until(poller, () => (accepted ??= listener.tryAccept()) !== undefined);
  expect(accepted?.request?.url).toBe(url);
  expect(accepted?.request?.query.toString()).toHaveLength(3 * 15_500 + 1);
  raw.destroy();
});

test("the name of a host that is larger than a record is looked up in vain, and the next datagram comes", async () => {
  const socket = poller.bind(threaded(udp({ host })), lines());
  await until(poller, () => socket.state === "open");
  expect(socket.trySendTo("lost", { host: "h".repeat(200_000), port: 9 })).toBe(true);
  expect(socket.trySendTo("found", { host, port: socket.address?.port ?? 0 })).toBe(true);
  await until(poller, () => socket.tryRecvFrom()?.message === "found");
  await until(poller, () => socket.stats.failed === 1);
  expect(socket.state).toBe("open");
});
