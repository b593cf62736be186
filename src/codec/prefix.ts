/**
 * The formats of a length prefix. Knows numbers and bytes, and no messages.
 */

/** One format of a length prefix. */
export interface Prefix {
  /** The largest length that the format holds. */
  readonly maxValue: number;
  /** The size of the longest prefix, in bytes. */
  readonly maxBytes: number;
  /** Reads the length at the start of `bytes`; `undefined` when more bytes are needed. */
  read(bytes: Uint8Array): number | "too long" | undefined;
  /** Writes `value` at the start of `into`, and returns how many bytes it took. */
  write(value: number, into: Uint8Array): number;
}

/** A format with an unsigned number of `size` bytes in the given byte order. */
export function fixedPrefix(size: 1 | 2 | 4, endian: "big" | "little"): Prefix {
  const shiftOf = (index: number): number => 8 * (endian === "big" ? size - 1 - index : index);
  return {
    maxValue: 2 ** (8 * size) - 1,
    maxBytes: size,
    read(bytes) {
      if (bytes.length < size) return undefined;
      let value = 0;
      for (let index = 0; index < size; index++) value |= (bytes[index] ?? 0) << shiftOf(index);
      return value >>> 0;
    },
    write(value, into) {
      for (let index = 0; index < size; index++) into[index] = value >>> shiftOf(index);
      return size;
    },
  };
}

/**
 * A format with seven bits per byte, lowest first, the high bit set on all bytes
 * but the last (LEB128, https://protobuf.dev/programming-guides/encoding/#varints). At most
 * 32 bits in five bytes.
 */
export const varintPrefix: Prefix = {
  maxValue: 2 ** 32 - 1,
  maxBytes: 5,
  read(bytes) {
    let value = 0;
    for (let index = 0; index < bytes.length; index++) {
      const byte = bytes[index] ?? 0;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (value > 2 ** 32 - 1) return "too long";
      if (byte < 0x80) return value;
      if (index === 4) return "too long";
    }
    return undefined;
  },
  write(value, into) {
    let index = 0;
    for (; value > 0x7f; value = Math.floor(value / 128)) into[index++] = (value % 128) | 0x80;
    into[index++] = value;
    return index;
  },
};
