/**
 * The header of a message for a link with message borders of its own, such as a
 * WebSocket in `framing: "message"`. What is given to its `write` are messages behind
 * each other, each with a header that the link takes off again:
 *
 *     1 bit: whether it is text │ 31 bits: its size in bytes │ the message
 *
 * So the bytes that wait for a flush need no list of borders beside them. The header
 * never travels.
 */

/** The size of a header. */
export const MESSAGE_HEADER_BYTES = 4;

/** Writes the header of a message of `sizeBytes` bytes to the start of `bytes`. */
export function writeMessageHeader(bytes: Uint8Array, sizeBytes: number, isText: boolean): void {
  bytes[0] = (sizeBytes >>> 24) | (isText ? TEXT : 0);
  bytes[1] = sizeBytes >>> 16;
  bytes[2] = sizeBytes >>> 8;
  bytes[3] = sizeBytes;
}

/** Calls `visit` for each of the messages in `bytes`, whose headers are whole. */
export function visitMessages(
  bytes: Uint8Array,
  visit: (message: Uint8Array, isText: boolean) => void,
): void {
  for (let at = 0; at < bytes.length; ) {
    const [first = 0, second = 0, third = 0, fourth = 0] = bytes.subarray(at, at + MESSAGE_HEADER_BYTES);
    const start = at + MESSAGE_HEADER_BYTES;
    at = start + (((first & ~TEXT) << 24) | (second << 16) | (third << 8) | fourth);
    visit(bytes.subarray(start, at), (first & TEXT) !== 0);
  }
}

const TEXT = 0x80;
