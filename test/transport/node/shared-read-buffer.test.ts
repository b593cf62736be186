/** Accepted sockets share one buffer to read into; what they read stays apart, whole and in order. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { readShared } from "../../../src/transport/node/shared-read-buffer.ts";

let server: Server | undefined;
afterEach(() => server?.close());

test("this Node has what the fast path needs", async () => {
  const { accepted, client } = await pair();
  expect(readShared(accepted, { received() {} })).toBe(true);
  client.destroy();
  accepted.destroy();
});

test("a stream comes whole through pauses, and its end is seen", async () => {
  const { accepted, client } = await pair();
  const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index % 251));
  const pieces: Buffer[] = [];
  let paused = false;
  readShared(accepted, {
    received(bytes) {
      expect(paused).toBe(false);
      pieces.push(Buffer.from(bytes));
      if (pieces.length % 7 > 0) return;
      paused = true;
      accepted.pause();
      setImmediate(() => {
        paused = false;
        accepted.resume();
      });
    },
  });
  accepted.resume();
  client.end(sent);
  await once(accepted, "end");
  expect(Buffer.concat(pieces).equals(sent)).toBe(true);
  accepted.destroy();
});

test("a socket that is not connected, or already reads its own way, is left as it is", async () => {
  const idle = connect({ port: 1, host: "127.0.0.1" });
  idle.on("error", () => {});
  expect(readShared(idle, { received() {} })).toBe(false);
  idle.destroy();
  const { accepted, client } = await pair();
  readShared(accepted, { received() {} });
  expect(readShared(accepted, { received() {} })).toBe(false);
  client.destroy();
  accepted.destroy();
});

/** Both ends of a connection over loopback; the one end has been accepted in this very turn. */
async function pair(): Promise<{ accepted: Socket; client: Socket }> {
  server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [accepted] = (await once(server, "connection")) as [Socket];
  return { accepted, client };
}
