/**
 * The mapping from Node's error codes to close reasons, for TCP, TLS, UDP, unix
 * sockets and DNS. The only file that knows both. Codes: https://nodejs.org/docs/latest-v20.x/api/errors.html#common-system-errors
 */
import type { CloseKind, CloseReason } from "../../port/close-reason.ts";
import { printable } from "../../port/printable.ts";

/** The close reason for an error from Node. An unknown code becomes the kind `failed`, or `handshake` for TLS. */
export function reasonOf(error: Error & { readonly code?: string | undefined }): CloseReason {
  // A connect that tried several addresses fails with one error that contains theirs.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const code = error.code ?? (first as { readonly code?: string } | undefined)?.code;
  // OpenSSL's messages end in a position in its source; `reason` is the readable part.
  // Either may quote the peer, such as the names in its certificate.
  const said = (error as { readonly reason?: string }).reason ?? error.message.split("\n", 1)[0];
  const detail = printable(said ?? "", DETAIL_CHARACTERS);
  if (code === undefined) return { kind: "failed", message: detail, cause: error };
  const known = KNOWN.get(code);
  const isTls = code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_");
  const [kind, sentence] = known ?? (isTls ? HANDSHAKE : UNKNOWN);
  return { kind, message: `${sentence} (${detail || code})`, code, cause: error };
}

/** Enough for any sentence of the system, and not for a peer's thousand names. */
const DETAIL_CHARACTERS = 300;

type Meaning = readonly [kind: CloseKind, sentence: string];

const UNKNOWN: Meaning = ["failed", "the system reported an error"];
const HANDSHAKE: Meaning = ["handshake", "the two sides did not agree on encryption"];
const NO_TLS: Meaning = ["handshake", "the peer does not speak TLS"];
const UNTRUSTED: Meaning = ["handshake", "no trusted authority has signed the peer's certificate"];
const UNPROVEN: Meaning = ["handshake", "the peer requires a certificate from this side"];

/** The one code that is not Node's: a handshake succeeded, and Node cannot say how. */
export const UNREADABLE = "ERR_TLS_UNREADABLE";

const KNOWN = new Map<string, Meaning>([
  ["ECONNRESET", ["reset", "the peer reset the connection"]],
  ["EPIPE", ["reset", "the peer had closed the connection when this side wrote"]],
  ["ECONNABORTED", ["reset", "the connection was aborted"]],
  ["ENOTCONN", ["reset", "the socket is no longer connected"]],
  ["ECONNREFUSED", ["refused", "nobody listens there"]],
  ["ENOENT", ["refused", "nobody listens there: the path does not exist"]],
  ["EHOSTUNREACH", ["unreachable", "there is no route to that host"]],
  ["EHOSTDOWN", ["unreachable", "that host is down"]],
  ["ENETUNREACH", ["unreachable", "there is no route to that network"]],
  ["ENETDOWN", ["unreachable", "the network is down"]],
  ["EADDRNOTAVAIL", ["unreachable", "this machine does not have that address"]],
  ["EAFNOSUPPORT", ["unreachable", "this machine does not support that address family"]],
  ["ENOTFOUND", ["unknown-host", "that name has no address"]],
  ["EAI_AGAIN", ["unknown-host", "that name cannot be resolved at the moment"]],
  ["EAI_NODATA", ["unknown-host", "that name has no address of the requested family"]],
  ["EAGAIN", ["overflow", "the listener's queue of connections is full"]],
  ["EADDRINUSE", ["address-in-use", "another program listens on that address"]],
  ["EMFILE", ["overflow", "this process has no file descriptor left (see ulimit -n)"]],
  ["ENFILE", ["overflow", "this machine has no file descriptor left"]],
  ["EACCES", ["denied", "the system does not allow that address"]],
  ["EPERM", ["denied", "the system does not allow it"]],
  ["CERT_HAS_EXPIRED", ["handshake", "the peer's certificate has expired"]],
  ["CERT_NOT_YET_VALID", ["handshake", "the peer's certificate is not valid yet"]],
  ["ERR_TLS_CERT_ALTNAME_INVALID", ["handshake", "the peer's certificate is for another name"]],
  [UNREADABLE, ["handshake", "what the peer's certificate says cannot be read"]],
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
  ["ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", ["handshake", "the peer presented no certificate"]],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", UNPROVEN],
  ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", ["handshake", "the peer does not accept this side's certificate"]],
  [
    "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
    ["handshake", "the peer does not trust the authority of this side's certificate"],
  ],
  ["ERR_TLS_HANDSHAKE_TIMEOUT", ["timeout", "the peer did not finish the handshake in time"]],
  ["ETIMEDOUT", ["timeout", "the peer did not answer"]],
]);
