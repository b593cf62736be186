/**
 * A fast path: all accepted sockets read into one shared buffer. By default
 * Node allocates 64 KiB for each 'data' chunk, then shrinks and later collects
 * it. `connect` has the `onread` option against that, `createServer` has none.
 * So this file sets the fields on an accepted socket that `onread` would set,
 * and is the only one that knows their names.
 *
 * It saves a quarter of the total CPU time of a server with 1,000 connections
 * that send a line per tick. If Node's internals are not as expected here,
 * nothing is changed, and 'data' events arrive as usual.
 */
import type { Socket } from "node:net";
import type { LinkEvents } from "../../port/link.ts";
import { plainCopy } from "./plain-bytes.ts";

/**
 * Delivers the bytes that `socket` reads to `events.received`, lent for the
 * duration of the call. Returns `false`, and has changed nothing, if this
 * version of Node or this socket does not support it; the caller then listens
 * for 'data'. On `true` the socket emits no 'data', and the caller still has to
 * resume it. Call it before the socket's first read.
 */
export function readShared(socket: Socket, events: Pick<LinkEvents, "received">): boolean {
  return share(socket, (sizeBytes) => {
    events.received(first(sizeBytes));
    return true; // go on reading: pausing is left to the socket's own pause(), which handles this mode
  });
}

/**
 * The same for a socket that flows and may have been read before. What comes while it
 * does not flow is kept in it, as by default: it is emitted as 'data' when it flows again, or read
 * at its end, and the reading stops at the socket's own mark. Call {@link readOn} when it was paused.
 */
export function readSharedOrKeep(socket: Socket, events: Pick<LinkEvents, "received">): boolean {
  return share(socket, (sizeBytes) => {
    const isKept = socket.readableFlowing !== true || socket.readableLength > 0;
    if (isKept) return socket.push(plainCopy(first(sizeBytes)));
    events.received(first(sizeBytes));
    return true;
  });
}

/** Has a socket that was paused read on into itself, as others do. */
export function readOn(socket: Socket): void {
  socket.read(0);
}

/** Has the socket read into the buffer, and call `take` with the size of each read; `false` from it stops the reading. */
function share(socket: Socket, take: (sizeBytes: number) => boolean): boolean {
  const { _handle: handle } = socket as unknown as { _handle?: { useUserBuffer?: unknown } | null };
  if (socket.connecting || typeof handle?.useUserBuffer !== "function") return false;
  const fields = socket as unknown as Record<symbol, unknown>;
  fieldNames ??= namesIn(socket);
  if (fieldNames === undefined || fields[fieldNames.buffer] !== null) return false;
  try {
    handle.useUserBuffer(SHARED);
  } catch {
    return false; // a runtime that has the name alone
  }
  fields[fieldNames.buffer] = SHARED;
  fields[fieldNames.callback] = take;
  return true;
}

/** A view of the first bytes of the shared buffer. Short views are cached: a new one takes 40 ns, a line about 300. */
function first(sizeBytes: number): Uint8Array {
  if (sizeBytes > CACHED_BYTES) return SHARED.subarray(0, sizeBytes);
  return (views[sizeBytes] ??= SHARED.subarray(0, sizeBytes));
}

/** The symbols that name the fields, the same in all sockets; `undefined` if this socket lacks them. */
function namesIn(socket: Socket): FieldNames | undefined {
  const symbols = Object.getOwnPropertySymbols(socket);
  const buffer = symbols.find((symbol) => symbol.description === "kBuffer");
  const callback = symbols.find((symbol) => symbol.description === "kBufferCb");
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}

interface FieldNames {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/** The symbols, from the first socket that has them. */
let fieldNames: FieldNames | undefined;
/**
 * As large as one read of Node can be. One buffer is enough: each read is handled before the
 * next one starts. No `Buffer`, whose `slice()` would not copy: see `plain-bytes.ts`.
 */
const SHARED = new Uint8Array(65_536);
/** Views up to this size are cached: more than a player's input in a tick. */
const CACHED_BYTES = 1_024;
const views: Uint8Array[] = [];
