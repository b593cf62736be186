import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { DEADLINE_MS, endAll } from "../demo/children.ts";
import { python } from "../demo/sockets/foreign.ts";
import { needs } from "../machine.ts";
import { insult, recipe } from "./recipe.ts";

afterEach(endAll);

describe("the recipe of chat beside binary state", { timeout: 3 * DEADLINE_MS }, () => {
  it("speaks to Python, which packs and unpacks the records by itself", needs("python3"), async () => {
    const { port } = await recipe("chat-and-state");
    const { out, err } = await python(
      `
import struct
sock = socket.create_connection(at)
stream = sock.makefile("rb")
def send(kind, body): sock.sendall(bytes([kind, len(body)]) + body)
def receive():
    kind, size = stream.read(2)
    body = stream.read(size)
    return body.decode() if kind == 0 else struct.unpack("<Iff", body)
send(0, "grüße".encode())
print(receive())
send(1, struct.pack("<Iff", 99, 1.5, -2))
print(receive())`,
      port,
    );
    expect([out.toString(), err]).toEqual(["player 1: grüße\n(1, 1.5, -2.0)\n", ""]);
  });

  it("closes who sends half of them wrong, and nobody else", async () => {
    const { child, port } = await recipe("chat-and-state");
    const honest = connect({ port, host: "127.0.0.1" });
    await once(honest, "connect");
    for (const wrong of [
      [2, 0],
      [1, 3, 1, 2, 3],
      [0, 0xc9, 1, ...new Uint8Array(201)],
      [0, 2, 0xff, 0xff],
      [1, 12, ...NOT_FINITE],
    ]) {
      const stranger = connect({ port, host: "127.0.0.1" }).resume();
      stranger.on("error", () => {});
      stranger.write(Uint8Array.from(wrong));
      await new Promise((resolve) => stranger.once("close", resolve));
    }
    honest.write(Uint8Array.from([0, 2, 0x68, 0x69]));
    const [answer] = (await once(honest, "data")) as [Buffer];
    expect(answer.toString()).toBe("\0\x0cplayer 1: hi");
    honest.destroy();
    expect(child.err.all).toEqual([]);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("chat-and-state");
    await insult(child, port, "\0\x02hi", "\x01\x0c123456789012");
  });
});

/** A record whose x is NaN. */
const NOT_FINITE = [1, 0, 0, 0, 0, 0, 0xc0, 0x7f, 0, 0, 0, 0];
