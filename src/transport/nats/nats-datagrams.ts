/**
 * Datagrams over a broker: a message to a subject reaches whoever has it as a name or has
 * joined it, at most once.
 *
 *     send ──▶ number, as reply subject ──▶ bus.publish ─ … ─ confirmed ──▶ sent
 *     bus ──▶ by which join? ──▶ number: a gap? ──▶ lost, received
 *
 * The payload is the game's alone, so that any client of NATS can talk with a socket. The
 * reply subject says who has sent a message and as its how many-th, and leads back. It is
 * what the sender says: one that leads to the broker's own subjects is taken for none.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramEvents, DatagramLink, Destination } from "../../port/datagram-link.ts";
import { problemOfDestination, problemOfGroup } from "../../port/subject.ts";
import type { Bus, BusSubscription, BusUser } from "./bus.ts";
import type { BusMessage } from "./client.ts";
import { type Join, Joins } from "./joins.ts";
import { ReceivedNumbers, SentNumbers } from "./numbers.ts";
import { addressOf, answerTo, newLinkId, numberIn } from "./senders.ts";

/** One socket of a bus. */
export class NatsDatagrams implements DatagramLink, BusUser {
  readonly #bus: Bus;
  readonly #name: string;
  readonly #id: string = newLinkId();
  /** What the reply subjects begin with, before the instance. */
  readonly #replyHead: string;
  readonly #joins = new Joins<BusSubscription>();
  readonly #sent = new SentNumbers();
  readonly #received = new ReceivedNumbers();
  /** Whether something was left since something was joined: what was sent meanwhile is not lost. */
  #hasLeft = false;
  #answers: BusSubscription | undefined;
  #events: DatagramEvents | undefined;
  #state: "starting" | "open" | "closing" | "closed" = "starting";
  /** The sizes of the datagrams that the broker has not confirmed. */
  #unconfirmed: number[] = [];
  /** How many of them the next question is for; it is asked after the flush. */
  #isAsking = false;

  constructor(bus: Bus, name: string | undefined) {
    this.#bus = bus;
    this.#name = name ?? `_INBOX.${newLinkId()}`;
    this.#replyHead = `${this.#name}._tw.${this.#id}.`;
  }

  attach(events: DatagramEvents): void {
    this.#events = events;
    this.#hear(this.#name, undefined, (reason) => this.#finish(reason));
    this.#answers = this.#bus.subscribe(`${this.#replyHead}*.*`, undefined, (message) =>
      this.#answered(message),
    );
    this.#bus.use(this);
  }

  refuse(to: Destination): string | undefined {
    return problemOfDestination(to, false);
  }

  refuseGroup(group: string, queue?: string): string | undefined {
    return problemOfGroup(group, queue);
  }

  send(bytes: Uint8Array, to: Destination | undefined): void {
    const problem = this.#problemOfSending(bytes, to);
    if (to === undefined || problem !== undefined) {
      this.#events?.sent(bytes.length);
      this.#events?.failed(problem ?? NOT_CONNECTED);
      return;
    }
    this.#bus.publish(to.host, bytes, this.#replyHead + this.#sent.next(to.host));
    this.#unconfirmed.push(bytes.length);
    if (this.#isAsking) return;
    this.#isAsking = true;
    queueMicrotask(() => this.#askToConfirm());
  }

  join(pattern: string, queue?: string): void {
    if (this.#hasLeft) this.#received.forget((subject) => this.#joins.receives(subject));
    this.#hasLeft = false;
    this.#hear(pattern, queue, (reason) => this.#events?.trouble(reason));
  }

  leave(pattern: string, queue?: string): void {
    if (pattern === this.#name && queue === undefined) return; // its own name is no join
    const subscription = this.#joins.remove(pattern, queue);
    this.#hasLeft ||= subscription !== undefined;
    subscription?.end();
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closing";
    if (this.#unconfirmed.length === 0) this.#finish(CLOSED_LOCALLY);
  }

  abort(): void {
    this.#finish(CLOSED_LOCALLY);
  }

  // The events of the bus.

  opened(): void {
    if (this.#state !== "starting") return;
    this.#state = "open";
    this.#events?.bound(addressOf(this.#name), undefined);
  }

  trouble(reason: CloseReason): void {
    this.#events?.trouble(reason);
  }

  suspended(reason: CloseReason): void {
    this.#joins.askAgain();
    this.#events?.trouble(reason);
    this.#events?.suspended();
    // The numbers tell their receivers which of these have not come.
    this.#confirmed(this.#unconfirmed.length);
  }

  resumed(): void {
    this.#events?.resumed();
  }

  closed(reason: CloseReason): void {
    this.#finish(reason);
  }

  #problemOfSending({ length }: Uint8Array, to: Destination | undefined): CloseReason | undefined {
    if (to === undefined) return NOT_CONNECTED;
    if (!this.#bus.isOpen) return AWAY;
    const mostBytes = this.#bus.maxPayloadBytes;
    if (length <= mostBytes) return undefined;
    const message = `${length} bytes are over the broker's max_payload, ${mostBytes}`;
    return { kind: "overflow", code: "max_payload", message };
  }

  #askToConfirm(): void {
    this.#isAsking = false;
    const count = this.#unconfirmed.length;
    if (count > 0) this.#bus.confirm(() => this.#confirmed(count));
  }

  #confirmed(count: number): void {
    const sizes = this.#unconfirmed.splice(0, count);
    for (const size of sizes) this.#events?.sent(size);
    if (this.#state === "closing" && this.#unconfirmed.length === 0) this.#finish(CLOSED_LOCALLY);
  }

  #hear(pattern: string, queue: string | undefined, refused: (reason: CloseReason) => void): void {
    this.#joins.add(pattern, queue, (join) => {
      const onMessage = (message: BusMessage): void => this.#receivedBy(join, message);
      return this.#bus.subscribe(pattern, queue, onMessage, (reason) => {
        join.isRefused = true;
        refused(reason);
      });
    });
  }

  #receivedBy(join: Join, { subject, reply, bytes }: BusMessage): void {
    if (!this.#joins.isFirst(join, subject)) return;
    const number = numberIn(reply);
    const sender = number === 0 ? undefined : this.#received.senderOf(reply);
    if (sender === undefined) {
      this.#events?.received(bytes, answerTo(reply), subject);
      return;
    }
    const isOwn = sender.link === this.#id;
    if (isOwn && join.queue === undefined && subject !== this.#name) return; // a broadcast of its own
    const counted = join.queue === undefined ? subject : `${subject} queue`;
    const missing = this.#received.note(sender, counted, number);
    if (missing === undefined) return;
    if (missing > 0 && join.queue === undefined) this.#events?.lost(missing);
    this.#events?.received(bytes, sender.from, subject);
  }

  /** Somebody has answered by the reply subject, which a foreign client does, or the broker knows nobody. */
  #answered({ reply, bytes, isNobody }: BusMessage): void {
    if (isNobody) this.#events?.trouble(NOBODY_LISTENS);
    else this.#events?.received(bytes, answerTo(reply), this.#name);
  }

  #finish(reason: CloseReason): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    for (const subscription of this.#joins.clear()) subscription.end();
    this.#answers?.end();
    this.#unconfirmed = [];
    this.#bus.leave(this);
    this.#events?.closed(reason);
  }
}

const CLOSED_LOCALLY: CloseReason = { kind: "local", message: "this side closed the socket" };
const AWAY: CloseReason = { kind: "unreachable", code: "away", message: "the broker is away" };
const NOT_CONNECTED: CloseReason = { kind: "failed", message: "the socket is not connected to a peer" };
const NOBODY_LISTENS: CloseReason = {
  kind: "refused",
  code: "no-responders",
  message: "nobody listens to a subject that was sent to",
};
