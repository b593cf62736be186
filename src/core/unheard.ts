/**
 * What went wrong and has nobody who listens for it: said once of each kind, with how to
 * listen. Decides what is said; `src/warn.ts` decides where.
 */
import type { CloseReason } from "../port/close-reason.ts";
import { warn } from "../warn.ts";

/** The events that are worth a warning, each with its code. */
const CODES = {
  unlisten: "TICKWIRE_UNLISTEN",
  drop: "TICKWIRE_DROP",
  malformed: "TICKWIRE_MALFORMED",
  unbind: "TICKWIRE_UNBIND",
  unhold: "TICKWIRE_UNHOLD",
} as const;

/** What one poller has warned of. */
export class Unheard {
  readonly #said = new Set<string>();

  /**
   * Warns of an event that nobody has listened for, with `what` happened, for `reason`:
   * once of each event and kind of reason, so that a peer who is dropped by a limit does
   * not silence the first one who is denied.
   */
  say(event: keyof typeof CODES, reason: CloseReason, what = ""): void {
    const key = `${event} ${reason.kind}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    warn(CODES[event], `${what}${reason.message}; listen to "${event}" to hear of each`);
  }
}
