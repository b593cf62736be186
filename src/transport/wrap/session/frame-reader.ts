/**
 * Reads the frames of a line, however its bytes are cut into pieces. The bytes of a stream
 * are handed on as they come, so that a line may die within a frame.
 *
 *     line ── received ──▶ frame reader ── acked, data, ping … ──▶ session
 *
 * What is no frame is the peer's fault, and is said in a sentence. Keeps nothing of what
 * it reads but the head of a frame.
 */
import { FRAME, type FrameType, MOST_TEXT_BYTES, MOST_VARINT } from "./frames.ts";

/** What a reader tells. `false` for what cannot be: the peer's fault. */
export interface FrameEvents {
  /** The peer has taken so many bytes more of this side's stream. */
  acked(sizeBytes: number): boolean;
  /** Bytes of the peer's stream, lent for the duration of the call. */
  data(bytes: Uint8Array): boolean;
  ping(id: number): void;
  pong(id: number, clockMs: number): void;
  echo(id: number): void;
  fin(): boolean;
  bye(code: number, text: string): boolean;
  reset(): void;
}

/** The reader of one line. */
export class FrameReader {
  readonly #events: FrameEvents;
  #part: "type" | "taken" | "length" | "body" = "type";
  #type: FrameType = FRAME.ack;
  #varint = 0;
  #varintBytes = 0;
  /** The bytes of a data frame that have not come. */
  #dataLeft = 0;
  readonly #body = new Uint8Array(3 + MOST_TEXT_BYTES);
  #bodyBytes = 0;
  #bodyLength = 0;
  #isStopped = false;
  #isHeld = false;
  /** How much of the last piece was read: less than all of it when it was held or stopped. */
  readBytes = 0;

  constructor(events: FrameEvents) {
    this.#events = events;
  }

  /** Reads nothing more, also of the piece that is being read. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Reads nothing more until this is undone, also of the piece that is being read. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  /** Reads a piece. Returns what is wrong with it, which is the usual `undefined`. */
  read(bytes: Uint8Array): string | undefined {
    let at = 0;
    while (at < bytes.length && !this.#isStopped && !this.#isHeld) {
      if (this.#dataLeft === 0) {
        const wrong = this.#readByte(bytes[at++] ?? 0);
        if (wrong !== undefined) return wrong;
        continue;
      }
      const end = Math.min(bytes.length, at + this.#dataLeft);
      this.#dataLeft -= end - at;
      if (!this.#events.data(bytes.subarray(at, end))) return "bytes behind the end of its stream";
      at = end;
    }
    this.readBytes = at;
    return undefined;
  }

  #readByte(byte: number): string | undefined {
    switch (this.#part) {
      case "type":
        if (byte < FRAME.data || byte > FRAME.reset) return `a frame of type ${byte}, which is none`;
        this.#type = byte as FrameType;
        this.#part = "taken";
        return undefined;
      case "taken":
      case "length":
        return this.#readVarint(byte);
      case "body":
        return this.#readBody(byte);
    }
  }

  #readVarint(byte: number): string | undefined {
    this.#varint += (byte & 0x7f) * 0x80 ** this.#varintBytes++;
    if (byte > 0x7f && this.#varintBytes < MOST_VARINT_BYTES) return undefined;
    const isShortest = byte !== 0 || this.#varintBytes === 1;
    const value = this.#varint;
    this.#varint = this.#varintBytes = 0;
    if (byte > 0x7f || !isShortest || value > MOST_VARINT) return "a number that is too long";
    if (this.#part === "taken") return this.#taken(value);
    if (value === 0) return "a frame of data without data";
    this.#dataLeft = value;
    this.#part = "type";
    return undefined;
  }

  #taken(sizeBytes: number): string | undefined {
    if (sizeBytes > 0 && !this.#events.acked(sizeBytes)) return "that it has taken more than was sent";
    const bodyLength = BODY_BYTES[this.#type];
    this.#bodyBytes = 0;
    this.#bodyLength = bodyLength;
    this.#part = this.#type === FRAME.data ? "length" : bodyLength > 0 ? "body" : "type";
    if (this.#part !== "type" || this.#isStopped) return undefined;
    if (this.#type === FRAME.fin && !this.#events.fin()) return "a second end of its stream";
    if (this.#type === FRAME.reset) this.#events.reset();
    return undefined;
  }

  #readBody(byte: number): string | undefined {
    const body = this.#body;
    body[this.#bodyBytes++] = byte;
    if (this.#type === FRAME.bye && this.#bodyBytes === BODY_BYTES[FRAME.bye]) {
      if (byte > MOST_TEXT_BYTES) return `a goodbye of ${byte} bytes`;
      this.#bodyLength += byte;
    }
    if (this.#bodyBytes < this.#bodyLength) return undefined;
    this.#part = "type";
    const [id = 0, next = 0] = body;
    switch (this.#type) {
      case FRAME.ping:
        this.#events.ping(id);
        return undefined;
      case FRAME.pong:
        return this.#pong(id);
      case FRAME.echo:
        this.#events.echo(id);
        return undefined;
      default:
        return this.#bye(id | (next << 8));
    }
  }

  #pong(id: number): string | undefined {
    const clockMs = new DataView(this.#body.buffer).getFloat64(1, true);
    if (!(Math.abs(clockMs) <= MOST_CLOCK_MS)) return "a time that is none";
    this.#events.pong(id, clockMs);
    return undefined;
  }

  #bye(code: number): string | undefined {
    let text: string;
    try {
      text = UTF8.decode(this.#body.subarray(3, this.#bodyLength));
    } catch {
      return "a goodbye that is no UTF-8";
    }
    return this.#events.bye(code, text) ? undefined : "a second end of the session";
  }
}

const MOST_VARINT_BYTES = 5;
/** Of a clock in milliseconds: the sums of times beyond it would not be exact, or no numbers at last. */
const MOST_CLOCK_MS = Number.MAX_SAFE_INTEGER;
/** What each type has behind what was taken, without a text and without data. */
const BODY_BYTES: Record<FrameType, number> = {
  [FRAME.data]: 0,
  [FRAME.ack]: 0,
  [FRAME.ping]: 1,
  [FRAME.pong]: 9,
  [FRAME.echo]: 1,
  [FRAME.fin]: 0,
  [FRAME.bye]: 3,
  [FRAME.reset]: 0,
};
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
