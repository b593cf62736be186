/**
 * What Node's error codes mean, as close reasons. The one place that knows
 * both. Codes: https://nodejs.org/docs/latest-v20.x/api/errors.html#common-system-errors
 */
import type { CloseKind, CloseReason } from "../core/link.ts";

/** The close reason that an error from Node stands for. */
export function reasonOf(error: Error & { readonly code?: string | undefined }): CloseReason {
  // A connect that tried several addresses reports one error with all of them inside.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const code = error.code ?? (first as { readonly code?: string } | undefined)?.code;
  if (code === undefined) return { kind: "failed", message: error.message, cause: error };
  const known = KNOWN.get(code);
  const message = `${known?.[1] ?? "the system reported an error"} (${error.message || code})`;
  return { kind: known?.[0] ?? "failed", message, code, cause: error };
}

const KNOWN = new Map<string, [kind: CloseKind, sentence: string]>([
  ["ECONNRESET", ["reset", "the peer reset the connection"]],
  ["EPIPE", ["reset", "the peer was gone when this side wrote"]],
  ["ECONNABORTED", ["reset", "the connection was cut"]],
  ["ENOTCONN", ["reset", "the connection was gone"]],
  ["ECONNREFUSED", ["refused", "nobody listens there"]],
  ["ENOENT", ["refused", "nobody listens there: nothing is at that path"]],
  ["EHOSTUNREACH", ["unreachable", "no way leads to that host"]],
  ["EHOSTDOWN", ["unreachable", "that host is down"]],
  ["ENETUNREACH", ["unreachable", "no way leads to that network"]],
  ["ENETDOWN", ["unreachable", "the network is down"]],
  ["EADDRNOTAVAIL", ["unreachable", "this machine does not have that address"]],
  ["EAFNOSUPPORT", ["unreachable", "this machine does not speak that address family"]],
  ["ENOTFOUND", ["unknown-host", "that name has no address"]],
  ["EAI_AGAIN", ["unknown-host", "the name could not be looked up now"]],
  ["EAI_NODATA", ["unknown-host", "that name has no address of the wanted family"]],
  ["EADDRINUSE", ["address-in-use", "another program listens on that address"]],
  ["EACCES", ["denied", "the system does not allow that address"]],
  ["EPERM", ["denied", "the system does not allow it"]],
  ["ETIMEDOUT", ["timeout", "the peer did not answer"]],
]);
