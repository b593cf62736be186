/**
 * What a link of a wrapper shows of the link below as it is. What a wrapper changes
 * is not here.
 */
import type { FailedAttempt, Link } from "../../port/link.ts";
import type { Security } from "../../port/security.ts";
import type { UpgradeRequest } from "../../port/upgrade-request.ts";

/** The facts of a link below. */
export class LinkFacts {
  /** The link below. */
  protected readonly inner: Link;

  constructor(inner: Link) {
    this.inner = inner;
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

  get unfinishedHint(): string | undefined {
    return this.inner.unfinishedHint;
  }

  get allowHalfOpen(): boolean {
    return this.inner.allowHalfOpen;
  }
}
