/**
 * The rooms of one connection, and which of them know each other. Decides
 * nothing.
 */
import type { Codec } from "../codec/codec.ts";
import { Books } from "./books.ts";
import type { Keepers } from "./desk.ts";
import { Intake } from "./intake.ts";
import { Lifeline } from "./lifeline.ts";
import type { Limits } from "./limits.ts";
import type { Link } from "./link.ts";
import { Outbox } from "./outbox.ts";
import { pauseBytesOf, Receiving } from "./receiving.ts";
import { Sending } from "./sending.ts";
import { Watches } from "./watches.ts";

/** What a connection is made of. */
export interface Rooms<Member extends { file(): void }, In, Out> {
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
  /** What of it runs against time. */
  readonly watches: Watches<Member>;
  /** What it counts. */
  readonly books: Books;
}

/** The rooms of a new connection. */
export function roomsOf<Member extends { file(): void }, In, Out>(
  keepers: Keepers<Member>,
  link: Link,
  codec: Codec<In, Out>,
  limits: Limits,
): Rooms<Member, In, Out> {
  const { desk, home, member } = keepers;
  const intakeLimits = { pauseBytes: pauseBytesOf(limits), maxMessageBytes: limits.maxMessageBytes };
  const books = new Books(desk, home);
  const outbox = new Outbox(link, desk.stores, limits);
  const intake = new Intake(link, codec.decoder(), intakeLimits, () => member.file());
  const watches = new Watches({ link, intake, outbox, limits }, keepers);
  const life = new Lifeline({ link, intake, outbox, limits, watches }, keepers);
  const parts = { codec, intake, outbox, books, life, limits };
  const receiving = new Receiving(parts, keepers);
  const sending = new Sending(parts, keepers);
  return { link, intake, receiving, sending, outbox, life, watches, books };
}
