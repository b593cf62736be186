/**
 * The endings of a connection: what each one lets leave, and the deadline of that.
 * The manual of `src/core` has the same as a table for users. Decides reasons, and
 * moves nothing; `lifecycle.ts` does.
 *
 *     end, close ──────── "game" ──▶ the queue, the end of the stream, the peer's end ── closeTimeoutMs
 *     the peer's end ──── "peer" ──▶ the last message taken, then the same ───────────── closeTimeoutMs
 *     protocol, overflow  "fault" ─▶ at once: the queue, the end with the reason ─────── faultTimeoutMs
 *     abort, a broken link, a deadline: nothing leaves, and nothing is waited for
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Limits } from "../limits/limits.ts";

/** Who ends a connection in an orderly way. An ending that lets nothing leave is none of them. */
export type Ending =
  /** This side, by `end()` or `close()`. */
  | "game"
  /** The peer, which has ended its stream. */
  | "peer"
  /** The peer, which has broken the rules of the codec, or a limit of this side. */
  | "fault";

/** The limit that bounds how long each ending takes. */
export const LIMIT_OF: Record<Ending, "closeTimeoutMs" | "faultTimeoutMs"> = {
  game: "closeTimeoutMs",
  peer: "closeTimeoutMs",
  fault: "faultTimeoutMs",
};

/** Whether the peer is at fault: it gets a short time to take what was sent before, and no answer. */
export function isFault(reason: CloseReason | undefined): boolean {
  return reason?.kind === "protocol" || reason?.kind === "overflow";
}

/** Whether a stream stopped without its end, so that something may have been lost. */
export function isBroken(reason: CloseReason | undefined): reason is CloseReason {
  return reason !== undefined && reason.kind !== "local" && reason.kind !== "remote";
}

/** The reason of an ending that took its course: this side's own, `local`, unless the peer's stream broke. */
export function finalReasonOf(
  ending: Ending | undefined,
  local: CloseReason,
  reason: CloseReason = local,
): CloseReason {
  return ending === "game" && !isBroken(reason) ? local : reason;
}

/** The reason of a connection that did not open in time. */
export function didNotOpen({ timeoutMs }: Limits): CloseReason {
  const message = `the connection did not open within ${timeoutMs} ms`;
  return { kind: "timeout", code: "timeoutMs", message };
}

/** The reason of a close that took too long: of the bytes that have not left, or of the peer's end, which did not come. */
export function didNotClose({ closeTimeoutMs }: Limits, pendingBytes: number): CloseReason {
  const what =
    pendingBytes > 0
      ? `the peer did not take the last ${pendingBytes} bytes`
      : "the peer did not end its stream";
  return { kind: "timeout", code: "closeTimeoutMs", message: `${what} within ${closeTimeoutMs} ms` };
}

export const LOCAL_CLOSE: CloseReason = { kind: "local", message: "this side closed the connection" };
export const LOCAL_ABORT: CloseReason = { kind: "local", message: "this side aborted the connection" };
