/**
 * What a peer needs of its end of the network, whichever end it is: `server-end.ts`
 * listens, `client-end.ts` connects.
 */
import type { Conversation, Received, Tally } from "./conversation.ts";
import type { LinkState } from "./shared/changes.ts";

/** One end of the network, in frames. */
export interface End {
  /** Whether this end sends the cube's position to a new peer at once; a connecting end lets the other speak first. */
  readonly speaksFirst: boolean;
  readonly tally: Tally;
  readonly state: LinkState;
  /** The linked peers, and some that are about to go. */
  readonly conversations: ReadonlySet<Conversation>;
  /** Does this frame's work and answers what happened, in order; empty when nothing did, the usual case. */
  frame(nowMs: number): readonly EndEvent[];
}

/** What happened, and in which conversation if in one. */
export interface EndEvent {
  readonly from?: Conversation;
  readonly what: Received;
}
