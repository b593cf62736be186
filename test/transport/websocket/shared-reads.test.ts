/**
 * WebSockets whose sockets read into one buffer: nothing of what ws keeps may lie in it
 * when the next socket is read, however the peers' frames are cut.
 */
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { bytes, type Connection, Poller } from "../../../src/index.ts";
import { FrameReader } from "../../../src/transport/websocket/frame-reader.ts";
import { websocketServer } from "../../../src/websocket.ts";
import { check } from "../../codec/properties.ts";
import { HANDSHAKE, type RawClient, rawClient } from "./rig.ts";

const TEXT = 0x81;
const FIRST_PART = 0x01;
const LAST_PART = 0x80;
const PING = 0x89;

let poller = new Poller();
afterEach(() => poller[Symbol.dispose]());

test("peers whose frames are cut anywhere are understood, each by itself", async () => {
  poller = new Poller();
  const listener = poller.listen(websocketServer({ host: "127.0.0.1", port: 0 }), bytes());
  const turn = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    poller.poll();
  };
  while (listener.address === undefined) await turn();
  const { port } = listener.address;
  const clients: RawClient[] = [];
  const links: Connection<Uint8Array>[] = [];
  for (let number = 0; number < 3; number++) {
    clients.push(await rawClient(port, HANDSHAKE));
    for (let made: Connection<Uint8Array> | undefined; made === undefined; made = listener.tryAccept())
      await turn();
    links.push([...listener.connections].at(-1) as Connection<Uint8Array>);
  }

  const got = links.map(() => "");
  const wanted = links.map(() => "");
  const pings: string[] = [];
  for (let round = 0; round < 60; round++) {
    const streams = clients.map((_, peer) => {
      const word = `${peer}:${round}.`;
      const long = `${word.repeat(100)}`;
      const [head, tail] = [`${word}head `, `${word}tail `];
      pings.push(`ping ${word}`);
      wanted[peer] += [word, long, head + tail, word, word].join("");
      return Buffer.concat([
        masked(TEXT, word, round),
        masked(TEXT, long, round + 1),
        masked(FIRST_PART, head, round + 2),
        masked(PING, `ping ${word}`, round + 3),
        masked(LAST_PART, tail, round + 4),
        masked(TEXT, word, round + 5),
        masked(TEXT, word, round + 6),
      ]);
    });
    // Pieces of all peers in turns, of sizes that meet each border: short frames whole, and halves of all.
    const pieces = 1 + (round % 9);
    for (let piece = 0; piece < pieces; piece++) {
      for (const [peer, stream] of streams.entries()) {
        const cut = (at: number) => Math.floor((stream.length * at) / pieces);
        clients[peer]?.socket.write(stream.subarray(cut(piece), cut(piece + 1)));
      }
      await turn();
    }
  }
  for (let frame = 0; frame < 10_000 && got.join("").length < wanted.join("").length; frame++) {
    await turn();
    for (const [peer, link] of links.entries())
      for (const message of link) got[peer] = (got[peer] ?? "") + Buffer.from(message);
  }
  expect(got).toEqual(wanted);
  while (pings.some((word) => !clients.some(({ received }) => received().includes(word)))) await turn();
});

test("only whole short messages, with nothing under way before them, are lent", () => {
  const whole = Buffer.concat([masked(TEXT, "one", 1), masked(TEXT, "two", 2), masked(TEXT, "", 3)]);
  const others = [masked(TEXT, "x".repeat(126), 4), masked(PING, "", 5), masked(FIRST_PART, "part", 6)];
  const areLent = (...pieces: Buffer[]) => {
    const reader = new FrameReader();
    return pieces.map((piece) => {
      const areWhole = reader.areWholeMessages(piece);
      reader.read(piece);
      return areWhole;
    });
  };
  expect(areLent(whole, whole)).toEqual([true, true]);
  for (const other of others) {
    expect(areLent(Buffer.concat([whole, other]))).toEqual([false]);
    expect(areLent(other)).toEqual([false]);
  }
  expect(areLent(masked(FIRST_PART, "a", 7), masked(LAST_PART, "b", 8), whole)).toEqual([false, false, true]);
  const borders = [9, 18];
  check(
    fc.property(fc.integer({ min: 1, max: whole.length - 1 }), (at) => {
      const isBorder = borders.includes(at);
      const pieces = [whole.subarray(0, at), whole.subarray(at), whole];
      expect(areLent(...pieces), `cut at ${at}`).toEqual([isBorder, isBorder, true]);
    }),
  );
});

/** A frame as a client sends it, with a mask. */
function masked(firstByte: number, text: string, seed: number): Buffer {
  const body = Buffer.from(text);
  const mask = Buffer.from([seed, seed * 7, seed * 31, 1 + seed * 57].map((byte) => byte & 0xff));
  const length =
    body.length < 126 ? [0x80 | body.length] : [0x80 | 126, body.length >> 8, body.length & 0xff];
  for (const [at, byte] of body.entries()) body[at] = byte ^ (mask[at % 4] ?? 0);
  return Buffer.concat([Buffer.from([firstByte, ...length]), mask, body]);
}
