/**
 * Messages that are bytes: what may be sent as one, and what a received one costs.
 * A message is a plain `Uint8Array` with memory of its own. Node's class of bytes
 * is a subclass whose `slice` shares memory, so it may come in and never goes out.
 */
import { kindOf } from "../check.ts";

/**
 * Returns `message` as a plain `Uint8Array`, without a copy.
 *
 * @throws TypeError when it is no `Uint8Array`
 */
export function byteMessage(message: unknown): Uint8Array {
  if (!(message instanceof Uint8Array)) {
    throw new TypeError(`message: expected a Uint8Array, got ${kindOf(message)}`);
  }
  if (Object.getPrototypeOf(message) === Uint8Array.prototype) return message;
  return new Uint8Array(message.buffer, message.byteOffset, message.length);
}

/** The memory that a received message takes: its bytes, and an object with a buffer, of 100 to 200 bytes. */
export function memoryBytesOf(message: Uint8Array): number {
  return message.length + OBJECT_BYTES;
}

const OBJECT_BYTES = 128;
