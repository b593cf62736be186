/**
 * Numbers of datagrams: each sender numbers what it sends to each subject, from 1, so that
 * whoever hears them all knows how many have not come.
 *
 *     sender:    subject ──▶ next number          receiver:    sender and subject ──▶ next number
 *
 * Both forget those that were not used for the longest time, so that nobody fills the memory:
 * a sender goes on as another instance, and a receiver begins to count anew. A number is what
 * a message says, and anybody can say anything; but without the instance, which is random,
 * nobody's messages are taken for another's.
 */

/** The numbers of what one link sends. */
export class SentNumbers {
  readonly #mostSubjects: number;
  readonly #entries = new Map<string, { readonly instance: number; last: number }>();
  #instance = 0;

  constructor(mostSubjects = 16_384) {
    this.#mostSubjects = mostSubjects;
  }

  /** The next number for a subject, with the instance that counts it, as two tokens. */
  next(subject: string): string {
    let entry = this.#entries.get(subject);
    if (entry !== undefined) this.#entries.delete(subject);
    else entry = { instance: this.#instance, last: 0 };
    this.#entries.set(subject, entry); // the last one is the newest
    entry.last++;
    if (this.#entries.size > this.#mostSubjects) this.#forgetOldest();
    return `${entry.instance.toString(RADIX)}.${entry.last.toString(RADIX)}`;
  }

  /** Those that are new from now on are counted by another instance: the forgotten one may be among them. */
  #forgetOldest(): void {
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      break;
    }
    this.#instance++;
  }
}

/** The numbers of what one link hears. */
export class ReceivedNumbers {
  readonly #mostSenders: number;
  readonly #mostCharacters: number;
  readonly #next = new Map<string, number>();
  #characters = 0;

  constructor(mostSenders = 65_536, mostCharacters = 8_388_608) {
    this.#mostSenders = mostSenders;
    this.#mostCharacters = mostCharacters;
  }

  /**
   * Notes a number. Returns how many before it have not come, which is usually 0; `undefined`
   * for one that was counted before. The first of a sender begins the count.
   */
  note(sender: string, subject: string, number: number): number | undefined {
    const key = `${sender} ${subject}`;
    const next = this.#next.get(key);
    if (next !== undefined && number < next) return undefined;
    if (next === undefined) this.#characters += key.length;
    else this.#next.delete(key);
    this.#next.set(key, number + 1); // the last one is the newest
    if (next === undefined) this.#forgetOldest();
    return next === undefined || number - next > MOST_MISSING ? 0 : number - next;
  }

  /** Forgets all senders to subjects that are heard no more: what they send until one is heard again is not for this side. */
  forget(isJoined: (subject: string) => boolean): void {
    for (const key of this.#next.keys()) if (!isJoined(key.slice(key.indexOf(" ") + 1))) this.#delete(key);
  }

  /** One long name may have to make room for many short ones. */
  #forgetOldest(): void {
    for (const oldest of this.#next.keys()) {
      if (this.#next.size <= this.#mostSenders && this.#characters <= this.#mostCharacters) return;
      this.#delete(oldest);
    }
  }

  #delete(key: string): void {
    this.#next.delete(key);
    this.#characters -= key.length;
  }
}

/** Who has sent a message and as its how many-th, as its reply subject says. */
export interface Numbered {
  /** The sender's own subject. */
  readonly name: string;
  /** The sender's instance: all before the number. */
  readonly instance: string;
  /** The random part of it, which is the link's. */
  readonly link: string;
  readonly number: number;
}

/** What a reply subject says; `undefined` when no link of tickwire's has written it. */
export function numberedOf(reply: string): Numbered | undefined {
  const parts = NUMBERED.exec(reply);
  if (parts === null) return undefined;
  const [, name = "", link = "", instance = "", digits = ""] = parts;
  const number = Number.parseInt(digits, RADIX);
  if (!Number.isSafeInteger(number) || number < 1) return undefined;
  return { name, instance: `${name}._tw.${link}.${instance}`, link, number };
}

/** The random part of a link's instances: 80 bits. */
export function newLinkId(): string {
  const words = crypto.getRandomValues(new Uint16Array(5));
  return [...words].map((word) => word.toString(RADIX).padStart(4, "0")).join("");
}

const RADIX = 36;
const NUMBERED = /^(.+?)\._tw\.([0-9a-z]{20})\.([0-9a-z]{1,11})\.([1-9a-z][0-9a-z]{0,10})$/;
/** A larger gap is no outage's: more messages than a sender has in weeks. */
const MOST_MISSING = 2 ** 32;
