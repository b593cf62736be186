/**
 * The broadcasts of a listener: which connections one is for, and that it is encoded
 * once for all of them.
 *
 *     broadcast ──▶ encode ──▶ broadcast buffer ──▶ outbox of each
 *
 * Knows of a connection only its sender.
 */
import { kindOf } from "../../check.ts";
import type { Codec } from "../../codec/codec.ts";
import { type AnyConnection, Connection } from "../connection/connection.ts";
import { BroadcastBuffer } from "../send/broadcast-buffer.ts";
import type { MessageKey } from "../send/keyed-spans.ts";
import type { BufferPool } from "../storage/buffer-pool.ts";

/** The broadcaster of one listener. */
export class Broadcaster<Out> {
  readonly #codec: Codec<unknown, Out>;
  readonly #connections: Iterable<AnyConnection>;
  /** The broadcast messages, for all connections until they are flushed. */
  readonly #buffer: BroadcastBuffer;

  constructor(codec: Codec<unknown, Out>, connections: Iterable<AnyConnection>, buffers: BufferPool) {
    this.#codec = codec;
    this.#connections = connections;
    this.#buffer = new BroadcastBuffer(buffers);
  }

  /** Queues a message for all connections but `except`, or replaces one of the same `key`. Returns for how many. */
  send(message: Out, except: AnyConnection | undefined, key?: MessageKey): number {
    if (except !== undefined && !(except instanceof Connection)) {
      throw new TypeError(`except: expected a connection, got ${kindOf(except)}`);
    }
    const encoded = this.#codec.encode(message);
    const buffer = key === undefined ? this.#buffer : undefined;
    buffer?.begin();
    let queued = 0;
    for (const connection of this.#connections) {
      if (connection !== except && connection.sender.trySendEncoded(encoded, key, buffer)) queued++;
    }
    return queued;
  }
}
