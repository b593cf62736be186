/**
 * The memory through which the streams of one thread are read and written, and the
 * calls that do it. Nothing is kept in it from one call to the next, but for what a pump
 * has read and not told yet.
 */
import { EAGAIN, EINTR, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_PEEK } from "./layout.ts";
import type { Libc, Memory } from "./libc.ts";

/** The memory of one thread's streams. */
export class StreamMemory {
  /** Where streams are read to: the reads of a pump one behind the other, and then a single one. */
  readonly bytes: Uint8Array;
  readonly address: number;
  readonly #libc: Libc;
  readonly #writes: Memory;

  constructor(libc: Libc) {
    this.#libc = libc;
    const reads = libc.map(PACK_BYTES + READ_BYTES);
    this.bytes = reads.bytes;
    this.address = reads.address;
    this.#writes = libc.map(WRITE_BYTES);
  }

  /** Reads a stream again, to `MORE_AT` in `bytes`. Returns as `ready` is told. */
  readMore(fd: number): number {
    const read = this.#libc.recv(fd, this.address + MORE_AT, READ_BYTES, MSG_DONTWAIT);
    return read < 0 ? -this.#libc.errno() : read;
  }

  /** Reads what a stream has, without taking it. Returns 1, or 0 at the end, or a negative errno. */
  peek(fd: number): number {
    const read = this.#libc.recv(fd, this.#writes.address, 1, MSG_DONTWAIT | MSG_PEEK);
    return read < 0 ? -this.#libc.errno() : read;
  }

  /** Reads and drops what a stream has, up to a megabyte. */
  discard(fd: number): void {
    const { address } = this.#writes;
    for (let more = 4; more > 0 && this.#libc.recv(fd, address, WRITE_BYTES, MSG_DONTWAIT) > 0; more--);
  }

  /** Sends as much as the system takes. Returns how much, or a negative errno when it has failed. */
  send(fd: number, bytes: Uint8Array, from: number): number {
    const libc = this.#libc;
    const { address, bytes: own } = this.#writes;
    let sent = from;
    while (sent < bytes.length) {
      const size = Math.min(bytes.length - sent, WRITE_BYTES);
      own.set(sent === 0 && size === bytes.length ? bytes : bytes.subarray(sent, sent + size));
      const taken = libc.send(fd, address, size, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (taken < 0) {
        const errno = libc.errno();
        if (errno === EINTR) continue;
        return errno === EAGAIN ? sent - from : -errno;
      }
      sent += taken;
      if (taken < size) break;
    }
    return sent - from;
  }
}

/** The largest read, which is also the most by which a receive limit is exceeded. */
export const READ_BYTES = 65_536;
/** Room for a frame of 1,024 short reads, or of 31 of the largest size. */
export const PACK_BYTES: number = 2 ** 21;
/** Where `readMore` reads to: behind what others may still have to be told. */
export const MORE_AT: number = PACK_BYTES;
/** More than most systems take at once. */
const WRITE_BYTES = 2 ** 18;
