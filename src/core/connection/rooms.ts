/**
 * The rooms of one connection, and which of them know each other. Decides
 * nothing.
 */
import type { Codec } from "../../codec/codec.ts";
import type { Link } from "../../port/link.ts";
import type { ConnectionOwner } from "../frame/poll-context.ts";
import { TrafficRecorder } from "../frame/traffic-recorder.ts";
import type { Limits } from "../limits/limits.ts";
import { type Hearer, Intake } from "../receive/intake.ts";
import { Receiving } from "../receive/receiving.ts";
import { Outbox } from "../send/outbox.ts";
import { Sending } from "../send/sending.ts";
import type { Guard } from "./guard.ts";
import { Lifeline } from "./lifeline.ts";

/** Whose rooms they are. */
export interface Dweller extends Hearer {
  /** When something came from the peer last, in polled time. */
  readonly heardMs: number;
}

/** What a connection is made of. */
export interface Rooms<Member extends Dweller, In, Out> {
  readonly link: Link;
  /** What the world says of it. */
  readonly intake: Intake<In>;
  /** What of its messages a frame shows. */
  readonly receiving: Receiving<In>;
  /** What may be sent. */
  readonly sending: Sending<Member, Out>;
  /** What is on its way out. */
  readonly outbox: Outbox;
  /** How it lives and ends. */
  readonly life: Lifeline<Member>;
  /** What it counts. */
  readonly books: TrafficRecorder;
  /** What guards it against its peer; nobody in a page. */
  readonly guard?: Guard;
}

/** Makes the rooms of a new connection, under limits that it knows. */
export type RoomsMaker = <Member extends Dweller, In, Out>(
  owner: ConnectionOwner<Member>,
  link: Link,
  codec: Codec<In, Out>,
) => Rooms<Member, In, Out>;

/** Rooms without a guard, under these limits. */
export function plainRooms(limits: Limits): RoomsMaker {
  return (owner, link, codec) => {
    const { context, listener, member } = owner;
    const books = new TrafficRecorder(context, listener);
    const outbox = new Outbox(link, context.buffers, limits.sendLimitBytes);
    const intake = new Intake(link, codec.decoder(), limits.receiveLimitBytes, member);
    const life = new Lifeline({ link, intake, outbox, limits }, owner);
    const parts = { codec, intake, outbox, books, life, context };
    const receiving = new Receiving(parts, member);
    return { link, intake, receiving, sending: new Sending(parts, owner), outbox, life, books };
  };
}
