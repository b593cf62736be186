/**
 * What a handshake has agreed on, and the certificate of the peer, as a game reads
 * them. Decides how a certificate is presented: a peer may have written anything
 * into it that its authority signs.
 */
import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { PeerCertificate, Security } from "../../port/security.ts";
import { UNREADABLE } from "./error-codes.ts";

/**
 * How a TLS socket is encrypted, once it is open.
 *
 * @throws Error with the code {@link UNREADABLE} when the socket is closed already, or the certificate cannot be read
 * @internal
 */
export function securityOf(socket: Socket): Security {
  const secure = socket as TLSSocket; // a link in plain text has no `securityOf`
  try {
    const certificate = secure.getPeerX509Certificate();
    return {
      protocol: secure.getProtocol() ?? "",
      cipher: secure.getCipher().standardName,
      applicationProtocol: secure.alpnProtocol || undefined,
      // Node 20 and 22 call a resumed TLS 1.3 session authorized, also one that never had a certificate.
      isAuthorized: secure.authorized && certificate !== undefined,
      peerCertificate: certificate && readable(certificate),
    };
  } catch (cause) {
    throw Object.assign(new Error((cause as Error).message, { cause }), { code: UNREADABLE });
  }
}

function readable(certificate: X509Certificate): PeerCertificate {
  return {
    commonName: commonNameIn(certificate.subject),
    altNames: certificate.subjectAltName ?? "",
    issuer: commonNameIn(certificate.issuer),
    validFrom: dateIn(certificate.validFrom),
    validTo: dateIn(certificate.validTo),
    fingerprint256: certificate.fingerprint256,
  };
}

/** A date in ISO 8601. Text that is no date stays as it is, since a certificate may contain anything. */
function dateIn(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

/**
 * The first common name in a subject. Node writes a subject with one part per line,
 * or several joined by ` + `, and escapes everything in a value that could pass for
 * either (RFC 2253, 2.4).
 */
function commonNameIn(subject: string | undefined): string {
  const written = subject?.match(COMMON_NAME)?.[1] ?? "";
  return written.replace(ESCAPED, (_, hex: string | undefined, character: string) =>
    hex === undefined ? character : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const COMMON_NAME = /(?:^| \+ )CN=((?:\\.|[^\\\n])*?)(?= \+ |$)/m;
const ESCAPED = /\\(?:([0-9A-F]{2})|(.))/g;
