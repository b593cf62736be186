/**
 * What guards a connection, as the connection knows it: an interface only, so
 * that a page need not load what it does without.
 */

/** The guard of one connection. */
export interface Guard {
  /**
   * Something was filed here: looks at it, once a frame. Answers whether the
   * next frames need not, as long as words of the peer are all that is new.
   */
  look(): boolean;
  /** What was queued was flushed, as far as the link took it. */
  flushed(): void;
}
