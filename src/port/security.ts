/**
 * What encryption has shown of a peer.
 */

/** How a link is encrypted, and who the peer has proved to be. */
export interface Security {
  /** The version of the protocol, such as `"TLSv1.3"`. */
  readonly protocol: string;
  /** The cipher suite's standard name. */
  readonly cipher: string;
  /** The application protocol that both sides agreed on (ALPN), if any. */
  readonly applicationProtocol: string | undefined;
  /** Whether the peer's certificate is signed by a trusted authority. */
  readonly isAuthorized: boolean;
  /** The peer's certificate; `undefined` when it showed none. */
  readonly peerCertificate: PeerCertificate | undefined;
}

/** What a peer's certificate says. */
export interface PeerCertificate {
  /** The subject's common name; empty when it has none. */
  readonly commonName: string;
  /** The names it is for, as in the certificate: `"DNS:localhost, IP Address:127.0.0.1"`. */
  readonly altNames: string;
  /** The common name of the authority that signed it. */
  readonly issuer: string;
  /** When it begins and ends to be valid, as ISO 8601 in UTC. */
  readonly validFrom: string;
  readonly validTo: string;
  /** SHA-256 over the certificate, in hexadecimal pairs with colons. */
  readonly fingerprint256: string;
}
