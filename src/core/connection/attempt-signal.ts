/**
 * The AbortSignal of an attempt to connect: when it aborts, the attempt fails. Once the
 * connection is open it has no effect.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import { onAbort } from "../frame/abort-signals.ts";

/** Calls `fail` when `signal` aborts. Returns a function that forgets the signal, unless it has aborted already. */
export function failOn(signal: AbortSignal, fail: (reason: CloseReason) => void): (() => void) | undefined {
  const abort = () => {
    const message = "the signal ended the attempt to connect";
    fail({ kind: "aborted", message, cause: signal.reason });
  };
  if (!signal.aborted) return onAbort(signal, abort);
  abort();
  return undefined;
}
