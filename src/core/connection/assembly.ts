/**
 * The parts of one connection, and the function that assembles them. Decides
 * nothing.
 *
 *     link ──▶ ingress ──▶ receiver ──▶ game
 *     link ◀── outbox ◀─── sender ◀──── game        lifecycle: opens and ends both
 */
import type { Codec, Decoder } from "../../codec/codec.ts";
import type { Link } from "../../port/link.ts";
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import { type ConnectionStats, connectionCounters } from "../frame/stats.ts";
import type { Limits } from "../limits/limits.ts";
import { Ingress } from "../receive/ingress.ts";
import { Receiver } from "../receive/receiver.ts";
import { Outbox } from "../send/outbox.ts";
import type { Replies } from "../send/replies.ts";
import { SendBuffer } from "../send/send-buffer.ts";
import { Sender } from "../send/sender.ts";
import { FrameQueue } from "../storage/frame-queue.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { PeerMonitor } from "./peer-monitor.ts";

/** The parts of a connection. */
export interface ConnectionParts<Member extends ConnectionRef, In, Out> {
  /** Stores the events of the network until the next poll. */
  readonly ingress: Ingress<Member, In>;
  /** Decides which messages a frame shows. */
  readonly receiver: Receiver<Member, In>;
  /** Decides whether a message may be sent. */
  readonly sender: Sender<Member, Out>;
  /** Keeps the bytes that have not left yet. */
  readonly outbox: Outbox;
  /** Decides the phase and the close reason. */
  readonly lifecycle: Lifecycle<Member>;
  /** Counts the traffic. */
  readonly stats: ConnectionStats;
  /** Watches the peer; a page has none. */
  readonly monitor?: PeerMonitor<Member>;
  /** What the codec answers by itself; most codecs have none. */
  readonly replies?: Replies<Member> | undefined;
}

/** Makes the parts of a new connection, under the limits that the factory was made with. */
export type ConnectionFactory = <Member extends ConnectionRef, In, Out>(
  owner: ConnectionOwner<Member>,
  link: Link,
  codec: Codec<In, Out>,
) => ConnectionParts<Member, In, Out>;

/** Makes connections without a monitor, under these limits. */
export function plainConnections(limits: Limits): ConnectionFactory {
  const { receiveLimitBytes, sendLimitBytes } = limits;
  return <Member extends ConnectionRef, In, Out>(
    owner: ConnectionOwner<Member>,
    link: Link,
    codec: Codec<In, Out>,
  ): ConnectionParts<Member, In, Out> => {
    const stats = connectionCounters();
    const recorder = owner.listener?.recorder ?? owner.context.recorder;
    const buffer = new SendBuffer(owner.context.buffers);
    const outbox = new Outbox({ link, buffer, limitBytes: sendLimitBytes });
    const ingress = new Ingress({
      owner,
      link,
      input: { decoder: decoderOf(codec, link), inbox: new FrameQueue<In>() },
      limitBytes: receiveLimitBytes,
    });
    const lifecycle = new Lifecycle({ owner, link, ingress, outbox, limits });
    const receiver = new Receiver({ owner, ingress, recorder, stats });
    const sender = new Sender({ owner, codec, lifecycle, outbox, recorder, stats });
    return { ingress, receiver, sender, outbox, lifecycle, stats };
  };
}

/** Makes a decoder for `link`, which is ended when the codec throws, as nobody else knows it yet. */
export function decoderOf<In>(codec: Codec<In, never>, link: Link): Decoder<In> {
  try {
    return codec.decoder();
  } catch (error) {
    link.abort();
    throw error;
  }
}
