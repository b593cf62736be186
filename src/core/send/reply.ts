/**
 * What a codec answers by itself, such as telnet's refusals: queued like a message,
 * but before the game has accepted the connection, too.
 */
import type { Reply } from "../../codec/codec.ts";
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import type { ConnectionStats, Counters } from "../frame/stats.ts";
import type { TrafficRecorder } from "../frame/traffic-recorder.ts";
import type { Outbox } from "./outbox.ts";

/** The parts of a connection that an answer needs. */
interface ReplyParts<Member extends ConnectionRef> {
  readonly owner: ConnectionOwner<Member>;
  readonly lifecycle: { readonly maySend: boolean; readonly isPending: boolean };
  readonly outbox: Outbox;
  /** The most bytes that may wait; an answer that could never fit is lost like one without room. */
  readonly limitBytes: number;
  readonly recorder: TrafficRecorder;
  readonly stats: Counters<ConnectionStats>;
}

/** Makes the way back to the peer for a decoder. */
export function replyBy<Member extends ConnectionRef>(parts: ReplyParts<Member>): Reply {
  const { owner, lifecycle, outbox, limitBytes, recorder, stats } = parts;
  return (bytes) => {
    if (!lifecycle.isPending && !lifecycle.maySend) return false;
    const wasEmpty = outbox.storedBytes === 0;
    if (bytes.length > limitBytes || outbox.push(bytes) === "refused") {
      recorder.refused(stats);
      return false;
    }
    if (wasEmpty) owner.context.queueFlush(owner.member);
    recorder.sent(stats, bytes.length);
    stats.outboxPeakBytes = outbox.peakBytes;
    return true;
  };
}
