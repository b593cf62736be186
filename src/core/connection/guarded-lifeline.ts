/**
 * A life that limits can end: while the connection is open its deadlines are
 * those of what the peer does, which others watch.
 */

import type { CloseReason } from "../../port/close-reason.ts";
import { Lifeline } from "./lifeline.ts";
import type { Phase } from "./phase.ts";

/** The life of one guarded connection. */
export class GuardedLifeline<Member extends { file(): void }> extends Lifeline<Member> {
  /** Answers why what the peer does ends the connection, when it is asked in time. Set once, before any frame. */
  wake: () => CloseReason | undefined = () => undefined;

  /** Whether what the peer does is watched; otherwise this step of its life has a deadline of its own. */
  get isWatched(): boolean {
    return TALKING.has(this.phase) || (this.phase === "closing" && this.parts.intake.progress === "closed");
  }

  /** Whether the peer may talk, and nothing else goes on that a frame would have to look at. */
  get isTalking(): boolean {
    return this.phase !== "at the door" && TALKING.has(this.phase) && this.parts.intake.progress === "open";
  }

  override expire(): void {
    if (!this.isWatched) {
      super.expire();
      return;
    }
    const reason = this.wake();
    if (reason !== undefined) this.breakOff(reason);
  }
}

const TALKING: ReadonlySet<Phase> = new Set(["at the door", "open", "ending", "hearing"]);
