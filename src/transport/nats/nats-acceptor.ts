/**
 * A listener of streams, under a name on a broker.
 *
 *     starting: asked, nobody has the name ──▶ listening ── connect ──▶ a link, incoming
 *         └── somebody has it ──▶ closed ◀── somebody has taken it while this side was away ──┘
 *
 * The broker knows no owner of a name: so whoever wants to listen asks whether somebody
 * does, and who was away for long asks again. That two begin in the same moment is seen a
 * moment later, and one of them closes. Decides who is asked for what; who may be the one
 * in all cases is a matter of leases.
 */
import type { Acceptor, AcceptorEvents } from "../../port/acceptor.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { problemOfSubject } from "../../port/subject.ts";
import type { BusSubscription } from "./bus.ts";
import type { BusMessage } from "./client.ts";
import { NatsLink } from "./nats-link.ts";
import { FRAME, type Frame, frameOf, isStreamSubject, nameIn, newFrame, REFUSED } from "./stream-frames.ts";
import * as reasons from "./stream-reasons.ts";
import type { Streams, StreamUser } from "./streams.ts";

/** One listener. */
export class NatsAcceptor implements Acceptor, StreamUser {
  readonly subject: string;
  readonly windowBytes = 0;
  readonly #streams: Streams;
  readonly #name: string;
  readonly #allowHalfOpen: boolean;
  /** The links of peers that have asked, by where these hear. */
  readonly #links = new Map<string, NatsLink>();
  #events: AcceptorEvents | undefined;
  #state: "starting" | "listening" | "closed" = "starting";
  #isTold = false;
  #subscription: BusSubscription | undefined;
  #askedMs = Infinity;
  /** Until when it may turn out that another one has the name: this one has just begun, or was away. */
  #checkedUntilMs = 0;
  #wasAway = false;
  /** The number of the question that counts; a late answer to another one does not. */
  #question = 0;
  /** Whether links may show that the broker is away. */
  #isPumping = false;

  constructor(streams: Streams, name: string, allowHalfOpen: boolean) {
    this.#streams = streams;
    this.#name = name;
    this.#allowHalfOpen = allowHalfOpen;
    this.subject = streams.newSubject();
  }

  attach(events: AcceptorEvents): void {
    this.#events = events;
    this.#streams.add(this);
  }

  close(): void {
    this.#finish(reasons.LISTENER_CLOSED);
  }

  pump(nowMs: number): number | undefined {
    const isOpen = this.#streams.isOpen;
    if (!isOpen || this.#isPumping) for (const link of this.#links.values()) link.pump(nowMs);
    this.#isPumping = !isOpen;
    return this.#state === "closed" && this.#links.size === 0 ? undefined : Infinity;
  }

  // What the streams tell.

  opened(): void {
    if (this.#state === "starting") this.#ask(FRAME.ask);
    else {
      this.#tellListening();
      this.#checkAgain();
    }
  }

  suspended(): void {}

  trouble(): void {}

  failed(reason: CloseReason): void {
    this.#finish(reason);
  }

  mayPublish(): void {}

  tick(nowMs: number): void {
    // Somebody hears the name, and does not answer: a process that stands still, or whose machine is gone.
    const { isOpen, deadPeerMs } = this.#streams;
    if (isOpen && this.#state === "starting" && nowMs - this.#askedMs >= deadPeerMs) this.#listen();
  }

  stalled(): void {
    if (this.#state === "listening") this.#checkAgain();
  }

  nobody(): void {
    if (this.#state === "starting") this.#listen();
  }

  frame({ kind, number }: Frame): void {
    if (kind !== FRAME.mine || number !== this.#question || this.#isSure) return;
    this.#finish(reasons.inUse(this.#name));
  }

  /** Whether the name is this one's for sure. */
  get #isSure(): boolean {
    return this.#state === "listening" && this.#streams.nowMs >= this.#checkedUntilMs;
  }

  /** A question's number is odd from somebody who was away. */
  #ask(kind: number): void {
    this.#askedMs = this.#streams.nowMs;
    this.#question = ((this.#question >>> 1) + 1) * 2 + Number(this.#wasAway);
    this.#streams.ask(this.#name, newFrame(kind, this.#question), this.subject);
  }

  /** Whether this one keeps the name, and not somebody else who listens under it and asks. */
  #isMine(question: number, subject: string): boolean {
    const wasAway = question % 2 === 1;
    if (this.#isSure || wasAway !== this.#wasAway) return this.#isSure || wasAway;
    return this.subject < subject;
  }

  #listen(): void {
    this.#state = "listening";
    this.#subscription = this.#streams.subscribe(
      this.#name,
      (message) => this.#received(message),
      (reason) => this.#finish(reason),
    );
    this.#check();
    this.#streams.confirm(() => this.#tellListening());
  }

  #checkAgain(): void {
    this.#wasAway = true;
    this.#check();
  }

  #check(): void {
    this.#checkedUntilMs = this.#streams.nowMs + this.#streams.deadPeerMs;
    this.#ask(FRAME.check);
  }

  #tellListening(): void {
    if (this.#isTold || this.#state !== "listening") return;
    this.#isTold = true;
    this.#events?.listening({ family: "nats", host: this.#name, port: 0 });
  }

  #received({ bytes, reply }: BusMessage): void {
    const frame = frameOf(bytes);
    if (reply === this.subject) return; // it has asked itself
    if (frame === undefined || !isStreamSubject(reply)) this.#reject(reasons.NO_REQUEST);
    else if (frame.kind === FRAME.connect) this.#connect(frame, reply);
    else if (frame.kind === FRAME.ask || (frame.kind === FRAME.check && this.#isMine(frame.number, reply)))
      this.#streams.publish(reply, newFrame(FRAME.mine, frame.number));
    else if (frame.kind !== FRAME.check) this.#reject(reasons.NO_REQUEST);
  }

  #connect(frame: Frame, peer: string): void {
    const name = nameIn(frame);
    const known = this.#links.get(peer);
    if (known?.isNew === true) known.accept();
    if (known !== undefined) return;
    if (name === undefined) {
      this.#streams.publish(peer, newFrame(FRAME.refuse, REFUSED.version));
      this.#reject(reasons.OTHER_VERSION);
    } else if (frame.number === 0 || (name !== "" && problemOfSubject(name) !== undefined)) {
      this.#reject(reasons.NO_REQUEST);
    } else {
      const link = new NatsLink({
        streams: this.#streams,
        listener: this.#name,
        name: name === "" ? undefined : name,
        allowHalfOpen: this.#allowHalfOpen,
        peer: { subject: peer, windowBytes: frame.number },
        forget: () => this.#links.delete(peer),
      });
      this.#links.set(peer, link);
      this.#events?.incoming(link);
    }
  }

  #reject(reason: CloseReason): void {
    this.#events?.rejected(reason);
  }

  #finish(reason: CloseReason): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#subscription?.end();
    this.#streams.remove(this);
    this.#events?.closed(reason);
  }
}
