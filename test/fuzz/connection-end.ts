/**
 * One of tickwire's connections in a game, with what it must do: each call is
 * compared with what the statistics and the states say of it.
 */
import type { AnyConnection, Connection, Goodbye } from "../../src/index.ts";
import { must } from "./fault.ts";
import { type Language, type Message, type Name, nameOf, type Reader } from "./messages.ts";
import { Party, type Reason, type Side } from "./party.ts";

/** The connection of a game, whose messages may be anything. */
export type AnyEnd = Connection<Message, Message>;

/** A connection and its part in the game. */
export class ConnectionEnd extends Party {
  override readonly tellsGoodbyes = true;
  readonly connection: AnyEnd;
  /** Whether the game has it: `connect` made it, or `tryAccept` gave it. */
  isAccepted: boolean;
  readonly #language: Language;
  readonly #reader: Reader;
  #sequence = 0;
  #taken = 0;
  #rank = 0;
  /** The reason, from the moment on when there was one. */
  /** Whether the last look found it closed; its reason is final then. */
  #isOver = false;
  #decided: Reason | undefined;

  constructor(number: number, side: Side, connection: AnyConnection, language: Language) {
    super(number, side);
    this.connection = connection as unknown as AnyEnd;
    this.isAccepted = side === "near";
    this.#language = language;
    this.#reader = language.reader();
  }

  get lostSent(): number {
    return this.connection.stats.lostSent;
  }

  get lostReceived(): number {
    const { lostReceived, skippedMessages } = this.connection.stats;
    return this.#language.keepsMessages ? lostReceived + skippedMessages : 0;
  }

  get isOpen(): boolean {
    return this.connection.state === "open";
  }

  get reason(): Reason | undefined {
    return this.connection.closeReason;
  }

  get isOver(): boolean {
    return this.connection.state === "closed" || this.discards;
  }

  get told(): string {
    const { state, closeReason } = this.connection;
    const why =
      closeReason === undefined
        ? ""
        : ` (${closeReason.kind} ${closeReason.code ?? ""} "${closeReason.message}")`;
    return `${this.side} ${this.number} ${state}${why}`;
  }

  /** Sends the next message, and notes where it stands. */
  send(key?: string): boolean {
    const name = nameOf(this.number, this.#sequence++);
    const message = this.#language.messageOf(name);
    const before = this.counts();
    const { connection } = this;
    const { state } = connection;
    const was = key === undefined ? connection.trySend(message) : connection.trySendLatest(key, message);
    if (was) must(this.note(name, key, before), () => `${this.told} queued ${name}, and counts nothing`);
    else {
      // Before tryAccept() nothing can be sent.
      const mayRefuse =
        !this.isAccepted ||
        state === "closing" ||
        state === "closed" ||
        connection.stats.refusedMessages > before.refused;
      must(mayRefuse, () => `${this.told} was ${state}, did not queue ${name}, and counts no refusal`);
    }
    must(
      !was || state === "open" || state === "connecting",
      () => `${this.told} was ${state}, and queued a message`,
    );
    return was;
  }

  /** What it has counted so far of what it sends. */
  counts(): SentCounts {
    const { sentMessages, replacedMessages, refusedMessages } = this.connection.stats;
    return { sent: sentMessages, replaced: replacedMessages, refused: refusedMessages };
  }

  /** Notes a message that was perhaps queued since `before`. Returns whether it was. */
  note(name: Name, key: string | undefined, before: SentCounts): boolean {
    const { sent, replaced } = this.counts();
    if (replaced > before.replaced) this.out.replace(name, key);
    else if (sent > before.sent) this.out.push(name, key);
    return replaced + sent > before.replaced + before.sent;
  }

  /** Takes up to `most` messages. Returns how many there were. */
  take(most: number, parties: ReadonlyMap<number, Party>): number {
    let count = 0;
    while (count < most) {
      const message = this.connection.tryRecv();
      if (message === undefined) break;
      count++;
      this.look(message, parties);
    }
    return count;
  }

  takeLatest(parties: ReadonlyMap<number, Party>): void {
    if (this.peer === undefined && !this.isHostile) return; // the first message says who the peer is
    const message = this.connection.tryRecvLatest();
    if (message !== undefined) this.look(message, parties);
  }

  /** Looks at a message that was taken. */
  look(message: Message, parties: ReadonlyMap<number, Party>): void {
    this.#taken++;
    if (this.isHostile) return;
    must(!this.discards, () => `${this.told} was closed by the game, and gives messages`);
    for (const name of this.#reader.names(message)) {
      this.receive(name, parties);
      if (this.isHostile) return; // its name was its last true word
    }
  }

  end(): void {
    if (this.connection.state === "open" || this.connection.state === "connecting")
      this.ends = this.endsFirst = true;
    this.connection.end();
  }

  close(goodbye?: Goodbye): void {
    const { connection } = this;
    const before = connection.closeReason;
    if (connection.state !== "closed") this.#stop();
    connection.close(goodbye);
    this.noteSaid();
    const after = connection.closeReason as Reason | undefined;
    must(
      before !== undefined || after?.goodbye?.code === goodbye?.code,
      () => `${this.told} was closed with ${JSON.stringify(goodbye)}, and has it not`,
    );
  }

  /** Notes what it has said, by its own close or another call's. */
  noteSaid(): void {
    const { closeReason } = this.connection;
    if (closeReason?.kind === "local") this.said ??= closeReason.goodbye;
  }

  abort(): void {
    if (this.connection.state !== "closed") {
      this.#stop();
      this.aborted = true;
    }
    this.connection.abort();
  }

  /** Notes that somebody else closed or aborted it. */
  noteClosed(aborted: boolean): void {
    if (this.connection.state === "closed" && !aborted) return;
    this.#stop();
    if (aborted) this.aborted = true;
  }

  /** What must be so at any time. */
  check(): void {
    const { state, closeReason, stats } = this.connection;
    const rank = STATES.indexOf(state);
    must(rank >= this.#rank, () => `${this.told} was ${STATES[this.#rank]} before`);
    this.#rank = rank;
    must(closeReason !== undefined || state !== "closed", () => `${this.told} has no reason`);
    must(closeReason === undefined || rank >= STATES.indexOf("closing"), () => `${this.told} has a reason`);
    // The reason of an orderly ending gives way, once, to why the ending failed.
    const isOrderly = this.#decided?.kind === "local" || this.#decided?.kind === "remote";
    const decided = isOrderly && !this.#isOver ? closeReason : this.#decided;
    must(
      (decided ?? closeReason) === closeReason,
      () => `${this.told} had another reason before: ${decided?.message}`,
    );
    this.#isOver = state === "closed";
    this.#decided = closeReason;
    const visible = this.#taken + stats.skippedMessages;
    must(
      stats.receivedMessages >= visible,
      () => `${this.told} gave ${visible} messages, and counts ${stats.receivedMessages}`,
    );
    must(
      this.connection.pendingBytes >= 0,
      () => `${this.told} has ${this.connection.pendingBytes} bytes pending`,
    );
  }

  #stop(): void {
    this.discards = true;
    this.ends = true;
  }
}

/** How many messages a connection has queued, replaced and refused. */
export interface SentCounts {
  readonly sent: number;
  readonly replaced: number;
  readonly refused: number;
}

const STATES = ["connecting", "open", "closing", "closed"] as const;
