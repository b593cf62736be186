/**
 * A codec for clients that misbehave. Takes the lines as a value, so that a page
 * gives its own.
 */
import type { Codec } from "../../src/codec/codec.ts";

/** A codec for a client that can misbehave: lines, and bytes as they are. */
export function linesOrBytes(text: Codec<string>): Codec<string, string | Uint8Array> {
  return {
    decoder: () => text.decoder(),
    decodeWhole: (bytes, sink) => text.decodeWhole?.(bytes, sink),
    encodeWhole: (message) =>
      typeof message === "string" ? (text.encodeWhole?.(message) ?? text.encode(message)) : message,
    encode: (message) => (typeof message === "string" ? text.encode(message) : message),
  };
}
