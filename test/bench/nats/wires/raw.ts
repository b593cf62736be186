/**
 * What the broker itself carries: clients that cost next to nothing. Messages are bytes that
 * were made before, and whoever hears them counts bytes. Both ways each message has one
 * length, so that a count of bytes is one of messages; and nobody changes what was sent.
 *
 *     PUB world.7 100␍␊ 100 bytes ␍␊   ──▶ broker ──▶   MSG world.7 1 100␍␊ 100 bytes ␍␊
 */
import { once } from "node:events";
import { connect } from "node:net";
import { type Place, type Side, STATE, type Wire, WORLD } from "./wire.ts";

/** @param sizes of what each side sends */
export async function openRaw(
  { servers }: Place,
  side: Side,
  sizes: Readonly<Record<Side, number>>,
): Promise<Wire> {
  const { hostname, port } = new URL(servers);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, "data"); // what the broker says of itself
  const [hears, to] = side === "world" ? [WORLD, STATE] : [STATE, WORLD];
  const answered = once(socket, "data");
  socket.write(`CONNECT {"verbose":false,"pedantic":false}\r\nSUB ${hears} 1\r\nPING\r\n`);
  const [pong] = (await answered) as [Uint8Array];
  if (Buffer.from(pong).toString() !== "PONG\r\n") throw new Error("the broker says more than was asked");
  const sizeBytes = sizes[side === "world" ? "gateway" : "world"];
  const heard = new HeardBytes(`MSG ${hears} 1 ${sizeBytes}\r\n`.length, sizeBytes);
  const head = Buffer.from(`PUB ${to} ${sizes[side]}\r\n`);
  let wake = () => {};
  socket.on("data", (bytes) => {
    heard.put(bytes);
    wake();
  });
  socket.on("drain", () => wake());
  let parts: Uint8Array[] = [];
  /** Whether there was room left in the socket. */
  let isCut = false;
  return {
    port: 0,
    lost: 0,
    activity: () =>
      new Promise<void>((resolve) => {
        if (heard.count > 0 || isCut) setImmediate(resolve);
        else wake = resolve;
      }),
    poll() {},
    trySend(message) {
      isCut = !socket.writableNeedDrain && parts.length >= MOST_PARTS;
      if (isCut || socket.writableNeedDrain) return false;
      parts.push(head, message, CRLF);
      return true;
    },
    take: (on) => heard.take(on),
    flush() {
      if (parts.length > 0) socket.write(Buffer.concat(parts));
      parts = [];
    },
  };
}

/** Messages of one length, in bytes that come in pieces. The last of a frame is shown in the place of each. */
export class HeardBytes {
  count = 0;
  readonly #headBytes: number;
  readonly #wholeBytes: number;
  /** The beginning of the next message. */
  readonly #next: Uint8Array;
  #nextBytes = 0;
  readonly #last: Uint8Array;

  constructor(headBytes: number, sizeBytes: number) {
    this.#headBytes = headBytes;
    this.#wholeBytes = headBytes + sizeBytes + CRLF.length;
    this.#next = new Uint8Array(this.#wholeBytes);
    this.#last = new Uint8Array(this.#wholeBytes);
  }

  put(bytes: Uint8Array): void {
    const wholeBytes = this.#wholeBytes;
    const allBytes = this.#nextBytes + bytes.length;
    if (allBytes < wholeBytes) {
      this.#next.set(bytes, this.#nextBytes);
      this.#nextBytes = allBytes;
      return;
    }
    const end = bytes.length - (allBytes % wholeBytes);
    const start = Math.max(0, end - wholeBytes);
    const beforeBytes = wholeBytes - (end - start);
    this.#last.set(this.#next.subarray(0, beforeBytes));
    this.#last.set(bytes.subarray(start, end), beforeBytes);
    this.#next.set(bytes.subarray(end));
    this.#nextBytes = bytes.length - end;
    this.count += Math.floor(allBytes / wholeBytes);
  }

  take(on: (message: Uint8Array) => void): void {
    const last = this.#last.subarray(this.#headBytes, -CRLF.length);
    for (; this.count > 0; this.count--) on(last);
  }
}

const CRLF = Buffer.from("\r\n");
/** Some hundreds of messages a write. */
const MOST_PARTS = 1_500;
