/**
 * Bytes from Node as plain `Uint8Array`s. Node gives each piece of a stream, each
 * datagram and each WebSocket message as a `Buffer`, which is a subclass: its
 * `slice()` is a view, where that of a `Uint8Array` is a copy. A codec that keeps
 * such a slice of lent bytes would find other bytes in it later, perhaps those of
 * another peer. So no `Buffer` leaves this folder for the core, and none is taken
 * at its word. Knows no sockets.
 */

/** The same memory as a plain `Uint8Array`; `bytes` itself when it is one. */
export function plainView(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array
    ? bytes
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A copy of `bytes`, in memory of its own, whatever subclass they are of. */
export function plainCopy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes); // the constructor copies; slice() of a subclass may not
}
