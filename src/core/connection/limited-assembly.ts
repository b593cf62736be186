/**
 * The parts of a connection to an untrusted peer: the plain parts, a monitor of
 * the peer, and policies for limits that are exceeded. Decides nothing.
 */
import { type Decoder, REPLY, UNREAD } from "../../codec/codec.ts";
import { LossRecorder } from "../frame/loss-recorder.ts";
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import { connectionCounters } from "../frame/stats.ts";
import type { Limits } from "../limits/limits.ts";
import type { PeerLimits } from "../limits/peer-limits.ts";
import { Ingress, type Input } from "../receive/ingress.ts";
import { LimitedDecoder } from "../receive/limited-decoder.ts";
import { needsPolicy, pauseBytesOf, ReceivePolicy } from "../receive/receive-policy.ts";
import { Receiver } from "../receive/receiver.ts";
import { BroadcastPart } from "../send/broadcast-part.ts";
import { Outbox } from "../send/outbox.ts";
import { Replies, type RepliesParts } from "../send/replies.ts";
import { SendBuffer } from "../send/send-buffer.ts";
import { Sender } from "../send/sender.ts";
import { UnsentAge } from "../send/unsent-age.ts";
import { FrameQueue } from "../storage/frame-queue.ts";
import { RecordQueue } from "../storage/record-queue.ts";
import { type ConnectionFactory, decoderOf } from "./assembly.ts";
import { Lifecycle } from "./lifecycle.ts";
import { PeerMonitor } from "./peer-monitor.ts";
import { PeerTimers } from "./peer-timers.ts";

/**
 * Makes connections under these limits; all of them share the one limits object.
 * No object is spread here: in V8 each spread object gets a hidden class of its
 * own. Two spreads cost 4 of the 9 KiB that the core allocated for a connection,
 * and a third of the time to make it; in Node 20 a third spread made each send
 * take five times as long.
 */
export function limitedConnections(limits: Limits & PeerLimits): ConnectionFactory {
  const { sendLimitBytes, sendOverflow, maxMessageBytes } = limits;
  const dropsOldest = sendOverflow === "drop-oldest";
  const hasPolicy = needsPolicy(limits);
  return (owner, link, codec) => {
    const { context, listener } = owner;
    const stats = connectionCounters();
    const recorder = owner.listener?.recorder ?? owner.context.recorder;
    const losses = hasPolicy || dropsOldest ? new LossRecorder(stats, owner) : undefined;
    const age = new UnsentAge(limits.unsentTimeoutMs / AGE_MARKS, context);
    const outbox = new Outbox({
      link,
      buffer: new SendBuffer(context.buffers),
      limitBytes: sendLimitBytes,
      age,
      part: dropsOldest || listener === undefined ? undefined : new BroadcastPart(),
      onDrop: losses !== undefined && dropsOldest ? onDropOf(owner, losses) : undefined,
    });
    const decoder = decoderOf(codec, link);
    const input = inputOf(decoder, maxMessageBytes);
    const ingress = new Ingress({ owner, link, input, limitBytes: pauseBytesOf(limits) });
    const lifecycle = new Lifecycle({ owner, link, ingress, outbox, limits });
    const policy =
      losses !== undefined && hasPolicy
        ? new ReceivePolicy({ owner, ingress, limits, losses, lifecycle })
        : undefined;
    const receiver = new Receiver({ owner, ingress, recorder, stats, policy });
    const onRefused = sendOverflow === "close" ? onRefusedOf(lifecycle, sendLimitBytes) : undefined;
    const sender = new Sender({ owner, codec, lifecycle, outbox, recorder, stats, onRefused });
    const replies = repliesOf(decoder, {
      owner,
      lifecycle,
      outbox,
      limitBytes: sendLimitBytes,
      recorder,
      stats,
    });
    const timers = new PeerTimers({ owner, link, ingress, lifecycle, age, limits });
    const monitor = new PeerMonitor({ owner, ingress, receiver, outbox, lifecycle, timers, losses, stats });
    return { ingress, receiver, sender, outbox, lifecycle, stats, monitor, replies };
  };
}

/** Takes the answers of a codec that answers by itself; others have none. */
function repliesOf<Member extends ConnectionRef>(
  decoder: Decoder<unknown>,
  parts: RepliesParts<Member>,
): Replies<Member> | undefined {
  if (decoder[REPLY] === undefined) return undefined;
  const replies = new Replies(parts);
  decoder[REPLY]((bytes) => replies.keep(bytes));
  return replies;
}

/** Messages of a codec that can read them later wait as bytes. */
function inputOf<In>(decoder: Decoder<In>, maxMessageBytes: number): Input<In> {
  if (maxMessageBytes !== Infinity) {
    return { decoder: new LimitedDecoder(decoder, maxMessageBytes), inbox: new FrameQueue() };
  }
  const unread = decoder[UNREAD]?.();
  if (unread === undefined) return { decoder, inbox: new FrameQueue() };
  return { decoder: unread, inbox: new RecordQueue(unread.reader) };
}

// Separate functions make the callbacks, so that a connection without one keeps no closure.

/** Counts each message that is dropped; the next poll reports it. */
function onDropOf<Member extends ConnectionRef>(
  { member }: ConnectionOwner<Member>,
  losses: LossRecorder<Member>,
): () => void {
  return () => {
    losses.count(0, 1);
    member.markDirty();
  };
}

/** Ends the connection when a message has no room. */
function onRefusedOf<Member extends ConnectionRef>(
  lifecycle: Lifecycle<Member>,
  sendLimitBytes: number,
): () => void {
  const message = `the peer took too little: more than ${sendLimitBytes} bytes would wait`;
  return () => lifecycle.fault({ kind: "overflow", code: "sendLimitBytes", message });
}

/** The number of marks for the age of unsent bytes: precise to a second in a minute. */
const AGE_MARKS = 64;
