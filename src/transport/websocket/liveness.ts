/**
 * The options that both ends of a WebSocket have in Node: the largest message, and
 * how a dead peer is found. Checks them, and gives them to ws in its words. Sends
 * nothing; `heartbeat.ts` does.
 */
import { type Checks, deadline, isWholeNumber, milliseconds } from "../../check.ts";
import type { HeartbeatOptions } from "./heartbeat.ts";

/** Options of both ends in Node: the largest message, and how a dead peer is found. */
export interface LivenessOptions {
  /**
   * The size of the largest WebSocket message that is received, in bytes; 1 MiB by
   * default. The peer can make this side buffer that much before a codec sees
   * it. A tickwire peer sends at most 64 KiB in one message; others may send
   * more. A larger message closes the connection with `overflow`, as does one in
   * so many pieces that each carries less than 64 bytes.
   */
  readonly maxPayloadBytes?: number;
  /**
   * How often the peer is pinged, in milliseconds of polled time; 10,000 by default,
   * well below the half minute after which some routers drop a silent connection.
   * The first ping goes out when the connection has opened. Its answer is
   * `connection.rttMs`. `Infinity` means never.
   */
  readonly pingIntervalMs?: number;
  /**
   * The silence after which the connection closes with `timeout`, in milliseconds
   * of polled time; 30,000 by default, which is three pings without an answer. Any
   * byte ends the silence. Checked every `pingIntervalMs`, and not while this side
   * has paused the connection, nor once it closes. `Infinity` means never, which is
   * the default without pings.
   */
  readonly deadPeerMs?: number;
}

/** The checks of these options, each by itself. @internal */
export const LIVENESS_CHECKS: Checks<LivenessOptions> = {
  maxPayloadBytes: isWholeNumber(1, 2 ** 31 - 1), // ws counts in 32 bits
  pingIntervalMs: (name, value) => {
    if (milliseconds(name, value) >= 1) return;
    throw new RangeError(`${name}: expected milliseconds from 1 up, got ${value}`);
  },
  deadPeerMs: deadline,
};

/** The limits of a WebSocket, as ws takes them. */
export interface WsLimits {
  readonly maxPayload: number;
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
  readonly closeTimeout: number;
  readonly perMessageDeflate: false;
  /** Messages come within the call that ws is given their bytes in: they are lent. */
  readonly allowSynchronousEvents: true;
}

/**
 * The options of both ends, with their defaults; each was checked before.
 *
 * @throws RangeError when `deadPeerMs` is no more than `pingIntervalMs`
 * @internal
 */
export function livenessOf(options: LivenessOptions): { limits: WsLimits; heartbeat: HeartbeatOptions } {
  const { maxPayloadBytes = 1_048_576, pingIntervalMs = 10_000 } = options;
  // Without pings nothing is checked, and a silent peer may be alive.
  const { deadPeerMs = pingIntervalMs === Infinity ? Infinity : 30_000 } = options;
  if (deadPeerMs <= pingIntervalMs && deadPeerMs !== Infinity) {
    throw new RangeError(
      `deadPeerMs: expected more than pingIntervalMs, ${pingIntervalMs}, got ${deadPeerMs}`,
    );
  }
  const maxParts = Math.max(LEAST_PARTS, Math.ceil(maxPayloadBytes / PART_BYTES));
  const limits = {
    maxPayload: maxPayloadBytes,
    maxFragments: maxParts,
    maxBufferedChunks: maxParts,
    closeTimeout: NEVER_MS,
    perMessageDeflate: false,
    allowSynchronousEvents: true,
  } as const;
  return { limits, heartbeat: { pingIntervalMs, deadPeerMs } };
}

/** What a piece of an unfinished message costs in memory beside its bytes, at least. */
const PART_BYTES = 64;
/** Enough for any small message that comes byte by byte. */
const LEAST_PARTS = 1_024;
/** The longest that a timer can wait: the core has the deadlines, and ws must not cut a close before them. */
const NEVER_MS = 2 ** 31 - 1;
