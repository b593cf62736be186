/**
 * The events of a link that this side has aborted: of what still comes, its end alone is
 * told.
 */
import type { LinkEvents } from "../../port/link.ts";

/** Events that drop all but `closed`, which goes on to `events`. */
export function closedAlone(events: LinkEvents): LinkEvents {
  return {
    opened: ignore,
    received: ignore,
    partial: ignore,
    suspended: ignore,
    resumed: ignore,
    drained: ignore,
    ended: ignore,
    closed: (reason) => events.closed(reason),
  };
}

function ignore(): void {}
