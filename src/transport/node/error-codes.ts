/**
 * What Node's error codes mean, as close reasons. The one place that knows
 * both. Codes: https://nodejs.org/docs/latest-v20.x/api/errors.html#common-system-errors
 */
import type { CloseKind, CloseReason } from "../../port/close-reason.ts";

/** The close reason that an error from Node stands for. */
export function reasonOf(error: Error & { readonly code?: string | undefined }): CloseReason {
  // A connect that tried several addresses reports one error with all of them inside.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const code = error.code ?? (first as { readonly code?: string } | undefined)?.code;
  // OpenSSL's messages go on with a place in its source; `reason` is what a person can use.
  const detail = (error as { readonly reason?: string }).reason ?? error.message.split("\n", 1)[0];
  if (code === undefined) return { kind: "failed", message: detail ?? "", cause: error };
  const known = KNOWN.get(code);
  const isTls = code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_");
  const [kind, sentence] = known ?? (isTls ? HANDSHAKE : UNKNOWN);
  return { kind, message: `${sentence} (${detail || code})`, code, cause: error };
}

type Meaning = readonly [kind: CloseKind, sentence: string];

const UNKNOWN: Meaning = ["failed", "the system reported an error"];
const HANDSHAKE: Meaning = ["handshake", "the two sides did not agree on encryption"];
const NO_TLS: Meaning = ["handshake", "the peer does not speak TLS"];
const UNTRUSTED: Meaning = ["handshake", "no trusted authority has signed the peer's certificate"];
const UNPROVEN: Meaning = ["handshake", "the peer wants a certificate from this side"];

const KNOWN = new Map<string, Meaning>([
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
  ["EMFILE", ["overflow", "this process has no file descriptor left (see ulimit -n)"]],
  ["ENFILE", ["overflow", "this machine has no file descriptor left"]],
  ["EACCES", ["denied", "the system does not allow that address"]],
  ["EPERM", ["denied", "the system does not allow it"]],
  ["CERT_HAS_EXPIRED", ["handshake", "the peer's certificate has expired"]],
  ["CERT_NOT_YET_VALID", ["handshake", "the peer's certificate is not valid yet"]],
  ["ERR_TLS_CERT_ALTNAME_INVALID", ["handshake", "the peer's certificate is for another name"]],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", UNTRUSTED],
  ["SELF_SIGNED_CERT_IN_CHAIN", UNTRUSTED],
  ["UNABLE_TO_GET_ISSUER_CERT", UNTRUSTED],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", UNTRUSTED],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", UNTRUSTED],
  ["EPROTO", NO_TLS],
  ["ERR_SSL_WRONG_VERSION_NUMBER", NO_TLS],
  ["ERR_SSL_HTTP_REQUEST", NO_TLS],
  ["ERR_SSL_PACKET_LENGTH_TOO_LONG", NO_TLS],
  ["ERR_SSL_UNEXPECTED_MESSAGE", NO_TLS],
  ["ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", ["handshake", "the peer showed no certificate"]],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", UNPROVEN],
  ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", ["handshake", "the peer does not accept this side's certificate"]],
  ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", ["handshake", "the peer does not know this side's authority"]],
  ["ERR_TLS_HANDSHAKE_TIMEOUT", ["timeout", "the peer did not finish the handshake in time"]],
  ["ETIMEDOUT", ["timeout", "the peer did not answer"]],
]);
