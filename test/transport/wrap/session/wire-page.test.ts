/** The bytes that the manual shows are those of this implementation: others write theirs after them. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  byeFrame,
  FRAME,
  idFrame,
  plainFrame,
  pongFrame,
  writeHead,
  writeVarint,
} from "../../../../src/transport/wrap/session/frames.ts";
import { encodeGreeting } from "../../../../src/transport/wrap/session/greetings.ts";

test("the session that the manual shows in bytes is what is written", () => {
  const shown = [...page.matchAll(/^ {4}([a-z][^:]*): ([0-9a-f ]+)$/gm)].map(([, name, hex = ""]) => [
    name,
    hex.replaceAll(" ", ""),
  ]);
  expect(shown).toEqual(
    Object.entries(WRITTEN).map(([name, bytes]) => [name, Buffer.from(bytes).toString("hex")]),
  );
});

test("the numbers of the types that the manual lists are those of the frames", () => {
  const listed = [...page.matchAll(/^\| (\d) ([a-z]+) \|/gm)].map(([, number, name]) => [
    name,
    Number(number),
  ]);
  expect(listed).toEqual(Object.entries(FRAME));
});

const page = readFileSync(
  new URL("../../../../src/transport/wrap/session/README.md", import.meta.url),
  "utf8",
);
const count = (from: number, length: number) => Uint8Array.from({ length }, (_, index) => from + index);
const WRITTEN: Record<string, Uint8Array> = {
  hello: encodeGreeting({
    kind: "new",
    id: count(1, 8),
    token: count(0x10, 16),
    epoch: 1,
    received: 0,
    ackBytes: 65_536,
    gateway: "",
  }),
  welcome: encodeGreeting({
    kind: "welcome",
    received: 0,
    ackBytes: 65_536,
    windowMs: 30_000,
    gateway: "",
  }),
  'data "hi"': data("hi"),
  "ping 7, which has taken it": idFrame(FRAME.ping, 2, 7),
  "pong 7 at 0.5 ms": pongFrame(0, 7, 0.5),
  'bye 4000 "over"': byeFrame(0, 4_000, "over"),
  "ack of the bye": plainFrame(FRAME.ack, 1),
};

function data(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const at = writeVarint(bytes, writeHead(bytes, FRAME.data, 0), text.length);
  const { written } = new TextEncoder().encodeInto(text, bytes.subarray(at));
  return bytes.subarray(0, at + written);
}
