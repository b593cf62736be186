/**
 * The server on `node:net`, tuned by hand as far as public calls go: only those
 * that have sent are read, a chunk is decoded at once and cut in place, and
 * what goes to everyone is one buffer, made once and written once per tick.
 * Takes all that came in a frame, and does not check what comes.
 */
import type { Socket } from "node:net";
import type { Point } from "../wire.ts";
import { RECORD_BYTES } from "../wire.ts";
import { host } from "./host.ts";
import { listening } from "./listening.ts";
import type { Take } from "./server.ts";

/** What one client has sent. */
interface Inbox {
  /** Puts the bytes away. */
  put(chunk: Buffer): void;
  /** Gives all whole messages to the game. */
  takeAll(take: Take): void;
}

await host(async ({ contestant }) => {
  const sockets = new Set<Socket>();
  const spoken = new Set<Inbox>();
  let outgoing = "";

  const port = await listening((socket) => {
    sockets.add(socket);
    const inbox = contestant.format === "line" ? new Lines() : new Points();
    socket.on("data", (chunk) => {
      inbox.put(chunk);
      spoken.add(inbox);
    });
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });

  return {
    port,
    server: {
      get connections() {
        return sockets.size;
      },
      receive(take) {
        if (spoken.size === 0) return;
        for (const inbox of spoken) inbox.takeAll(take);
        spoken.clear();
      },
      sendToAll(line) {
        outgoing += `${line}\n`;
      },
      flush() {
        if (outgoing === "") return;
        const bytes = Buffer.from(outgoing);
        outgoing = "";
        for (const socket of sockets) socket.write(bytes);
      },
    },
  };
});

class Lines implements Inbox {
  #text = "";

  put(chunk: Buffer): void {
    this.#text += chunk.toString("latin1"); // the protocol is ASCII
  }

  takeAll(take: Take): void {
    const text = this.#text;
    let from = 0;
    for (let to: number; (to = text.indexOf("\n", from)) !== -1; from = to + 1) {
      take(this, text.slice(from, to));
    }
    this.#text = from === text.length ? "" : text.slice(from);
  }
}

class Points implements Inbox {
  readonly #point: { -readonly [Field in keyof Point]: Point[Field] } = { x: 0, y: 0, z: 0 };
  #chunks: Buffer[] = [];

  put(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  takeAll(take: Take): void {
    const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    for (; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      this.#point.x = view.getFloat32(at, true);
      this.#point.y = view.getFloat32(at + 4, true);
      this.#point.z = view.getFloat32(at + 8, true);
      take(this, this.#point);
    }
    this.#chunks = at === bytes.length ? [] : [bytes.subarray(at)];
  }
}
