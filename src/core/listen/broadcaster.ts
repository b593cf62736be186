/**
 * The broadcasts of a listener: which connections one is for, and that it is encoded
 * once for all of them.
 *
 *     broadcast ──▶ encode ──▶ broadcast buffer ──▶ outbox of each
 *
 * Knows of a connection only its listener and its sender.
 */
import { type Check, type Checks, checkOptions, kindOf } from "../../check.ts";
import type { Codec } from "../../codec/codec.ts";
import { type AnyConnection, Connection } from "../connection/connection.ts";
import { BroadcastBuffer } from "../send/broadcast-buffer.ts";
import type { MessageKey } from "../send/keyed-spans.ts";
import type { BufferPool } from "../storage/buffer-pool.ts";

/** Options of `broadcast` and `broadcastLatest`. */
export interface BroadcastOptions<Member> {
  /** The connections it is for, each once, such as a Set of those in one room; all accepted ones of the listener by default. */
  readonly to?: Iterable<Member>;
  /** A connection that does not get it, or a Set of them. */
  readonly except?: Member | Pick<ReadonlySet<Member>, "has"> | undefined;
  /** A list to which those are added who should have got it and did not: closed, closing, or with a full outbox. */
  readonly undelivered?: Member[];
}

/** The broadcaster of one listener. */
export class Broadcaster<Out> {
  readonly #codec: Codec<unknown, Out>;
  readonly #listener: unknown;
  readonly #connections: Iterable<AnyConnection>;
  /** The broadcast messages, for all connections until they are flushed. */
  readonly #buffer: BroadcastBuffer;

  constructor(listener: BroadcastParent, codec: Codec<unknown, Out>, buffers: BufferPool) {
    this.#listener = listener;
    this.#connections = listener.connections;
    this.#codec = codec;
    this.#buffer = new BroadcastBuffer(buffers);
  }

  /** Queues a message, or replaces one of the same `key`. Returns for how many connections. */
  send(message: Out, options: BroadcastOptions<AnyConnection>, key?: MessageKey): number {
    const isForAll = options === FOR_ALL;
    if (!isForAll) checkOptions(options, BROADCAST_CHECKS);
    const { to, undelivered } = options;
    // A room that is not there, such as of `rooms.get(name)`, must not become everybody.
    if (to === undefined && "to" in options) throw new TypeError("to: expected connections, got undefined");
    const except = isForAll ? undefined : exceptOf(options);
    // Before anything is encoded: the iteration may be the game's code, and may send too.
    const connections = to === undefined ? this.#connections : this.#membersOf(to);
    const encoded = this.#codec.encode(message);
    const buffer = key === undefined ? this.#buffer : undefined;
    buffer?.begin();
    let queued = 0;
    for (const connection of connections) {
      if (except?.has(connection) === true) continue;
      if (connection.sender.trySendEncoded(encoded, key, buffer)) queued++;
      else undelivered?.push(connection);
    }
    return queued;
  }

  #membersOf(to: Iterable<AnyConnection>): readonly AnyConnection[] {
    const members = to instanceof Set ? [...to] : [...new Set(to)]; // each gets it once
    for (const member of members) {
      if (!(member instanceof Connection)) {
        throw new TypeError(`to: expected connections, got ${kindOf(member)} among them`);
      }
      if (member.listener !== this.#listener) {
        throw new TypeError(`to: connection ${member.id} is none of this listener's`);
      }
    }
    return members;
  }
}

/** The listener of a broadcaster. */
interface BroadcastParent {
  readonly connections: Iterable<AnyConnection>;
}

/** Who is left out, as a set; a connection alone is one. */
function exceptOf({ except }: BroadcastOptions<AnyConnection>): Exceptions | undefined {
  return except instanceof Connection ? { has: (connection) => connection === except } : except;
}

const isIterable: Check = (name, value) => {
  if (typeof (value as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] === "function") {
    if (!(value instanceof Connection) && typeof value !== "string") return;
  }
  throw new TypeError(`${name}: expected a Set or another iterable of connections, got ${kindOf(value)}`);
};
const isExceptions: Check = (name, value) => {
  if (typeof (value as Partial<Exceptions> | null)?.has === "function" || value instanceof Connection) return;
  throw new TypeError(`${name}: expected a connection or a Set of them, got ${kindOf(value)}`);
};
const isList: Check = (name, value) => {
  if (!Array.isArray(value)) throw new TypeError(`${name}: expected an array, got ${kindOf(value)}`);
};

type Exceptions = Pick<ReadonlySet<AnyConnection>, "has">;

const BROADCAST_CHECKS: Checks<BroadcastOptions<AnyConnection>> = {
  to: isIterable,
  except: isExceptions,
  undelivered: isList,
};

/** The options of a broadcast to all, which is the usual one. */
export const FOR_ALL: BroadcastOptions<never> = {};
