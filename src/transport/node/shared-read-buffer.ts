/**
 * A fast path: all accepted sockets read into one buffer. Node gives every
 * 'data' chunk 64 KiB of its own, to be shrunk and collected; `connect` can be
 * told otherwise (its `onread` option), `createServer` cannot. So this sets on
 * an accepted socket what `onread` would have set, and is the only place that
 * knows how Node names it.
 *
 * It pays with a quarter of the whole CPU of a server with 1,000 connections
 * that send a line per tick. Where Node looks different from what is expected
 * here nothing is changed, and 'data' events come as ever.
 */
import type { Socket } from "node:net";
import type { LinkEvents } from "../../port/link.ts";

/**
 * Tells `received` what `socket` reads, lent for the length of the call.
 * Answers `false`, and has changed nothing, where this Node or this socket
 * cannot: listen to 'data' then. A socket that it can still has to be made to
 * flow, and emits no 'data'. Call it before the socket's first read.
 */
export function readShared(socket: Socket, events: Pick<LinkEvents, "received">): boolean {
  const { _handle: handle } = socket as unknown as { _handle?: { useUserBuffer?: unknown } | null };
  if (socket.connecting || typeof handle?.useUserBuffer !== "function") return false;
  const fields = socket as unknown as Record<symbol, unknown>;
  names ??= namesIn(socket);
  if (names === undefined || fields[names.buffer] !== null) return false;
  fields[names.buffer] = SHARED;
  fields[names.callback] = (sizeBytes: number): boolean => {
    events.received(first(sizeBytes));
    return true; // pausing is the socket's own pause(), which knows of this
  };
  handle.useUserBuffer(SHARED);
  return true;
}

/** The first bytes of what all share. Short views are kept: a new one takes 40 ns, of some 300 that a line takes. */
function first(sizeBytes: number): Uint8Array {
  if (sizeBytes > KEPT_BYTES) return SHARED.subarray(0, sizeBytes);
  return (views[sizeBytes] ??= SHARED.subarray(0, sizeBytes));
}

/** The names of the fields, which are the same in all sockets; `undefined` where this one has none. */
function namesIn(socket: Socket): FieldNames | undefined {
  const symbols = Object.getOwnPropertySymbols(socket);
  const buffer = symbols.find((name) => name.description === "kBuffer");
  const callback = symbols.find((name) => name.description === "kBufferCb");
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}

interface FieldNames {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/** Found in the first socket that has them. */
let names: FieldNames | undefined;
/** What one read can bring, as Node has it. A read is handled before the next one begins. */
const SHARED = Buffer.alloc(65_536);
/** What a player says in a tick. */
const KEPT_BYTES = 1_024;
const views: Uint8Array[] = [];
