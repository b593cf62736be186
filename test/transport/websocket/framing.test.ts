/** `framing: "message"`: one message of the codec is one WebSocket message, with peers that know no tickwire. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import {
  bytes,
  type CloseReason,
  type Codec,
  type Connection,
  json,
  type Listener,
  lengthPrefixed,
  lines,
  Poller,
  struct,
} from "../../../src/index.ts";
import { websocket, websocketServer } from "../../../src/websocket.ts";
import { endings, openServer, rawPeer } from "./rig.ts";

const text = (data: string): Uint8Array => new TextEncoder().encode(data);
const POSITION = struct({ x: "i16", y: "i16" });

/** A peer of `ws` alone, which writes down each message: its kind and its bytes. */
function peerOf(ws: WebSocket): { ws: WebSocket; received: string[]; ending: () => string } {
  const received: string[] = [];
  let ending = "";
  ws.on("message", (data: Buffer, isBinary) => {
    received.push(isBinary ? `bytes ${data.toString("hex")}` : `text ${data}`);
  });
  ws.on("close", (code, why) => (ending = `${code} ${why}`));
  ws.on("error", () => {});
  endings.push(() => ws.terminate());
  return { ws, received, ending: () => ending };
}

class Rig<In, Out> {
  readonly net = new Poller();
  readonly listener: Listener<In, Out>;
  readonly accepted: Connection<In, Out>[] = [];
  readonly closes: CloseReason[] = [];
  now = 0;

  constructor(codec: Codec<In, Out>, options: object = {}) {
    const place = { port: 0, host: "127.0.0.1", framing: "message" } as const;
    this.listener = this.net.listen(websocketServer(place), codec, options);
    this.net.on("close", ({ reason }) => this.closes.push(reason));
    endings.push(() => this.net[Symbol.dispose]());
  }

  get url(): string {
    return `ws://127.0.0.1:${this.listener.address?.port}`;
  }

  async until(isThere: () => boolean): Promise<void> {
    for (const giveUpMs = performance.now() + 60_000; performance.now() < giveUpMs; ) {
      this.net.poll(this.now);
      for (let one: Connection<In, Out> | undefined; (one = this.listener.tryAccept()) !== undefined; ) {
        this.accepted.push(one);
      }
      if (isThere()) return;
      this.net.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error("it did not come");
  }

  async peer(): Promise<ReturnType<typeof peerOf> & { connection: Connection<In, Out> }> {
    await this.until(() => this.listener.state === "listening");
    const peer = peerOf(new WebSocket(this.url));
    const count = this.accepted.length;
    await this.until(() => this.accepted.length > count && peer.ws.readyState === WebSocket.OPEN);
    return { ...peer, connection: this.accepted.at(-1) as Connection<In, Out> };
  }
}

describe("a message is a WebSocket message", () => {
  const rows: readonly [string, Codec<never, never>, unknown, string | Uint8Array, string][] = [
    ["a text for lines", lines() as Codec<never>, "hello ✓", "hello ✓", "text hello ✓"],
    ["an empty text for an empty line", lines() as Codec<never>, "", "", "text "],
    [
      "a text for json",
      json() as Codec<never>,
      { op: "move", x: 1 },
      '{"op":"move","x":1}',
      'text {"op":"move","x":1}',
    ],
    ["bytes for bytes", bytes() as Codec<never>, Uint8Array.of(1, 2), Uint8Array.of(1, 2), "bytes 0102"],
    [
      "bytes without a length for lengthPrefixed",
      lengthPrefixed() as Codec<never>,
      Uint8Array.of(1, 2),
      Uint8Array.of(1, 2),
      "bytes 0102",
    ],
    [
      "a record for struct",
      POSITION as Codec<never>,
      { x: 1, y: -1 },
      Uint8Array.of(1, 0, 255, 255),
      "bytes 0100ffff",
    ],
  ];

  test.each(rows)(
    "%s, both ways, each by itself in a frame of several",
    async (_, codec, message, sent, seen) => {
      const rig = new Rig(codec);
      const { ws, connection, received } = await rig.peer();
      for (let count = 0; count < 3; count++) ws.send(sent);
      const taken: unknown[] = [];
      await rig.until(() => {
        for (const one of connection) taken.push(one);
        return taken.length === 3;
      });
      expect(taken).toEqual([message, message, message]);
      for (let count = 0; count < 3; count++) expect(connection.trySend(message as never)).toBe(true);
      await rig.until(() => received.length === 3);
      expect(received).toEqual([seen, seen, seen]);
      expect(rig.listener.broadcast(message as never)).toBe(1);
      await rig.until(() => received.length === 4);
      expect(received[3]).toBe(seen);
    },
  );

  test("also for a client, towards a foreign server", async () => {
    const foreign = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    endings.push(() => foreign.close());
    await once(foreign, "listening");
    const url = `ws://127.0.0.1:${(foreign.address() as AddressInfo).port}`;
    const peers: ReturnType<typeof peerOf>[] = [];
    foreign.on("connection", (ws) => peers.push(peerOf(ws)));
    const rig = new Rig(json());
    const client = rig.net.connect(websocket(url, { framing: "message" }), json());
    client.trySend({ op: "subscribe" });
    client.trySend({ op: "publish" });
    await rig.until(() => peers[0]?.received.length === 2);
    expect(peers[0]?.received).toEqual(['text {"op":"subscribe"}', 'text {"op":"publish"}']);
    peers[0]?.ws.send('{"id":1}');
    peers[0]?.ws.send(text('{"id":2}'));
    const taken: unknown[] = [];
    await rig.until(() => {
      for (const one of client) taken.push(one);
      return taken.length === 2;
    });
    expect(taken).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test("also when a JSON value is written over several lines", async () => {
    const rig = new Rig(json());
    const { ws, connection } = await rig.peer();
    ws.send(JSON.stringify({ op: "move", to: [1, 2] }, null, 2));
    let taken: unknown;
    await rig.until(() => (taken = connection.tryRecv()) !== undefined);
    expect(taken).toEqual({ op: "move", to: [1, 2] });
    ws.send("1\n2");
    await rig.until(() => {
      connection.tryRecv();
      return rig.closes.length === 1;
    });
    expect(rig.closes[0]).toMatchObject({ kind: "protocol" });
  });

  test("of any size under the limits, also over the 64 KiB that cut a stream", async () => {
    const rig = new Rig(lines({ maxLineBytes: 300_000 }));
    const { ws, connection, received } = await rig.peer();
    const long = "é".repeat(150_000);
    ws.send(long);
    let taken: string | undefined;
    await rig.until(() => (taken = connection.tryRecv()) !== undefined);
    expect(taken).toBe(long);
    for (const word of ["a", long, "b"]) connection.trySend(word);
    await rig.until(() => received.length === 3);
    expect(received).toEqual(["text a", `text ${long}`, "text b"]);
  });

  test("that a newer one of its key may replace while it waits", async () => {
    const rig = new Rig(lines());
    const { connection, received } = await rig.peer();
    connection.trySend("first");
    for (const place of ["1", "22", "333"]) connection.trySendLatest("place", place);
    connection.trySendLatest("other", "4");
    await rig.until(() => received.length === 3);
    expect(received).toEqual(["text first", "text 333", "text 4"]);
  });

  test("for each peer of a broadcast, behind what was for it alone", async () => {
    const rig = new Rig(lines());
    const [one, two] = [await rig.peer(), await rig.peer()];
    one.connection.trySend("alone");
    for (const word of ["all", "of you"]) rig.listener.broadcast(word);
    await rig.until(() => one.received.length === 3 && two.received.length === 2);
    expect(one.received).toEqual(["text alone", "text all", "text of you"]);
    expect(two.received).toEqual(["text all", "text of you"]);
  });

  test("which must hold a whole message of the codec: half a record ends the connection", async () => {
    const rig = new Rig(POSITION);
    const { ws } = await rig.peer();
    ws.send(Uint8Array.of(0, 1, 0, 2));
    ws.send(Uint8Array.of(0, 1, 0));
    await rig.until(() => {
      rig.accepted[0]?.tryRecv();
      return rig.closes.length === 1;
    });
    expect(rig.closes[0]).toMatchObject({ kind: "protocol" });
  });

  test("under the codec's limit, maxMessageBytes and maxPayloadBytes", async () => {
    for (const [codec, options, code] of [
      [lengthPrefixed({ maxMessageBytes: 4 }), {}, "maxMessageBytes"],
      [lines({ maxLineBytes: 4 }), {}, "maxLineBytes"],
      [lines(), { maxMessageBytes: 4 }, "maxMessageBytes"],
    ] as const) {
      const rig = new Rig(codec as Codec<unknown, never>, options);
      const { ws } = await rig.peer();
      ws.send("12345");
      await rig.until(() => rig.closes.length === 1);
      expect(rig.closes[0]).toMatchObject({ kind: "protocol", code });
    }
  });

  test("of a codec of one's own, which needs no methods for whole messages", async () => {
    const pairs: Codec<string> = {
      decoder: () => {
        let held = "";
        return {
          decode(piece, sink) {
            held += new TextDecoder().decode(piece);
            for (; held.length >= 2; held = held.slice(2)) sink.put(held.slice(0, 2), 2);
          },
          end() {
            if (held !== "") throw new Error("half a pair");
          },
        };
      },
      encode: text,
    };
    const rig = new Rig(pairs);
    const { ws, connection, received } = await rig.peer();
    ws.send("abcd");
    const taken: unknown[] = [];
    await rig.until(() => {
      for (const one of connection) taken.push(one);
      return taken.length === 2;
    });
    connection.trySend("xy");
    await rig.until(() => received.length === 1);
    expect(received).toEqual(["bytes 7879"]);
    ws.send("abc");
    await rig.until(() => {
      connection.tryRecv();
      return rig.closes.length === 1;
    });
    expect(rig.closes[0]?.kind).toBe("protocol");
  });
});

describe("a foreign peer that sends messages to a stream", () => {
  test("is told of the option when its message is late, in the reason and in the close frame", async () => {
    const server = await openServer({}, { partialMessageTimeoutMs: 500 });
    const closes: string[] = [];
    server.net.on("close", ({ reason }) => closes.push(`${reason.kind} ${reason.code}: ${reason.message}`));
    const peer = rawPeer(server);
    await server.until(() => server.accepted.length === 1 && peer.ws.readyState === WebSocket.OPEN);
    peer.ws.send('{"op":"move"}');
    await server.until(() => {
      server.now += 10;
      return closes.length === 1 && peer.ending() !== undefined;
    });
    const sentence =
      'the peer did not finish its message within 500 ms: texts without a line break need framing: "message"';
    expect(closes).toEqual([`timeout partialMessageTimeoutMs: ${sentence}`]);
    expect(peer.ending()).toEqual({ code: 3008, text: `tickwire: ${sentence}` });
  });

  test("is told of it in the reason when it leaves, and never when it sent whole lines, or no text", async () => {
    for (const [sent, isTold] of [
      ["hello", true],
      ["he\nllo", true],
      [text("hello"), false],
    ] as const) {
      const server = await openServer();
      const closes: CloseReason[] = [];
      server.net.on("close", ({ reason }) => closes.push(reason));
      const peer = rawPeer(server);
      await server.until(() => server.accepted.length === 1 && peer.ws.readyState === WebSocket.OPEN);
      peer.ws.send(sent);
      peer.ws.close();
      await server.until(() => {
        server.accepted[0]?.tryRecv();
        return closes.length === 1;
      });
      expect(closes[0]?.kind).toBe("protocol");
      expect(closes[0]?.message.includes('framing: "message"')).toBe(isTold);
    }
  });
});
