/**
 * What the ws package does not tell of the bytes that a peer sends: how much of an
 * unfinished message has arrived, and the peer's close frame as soon as it is there.
 *
 *     socket ── bytes ──▶ ws ──────────▶ whole messages
 *                └──────▶ FrameReader ─▶ unfinishedBytes, closeFrame
 *
 * Reads the headers of the frames (RFC 6455, section 5.2), and skips what they
 * carry. Refuses nothing: ws does.
 */

/** Reads the frames of one peer. */
export class FrameReader {
  /** The bytes of the message that is under way, headers included; 0 when the last one is whole. */
  unfinishedBytes = 0;
  /** The bytes of all messages so far, without pings, pongs and the close frame. */
  messageBytes = 0;
  /** The peer's close frame; without a code it has 1005. */
  closeFrame: { readonly code: number; readonly text: string } | undefined;

  // The header that is under way, or that of the frame whose payload is.
  #headerBytes = 0;
  #headerEnd = 2;
  #lengthEnd = 2;
  #firstByte = 0;
  #mask = 0;
  /** The bytes of the payload that are still to come. */
  #payloadBytes = 0;
  #isInPayload = false;
  /** The payload of a close frame, at most 125 bytes. */
  #closing: number[] = [];

  /** Reads the next bytes of the peer. */
  read(bytes: Uint8Array): void {
    let at = this.#headerBytes === 0 ? this.#skipShortFrames(bytes) : 0;
    while (at < bytes.length) {
      at = this.#isInPayload ? this.#skipPayload(bytes, at) : this.#readHeader(bytes, at);
    }
  }

  /** Whether the next bytes are whole short messages and nothing else, with nothing under way before them. */
  areWholeMessages(bytes: Uint8Array): boolean {
    if (this.#headerBytes > 0 || this.unfinishedBytes > 0) return false;
    let at = 0;
    while (at + 2 <= bytes.length) {
      const end = endOfShortFrame(bytes, at);
      if (end === -1 || ((bytes[at] as number) & FINAL) === 0) return false;
      at = end;
    }
    return at === bytes.length;
  }

  /**
   * The usual case, a piece of the stream that has whole short messages alone: 16 ns
   * a frame, where byte by byte it is 250. Returns where the first other frame starts.
   */
  #skipShortFrames(bytes: Uint8Array): number {
    let at = 0;
    while (at + 2 <= bytes.length) {
      const end = endOfShortFrame(bytes, at);
      if (end === -1) break;
      const isFinal = ((bytes[at] as number) & FINAL) !== 0;
      this.messageBytes += end - at;
      this.unfinishedBytes = isFinal ? 0 : this.unfinishedBytes + end - at;
      at = end;
    }
    return at;
  }

  #readHeader(bytes: Uint8Array, start: number): number {
    let at = start;
    while (at < bytes.length) {
      this.#takeHeaderByte(bytes[at++] as number);
      if (this.#headerBytes < this.#headerEnd) continue;
      this.#isInPayload = true;
      if (this.#payloadBytes === 0) this.#endFrame();
      break;
    }
    this.#count(at - start);
    return at;
  }

  #takeHeaderByte(byte: number): void {
    const position = this.#headerBytes++;
    if (position === 0) {
      this.#firstByte = byte;
      this.#headerEnd = 2;
    } else if (position === 1) {
      const length = byte & 0x7f;
      this.#lengthEnd = length === 126 ? 4 : length === 127 ? 10 : 2;
      this.#headerEnd = this.#lengthEnd + (byte & 0x80 ? 4 : 0);
      this.#payloadBytes = length < 126 ? length : 0;
      this.#mask = 0;
    } else if (position < this.#lengthEnd) {
      this.#payloadBytes = this.#payloadBytes * 256 + byte;
    } else {
      this.#mask = (this.#mask << 8) | byte;
    }
  }

  #skipPayload(bytes: Uint8Array, start: number): number {
    const end = Math.min(start + this.#payloadBytes, bytes.length);
    if (this.#opcode === CLOSE) this.#collectClosing(bytes, start, end);
    this.#payloadBytes -= end - start;
    if (this.#payloadBytes === 0) this.#endFrame();
    this.#count(end - start);
    return end;
  }

  #endFrame(): void {
    this.#isInPayload = false;
    this.#headerBytes = 0;
    if (this.#opcode === CLOSE) this.closeFrame ??= closeFrameIn(this.#closing);
  }

  /** Counts the bytes of a frame that carries a message, or a part of one. */
  #count(sizeBytes: number): void {
    if (this.#opcode >= CLOSE) return;
    this.messageBytes += sizeBytes;
    const isWhole = this.#headerBytes === 0 && (this.#firstByte & FINAL) !== 0;
    this.unfinishedBytes = isWhole ? 0 : this.unfinishedBytes + sizeBytes;
  }

  #collectClosing(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end && this.#closing.length < MAX_CONTROL_BYTES; at++) {
      const shift = 24 - 8 * (this.#closing.length % 4);
      this.#closing.push((bytes[at] as number) ^ ((this.#mask >>> shift) & 0xff));
    }
  }

  get #opcode(): number {
    return this.#firstByte & 0x0f;
  }
}

/** Where the frame ends that begins with the two bytes at `at`; -1 when it is a long one, not whole, or none of a message. */
function endOfShortFrame(bytes: Uint8Array, at: number): number {
  const second = bytes[at + 1] as number;
  const length = second & 0x7f;
  const end = at + 2 + (second & 0x80 ? 4 : 0) + length;
  const isOther = length >= 126 || ((bytes[at] as number) & 0x0f) >= CLOSE || end > bytes.length;
  return isOther ? -1 : end;
}

function closeFrameIn(payload: readonly number[]): { code: number; text: string } {
  const [high, low, ...text] = payload;
  if (high === undefined || low === undefined) return { code: NO_STATUS, text: "" };
  return { code: high * 256 + low, text: new TextDecoder().decode(Uint8Array.from(text)) };
}

const FINAL = 0x80;
/** The opcode of a close frame; ping and pong are above it, and messages below. */
const CLOSE = 8;
const MAX_CONTROL_BYTES = 125;
const NO_STATUS = 1005;
