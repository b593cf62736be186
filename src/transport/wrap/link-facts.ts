/**
 * What a link of a wrapper shows of the link below as it is, but for the time that the
 * wrapper adds to each round trip.
 */
import type { Address } from "../../port/address.ts";
import type { FailedAttempt, Link } from "../../port/link.ts";
import type { PeerClock } from "../../port/peer-clock.ts";
import type { Security } from "../../port/security.ts";
import type { UpgradeRequest } from "../../port/upgrade-request.ts";

/** The facts of a link below. */
export class LinkFacts {
  /** The link below; of a session, that of its newest line. */
  protected inner: Link;

  /** What the wrapper adds to a round trip, in milliseconds. */
  protected get addedRttMs(): number {
    return 0;
  }
  /** This end's address and the peer's, where the wrapper has its own copies of them. */
  protected ownAddresses: readonly [Address | undefined, Address | undefined] = NO_ADDRESSES;
  declare readonly carriesCode?: (code: number) => boolean;

  constructor(inner: Link) {
    this.inner = inner;
    passCarriesCode(inner, this);
  }

  get localAddress(): Address | undefined {
    return this.ownAddresses[0] ?? this.inner.localAddress;
  }

  get remoteAddress(): Address | undefined {
    return this.ownAddresses[1] ?? this.inner.remoteAddress;
  }

  get rttMs(): number | undefined {
    const { rttMs } = this.inner;
    return rttMs === undefined ? undefined : rttMs + this.addedRttMs;
  }

  get frameRttMs(): number | undefined {
    const { frameRttMs } = this.inner;
    return frameRttMs === undefined ? undefined : frameRttMs + this.addedRttMs;
  }

  get failedAttempts(): readonly FailedAttempt[] | undefined {
    return this.inner.failedAttempts;
  }

  get security(): Security | undefined {
    return this.inner.security;
  }

  get protocol(): string | undefined {
    return this.inner.protocol;
  }

  get request(): UpgradeRequest | undefined {
    return this.inner.request;
  }

  get linked(): boolean | undefined {
    return this.inner.linked;
  }

  get downMs(): number | undefined {
    return this.inner.downMs;
  }

  get jitterMs(): number | undefined {
    return this.inner.jitterMs;
  }

  get clock(): PeerClock | undefined {
    return this.inner.clock;
  }

  get unfinishedHint(): string | undefined {
    return this.inner.unfinishedHint;
  }

  get allowHalfOpen(): boolean {
    return this.inner.allowHalfOpen;
  }
}

/** Gives a wrapper of a link, or of an acceptor, the call that only those have that carry goodbyes. */
export function passCarriesCode(inner: Pick<Link, "carriesCode">, wrapper: Pick<Link, "carriesCode">): void {
  if (inner.carriesCode === undefined) return;
  Object.assign(wrapper, { carriesCode: (code: number) => inner.carriesCode?.(code) !== false });
}

const NO_ADDRESSES: readonly [undefined, undefined] = [undefined, undefined];
