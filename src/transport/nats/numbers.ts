/**
 * Numbers of datagrams: each sender numbers what it sends to each subject, from 1, so that
 * whoever hears them all knows how many have not come.
 *
 *     sender:    subject ──▶ next number          receiver:    sender and subject ──▶ next number
 *
 * Both forget those that were not used for a long time, so that nobody fills the memory:
 * a sender goes on as another instance, and a receiver begins to count anew. Whatever is
 * used only says so, and the oldest that was not used since the last look is forgotten: an
 * order that each message changes costs more than the message does.
 */
import { instanceIn, RADIX, type Sender, senderOf } from "./senders.ts";

/** The numbers of what one link sends. */
export class SentNumbers {
  readonly #mostSubjects: number;
  readonly #subjects = new Map<string, SentTo>();
  readonly #order = new Set<SentTo>();
  #instance = 0;

  constructor(mostSubjects = 16_384) {
    this.#mostSubjects = mostSubjects;
  }

  /** The next number for a subject, with the instance that counts it, as two tokens. */
  next(subject: string): string {
    const known = this.#subjects.get(subject);
    if (known === undefined) return this.#begin(subject);
    known.isUsed = true;
    return known.instance + (++known.last).toString(RADIX);
  }

  #begin(subject: string): string {
    const instance = `${this.#instance.toString(RADIX)}.`;
    const entry: SentTo = { subject, instance, last: 1, isUsed: false };
    this.#subjects.set(subject, entry);
    this.#order.add(entry);
    if (this.#order.size > this.#mostSubjects) this.#forgetOne();
    return `${instance}1`;
  }

  /** Those that are new from now on are counted by another instance: the forgotten one may be among them. */
  #forgetOne(): void {
    const unused = takeUnused(this.#order);
    if (unused !== undefined) this.#subjects.delete(unused.subject);
    this.#instance++;
  }
}

/** The numbers of what one link hears. */
export class ReceivedNumbers {
  readonly #mostEntries: number;
  readonly #mostCharacters: number;
  readonly #senders = new Map<string, HeardSender>();
  readonly #order = new Set<Heard>();
  #characters = 0;

  constructor(mostEntries = 65_536, mostCharacters = 8_388_608) {
    this.#mostEntries = mostEntries;
    this.#mostCharacters = mostCharacters;
  }

  /** Who has sent a message with that reply subject; `undefined` when no link of tickwire's has written it. */
  senderOf(reply: string): Sender | undefined {
    const instance = instanceIn(reply);
    return this.#senders.get(instance)?.sender ?? senderOf(instance);
  }

  /**
   * Notes a number. Returns how many before it have not come, which is usually 0; `undefined`
   * for one that was counted before. The first of a sender to a subject begins the count.
   */
  note(sender: Sender, subject: string, number: number): number | undefined {
    const heard = this.#senders.get(sender.instance)?.subjects.get(subject);
    if (heard === undefined) return this.#begin(sender, subject, number);
    const missing = number - heard.next;
    if (missing < 0) return undefined;
    heard.next = number + 1;
    heard.isUsed = true;
    return missing > MOST_MISSING ? 0 : missing;
  }

  #begin(sender: Sender, subject: string, number: number): number {
    const of = this.#senders.get(sender.instance) ?? { sender, subjects: new Map<string, Heard>() };
    const heard: Heard = { of, subject, next: number + 1, isUsed: false };
    of.subjects.set(subject, heard);
    this.#senders.set(sender.instance, of);
    this.#order.add(heard);
    this.#characters += charactersOf(heard);
    this.#makeRoom();
    return 0;
  }

  /** Forgets all senders to subjects that are heard no more: what they send until one is heard again is not for this side. */
  forget(isJoined: (subject: string) => boolean): void {
    for (const heard of this.#order) {
      if (isJoined(heard.subject)) continue;
      this.#order.delete(heard);
      this.#forget(heard);
    }
  }

  /** One long name may have to make room for many short ones. */
  #makeRoom(): void {
    while (this.#order.size > this.#mostEntries || this.#characters > this.#mostCharacters) {
      const unused = takeUnused(this.#order);
      if (unused === undefined) return;
      this.#forget(unused);
    }
  }

  #forget(heard: Heard): void {
    const { of, subject } = heard;
    of.subjects.delete(subject);
    if (of.subjects.size === 0) this.#senders.delete(of.sender.instance);
    this.#characters -= charactersOf(heard);
  }
}

/** Removes the oldest that was not used since the last look; whatever was used counts as new again. */
function takeUnused<Entry extends { isUsed: boolean }>(order: Set<Entry>): Entry | undefined {
  for (const entry of order) {
    order.delete(entry);
    if (!entry.isUsed) return entry;
    entry.isUsed = false;
    order.add(entry); // and comes again behind all others
  }
  return undefined;
}

interface SentTo {
  readonly subject: string;
  /** With the dot behind it. */
  readonly instance: string;
  last: number;
  isUsed: boolean;
}

interface HeardSender {
  readonly sender: Sender;
  readonly subjects: Map<string, Heard>;
}

interface Heard {
  readonly of: HeardSender;
  readonly subject: string;
  next: number;
  isUsed: boolean;
}

function charactersOf({ of, subject }: Heard): number {
  return of.sender.instance.length + subject.length;
}

/** A larger gap is no outage's: more messages than a sender has in weeks. */
const MOST_MISSING = 2 ** 32;
