/**
 * The result of a link's encryption handshake: its parameters and the identity
 * that the peer has proved. Decides nothing about whether to trust the peer.
 */

/** How a link is encrypted, and which identity the peer has proved. */
export interface Security {
  /** The version of the protocol, such as `"TLSv1.3"`. */
  readonly protocol: string;
  /** The standard name of the cipher suite. */
  readonly cipher: string;
  /** The application protocol that both sides agreed on (ALPN), if any. */
  readonly applicationProtocol: string | undefined;
  /** Whether a trusted authority signed the peer's certificate. */
  readonly isAuthorized: boolean;
  /** The peer's certificate; `undefined` when it presented none. */
  readonly peerCertificate: PeerCertificate | undefined;
}

/** The contents of a peer's certificate. */
export interface PeerCertificate {
  /** The common name of the subject; empty when it has none. */
  readonly commonName: string;
  /** The alternative names, as the certificate has them: `"DNS:localhost, IP Address:127.0.0.1"`. */
  readonly altNames: string;
  /** The common name of the authority that signed it. */
  readonly issuer: string;
  /** The start of its validity, in ISO 8601 and UTC. */
  readonly validFrom: string;
  /** The end of its validity, in ISO 8601 and UTC. */
  readonly validTo: string;
  /** The SHA-256 fingerprint, in hexadecimal pairs with colons. */
  readonly fingerprint256: string;
}
