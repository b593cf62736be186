/** The messages between gateways and worlds: what they say of times and of counts. */
import { PLAYER_BYTES, WHO_BYTES } from "./works.ts";

/**
 * Milliseconds of a clock that all processes of this machine share: that of the system, on
 * which `hrtime` is based.
 */
export function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A message with a number, and the time at which it is sent. Used again for the next. */
export class Stamped {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  stamp(sentMs: number, number: number): Uint8Array {
    this.#view.setFloat64(0, sentMs);
    this.#view.setUint32(8, number);
    return this.bytes;
  }
}

export function stampOf(message: Uint8Array): { sentMs: number; number: number } {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  return { sentMs: view.getFloat64(0), number: view.getUint32(8) };
}

/** A count, as a message. */
export function countMessage(count: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, count);
  return bytes;
}

export function countIn(message: Uint8Array): number {
  return new DataView(message.buffer, message.byteOffset, message.byteLength).getFloat64(0);
}

/** The inputs of a frame, in one message: when that was, then whose line each is. */
export class Inputs {
  #bytes = new Uint8Array(65_536);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  count = 0;

  begin(sentMs: number): void {
    this.#view.setFloat64(0, sentMs);
    this.#length = STAMP_BYTES;
    this.count = 0;
  }

  add(player: number, line: Uint8Array): void {
    if (this.#length + WHO_BYTES + line.length > this.#bytes.length) this.#grow();
    this.#view.setUint32(this.#length, player);
    this.#bytes.set(line, this.#length + WHO_BYTES);
    this.#length += WHO_BYTES + line.length;
    this.count++;
  }

  get message(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** How many inputs a message has, each with a line of so many bytes. */
export function inputsIn(message: Uint8Array, lineBytes: number): number {
  return (message.length - STAMP_BYTES) / (WHO_BYTES + lineBytes);
}

/** A world's state: the time of the newest input that it has, and each player. */
export function stateBytes(players: number): number {
  return STAMP_BYTES + players * PLAYER_BYTES;
}

const STAMP_BYTES = 8;
