/**
 * The way from a TLS socket to the TCP socket below it, which Node does not document:
 * `_parent` has been one in every version, and no handshake succeeds without it.
 * (The addresses, which are documented, are gone once the peer is.)
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** The TCP socket under a TLS socket; `undefined` where a runtime shows none. */
export function tcpSocketOf(secure: TLSSocket): Socket | undefined {
  return (secure as { readonly _parent?: Socket | null })._parent ?? undefined;
}
