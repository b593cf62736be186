/** A codec for records of three float32, 12 bytes each, as a user writes one. */
import type { Codec } from "../../../src/index.ts";
import { type Point, RECORD_BYTES } from "../wire.ts";

/** Records come in, lines go out. */
export function points(): Codec<Point, string> {
  return {
    encode: (line) => Buffer.from(`${line}\n`),
    decoder() {
      const record = new Uint8Array(RECORD_BYTES);
      let filled = 0;
      return {
        decode(bytes, sink) {
          let at = 0;
          if (filled > 0) {
            at = Math.min(RECORD_BYTES - filled, bytes.length);
            record.set(bytes.subarray(0, at), filled);
            filled += at;
            if (filled < RECORD_BYTES) return;
            sink.put(pointAt(viewOf(record), 0), RECORD_BYTES);
          }
          const view = viewOf(bytes);
          for (; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
            sink.put(pointAt(view, at), RECORD_BYTES);
          }
          record.set(bytes.subarray(at));
          filled = bytes.length - at;
        },
      };
    },
  };
}

function pointAt(view: DataView, at: number): Point {
  return { x: view.getFloat32(at, true), y: view.getFloat32(at + 4, true), z: view.getFloat32(at + 8, true) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
