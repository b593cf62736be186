/** The frames that a server writes by itself: the same bytes as those of ws, and in the same order. */
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import * as ws from "ws";
import { MOST_FRAMED_BYTES, serverFrameOf, writesTo } from "../../../src/transport/websocket/server-frame.ts";
import { WebSocketWriter } from "../../../src/transport/websocket/websocket-writer.ts";

const { WebSocket, WebSocketServer } = ws;
/** Exported by ws, and missing from its typings. */
const { Sender } = ws as unknown as { Sender: { frame(message: Buffer, options: object): Buffer[] } };
const TEXT = 1;
const BINARY = 2;

test("the frame of a short message is the one that ws makes of it, and a copy", () => {
  for (const length of [0, 1, 125, 126, 127, 255, 256, 257, MOST_FRAMED_BYTES]) {
    for (const isText of [true, false]) {
      const message = Uint8Array.from({ length }, (_, index) => index);
      const options = { fin: true, opcode: isText ? TEXT : BINARY, mask: false, readOnly: true, rsv1: false };
      const ofWs = Buffer.concat(Sender.frame(Buffer.from(message), options));
      const frame = serverFrameOf(message, isText);
      message.fill(0);
      expect(Buffer.from(frame).equals(ofWs), `${length} bytes`).toBe(true);
    }
  }
});

test("messages that ws and the socket are given in turns come in the order of the calls, and are all counted", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  const wss = new WebSocketServer({ server });
  const sent: number[] = [];
  const whole = new Promise<WebSocketWriter>((resolve) => {
    wss.on("connection", (accepted, request) => {
      const socket = request.socket as Socket;
      expect(writesTo(accepted, socket)).toBe(true); // else this Node has another ws, and nothing here is tested
      const send = accepted.send.bind(accepted) as (...args: unknown[]) => void;
      Object.assign(accepted, {
        send: (message: Uint8Array, ...rest: unknown[]) => {
          sent.push(message.length);
          send(message, ...rest);
        },
      });
      const writer = new WebSocketWriter(accepted, "stream", () => {});
      writer.writeAsServer(socket);
      for (const length of LENGTHS) writer.write(new Uint8Array(length).fill(length % 256), socket);
      accepted.ping("last");
      resolve(writer);
    });
  });
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  const got: Buffer[] = [];
  client.on("message", (data) => got.push(data as Buffer));
  await new Promise((resolve) => client.once("ping", resolve));
  const writer = await whole;
  expect(sent).toEqual(LENGTHS.filter((length) => length > MOST_FRAMED_BYTES));
  expect(got.map(({ length }) => length)).toEqual(LENGTHS);
  expect(got.every((data) => data.every((byte) => byte === data.length % 256))).toBe(true);
  expect(writer.queuedBytes).toBe(0);
  client.terminate();
  wss.close();
  server.close();
});

test("a socket that ws does not write to is left alone", () => {
  expect(writesTo({ _socket: {} } as never, {} as Socket)).toBe(false);
  expect(writesTo({} as never, undefined)).toBe(false);
});

const LENGTHS = [3, MOST_FRAMED_BYTES + 1, 200, 65_536, 1];
