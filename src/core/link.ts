/**
 * The port between the core and a transport: one stream of bytes each way.
 *
 *     core ── write, pause, resume, end, abort, pump ──▶ link (the transport's)
 *     core ◀── opened, received, drained, ended, closed ── link
 *
 * A transport implements what is commanded, the core what is told. A transport
 * imports this file and nothing else of the core; the core knows no socket.
 */

/** A value that `poller.listen` and `poller.connect` take: one way to reach others. */
export interface Transport {
  /** Begins to listen. Tells nothing before {@link Door.attach}. */
  listen?(): Door;
  /** Begins to connect. Tells nothing before {@link Link.attach}. */
  connect?(): Link;
  /** Begins to take a place for datagrams. Tells nothing before {@link DatagramLink.attach}. */
  bind?(): DatagramLink;
  /** Work for all that was made of it; transports that share one function share one call. */
  readonly pump?: Pump;
}

/**
 * Work to do at a frame's start, such as delivering what is due. `poll()` calls
 * it first, with the frame's time; who waits for activity calls it once more,
 * with the same time, before the wait.
 *
 * @returns how soon it wants to be called again, in milliseconds, which
 *   `waitForActivity` wakes for; `Infinity` for at the next poll, whenever that
 *   is; `undefined` for never again
 */
export type Pump = (nowMs: number) => number | undefined;

/** One stream of bytes to a peer, as a transport gives it. */
export interface Link {
  /** This end's address; `undefined` until it is open, and where there is none. */
  readonly localAddress: Address | undefined;
  /** The peer's address, kept after the close. */
  readonly remoteAddress: Address | undefined;
  /** Addresses of a name that were tried and did not answer, before one did or none. */
  readonly failedAttempts?: readonly FailedAttempt[] | undefined;
  /** How the link is encrypted, once it is open; `undefined` where it is not. */
  readonly security?: Security | undefined;
  /** Whether this side may go on sending when the peer has finished. */
  readonly allowHalfOpen: boolean;
  /** Says whom to tell. Called once, before anything else; may be answered at once. */
  attach(events: LinkEvents): void;
  /**
   * Sends bytes. `true`: they are gone and the caller may use them again.
   * `false`: the link is behind. They wait in it, it keeps `bytes` and tells
   * `drained`; until it has told of all of them it is given only large batches.
   * It does not write to `bytes`: other links may be given the same.
   */
  write(bytes: Uint8Array): boolean;
  /** Stops `received` soon; the peer is then held back. */
  pause(): void;
  /** Undoes `pause`. */
  resume(): void;
  /**
   * Asks whether the peer is still there, while the link is paused and would not
   * hear its end; `closed` follows where it is known to be gone. A transport
   * that hears it anyway has none.
   */
  probe?(): void;
  /**
   * Sends what was written, then the end of the stream, and waits as long as
   * the transport must so that nothing of it is lost. What still comes is not
   * wanted any more. `closed` follows. `reason` is why this side ends it, for
   * transports that can tell the peer.
   */
  end(reason?: CloseReason): void;
  /** Sends what was written, then the end of the stream, and goes on hearing the peer. */
  endSending(): void;
  /** Drops everything, and tells the peer so where it can: a reset, or `reason`. */
  abort(reason?: CloseReason): void;
  /** Work for this link. Called for one that connects; a guest's is its door's work. */
  pump?(nowMs: number): number | undefined;
}

/** What a transport tells of a link. None of these calls throws. */
export interface LinkEvents {
  /** The connection is there. An accepted link tells it too, first of all. */
  opened(): void;
  /** A piece of the stream came. `bytes` are lent for the length of the call. */
  received(bytes: Uint8Array): void;
  /** So many of the bytes that waited in the link have gone. */
  drained(sizeBytes: number): void;
  /** The peer has sent the end of its stream, and may have said why; this side may still write. */
  ended(reason?: CloseReason): void;
  /** It is over, in both directions; told once, and last. */
  closed(reason: CloseReason): void;
}

/** A listening place, as a transport gives it. */
export interface Door {
  /** Says whom to tell. Called once, before anything else; may be answered at once. */
  attach(events: DoorEvents): void;
  /** Lets nobody in any more, and frees the address. Links that came through it live on. */
  close(): void;
  /** Work for the door and the links that came through it, also when it is closed. */
  pump?(nowMs: number): number | undefined;
}

/** What a transport tells of a door. None of these calls throws. */
export interface DoorEvents {
  /** It is listening, and this is where: the port is known, also when 0 was asked for. */
  listening(address: Address | undefined): void;
  /** A guest came. The core attaches to `link`, or aborts it. */
  arrived(link: Link): void;
  /** A guest was sent away before it became a link, such as by a failed handshake. */
  turnedAway(reason: CloseReason): void;
  /** It listens no more; told once, and last. */
  closed(reason: CloseReason): void;
}

/** One address of a name that did not answer. */
export interface FailedAttempt {
  readonly address: Address;
  readonly reason: CloseReason;
}

/** A question for the addresses of a name, as `poller.lookup` takes it. */
export interface NameQuery {
  /** Asks, and tells one of the two, once, and not before it returns. */
  ask(answer: NameAnswer): void;
}

/** What is told of a {@link NameQuery}. Neither call throws. */
export interface NameAnswer {
  /** At least one address, in the order to try them. */
  found(addresses: readonly Address[]): void;
  failed(reason: CloseReason): void;
}

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

/** A place for datagrams, as a transport gives it. */
export interface DatagramLink {
  /** Says whom to tell. Called once, before anything else; may be answered at once. */
  attach(events: DatagramEvents): void;
  /**
   * Sends one datagram, to the peer it is connected to when `to` is not given.
   * Keeps `bytes`, and tells `sent` when they have gone or failed to.
   */
  send(bytes: Uint8Array, to: Destination | undefined): void;
  /** Joins a multicast group, on the interface with that address or the system's choice; throws what the system says. */
  join(group: string, onInterface?: string): void;
  /** Undoes `join`. */
  leave(group: string, onInterface?: string): void;
  /** Sends what was given, and frees the place. `closed` follows. */
  close(): void;
  /** Work for this place. */
  pump?(nowMs: number): number | undefined;
}

/** What a transport tells of a place for datagrams. None of these calls throws. */
export interface DatagramEvents {
  /** It is there; `remote` is the peer when it is connected. */
  bound(local: Address | undefined, remote: Address | undefined): void;
  /** A datagram came. `bytes` are lent for the length of the call. */
  received(bytes: Uint8Array, from: Address): void;
  /** A datagram of so many bytes has gone, or failed to. */
  sent(sizeBytes: number): void;
  /** The network has reported that a datagram did not arrive. The place lives on. */
  failed(reason: CloseReason): void;
  /** It is over; told once, and last. */
  closed(reason: CloseReason): void;
}

/** Where a datagram is to go. An {@link Address} is one. */
export interface Destination {
  /** An address in numbers; a name is looked up for each datagram, so avoid it. */
  readonly host: string;
  readonly port: number;
}

/** Where an end of a link is. */
export interface Address {
  readonly family: "IPv4" | "IPv6" | "unix" | "memory";
  /** An IP address in numbers, the path of a unix socket, or a name in the world of its family. */
  readonly host: string;
  /** The port; 0 where the family has none. */
  readonly port: number;
}

/** An address as people write it: `127.0.0.1:14900`, `[::1]:14900`, `/run/game.sock`. */
export function formatAddress(address: Address): string {
  if (address.family === "unix") return address.host;
  const host = address.family === "IPv6" ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** Why a connection or a listener is over. */
export interface CloseReason {
  /** The kind of ending, one of a fixed list. */
  readonly kind: CloseKind;
  /** One sentence for a person. */
  readonly message: string;
  /** The system's code where there is one, such as `"ECONNRESET"`, or the name of the limit that was reached. */
  readonly code?: string;
  /** The error behind it where there is one. */
  readonly cause?: unknown;
}

/** Every way to end. */
export type CloseKind =
  /** This side closed or aborted it. */
  | "local"
  /** The peer finished, and all that it sent was delivered. */
  | "remote"
  /** The peer or the network cut it; what was under way is lost. */
  | "reset"
  /** Nobody listens there, or the listener sent us away. */
  | "refused"
  /** No way leads there, or this machine has no such address. */
  | "unreachable"
  /** The name has no address. */
  | "unknown-host"
  /** Somebody listens on that address already. */
  | "address-in-use"
  /** The system does not allow it (a low port, a file's permissions). */
  | "denied"
  /** It took longer than its deadline. */
  | "timeout"
  /** The caller's AbortSignal ended the attempt. */
  | "aborted"
  /** A limit of this side was reached, such as a full accept queue. */
  | "overflow"
  /** The two sides did not come to an agreement on encryption; `code` says why. */
  | "handshake"
  /** The peer sent what the codec does not carry. */
  | "protocol"
  /** Anything else the system reports; `code` says what. */
  | "failed";
