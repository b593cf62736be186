/**
 * Who has sent a message and as its how many-th, as its reply subject says:
 *
 *     <name>._tw.<link>.<instance>.<number>      the last two in base 36
 *     └────────── one sender ─────┘
 *
 * A reply subject is what a message says, and anybody can say anything; but without the link,
 * which is random, nobody's messages are taken for another's. Decides where an answer goes.
 */
import type { Address } from "../../port/address.ts";
import { problemOfSubject } from "../../port/subject.ts";

/** One instance of a link that numbers what it sends. Made once, for all of its messages. */
export interface Sender {
  /** All before the number. */
  readonly instance: string;
  /** The random part of it, which is the link's. */
  readonly link: string;
  /** Where an answer goes. */
  readonly from: Address;
}

/** The sender with that instance; `undefined` when no link of tickwire's has written it. */
export function senderOf(instance: string): Sender | undefined {
  const parts = INSTANCE.exec(instance);
  if (parts === null) return undefined;
  const [, name = "", link = ""] = parts;
  return { instance, link, from: answerTo(name) };
}

/** All of a reply subject before the number. */
export function instanceIn(reply: string): string {
  return reply.substring(0, reply.lastIndexOf("."));
}

/** The number at the end of a reply subject; 0 when there is none. Read for each message, so by hand. */
export function numberIn(reply: string): number {
  const start = reply.lastIndexOf(".") + 1;
  const digits = reply.length - start;
  if (digits === 0 || digits > MOST_DIGITS || reply.charCodeAt(start) === ZERO) return 0;
  let number = 0;
  for (let index = start; index < reply.length; index++) {
    const code = reply.charCodeAt(index);
    if (code >= ZERO && code <= NINE) number = number * RADIX + (code - ZERO);
    else if (code >= A && code <= Z) number = number * RADIX + (code - A + 10);
    else return 0;
  }
  return Number.isSafeInteger(number) ? number : 0;
}

/** Where an answer by a reply subject goes: to no subject of the broker's, and to none within tickwire's own. */
export function answerTo(reply: string): Address {
  return addressOf(problemOfSubject(reply) === undefined ? reply : NOBODY);
}

export function addressOf(host: string): Address {
  return { family: "nats", host, port: 0 };
}

/** The random part of a link's instances: 80 bits. */
export function newLinkId(): string {
  const words = crypto.getRandomValues(new Uint16Array(5));
  return [...words].map((word) => word.toString(RADIX).padStart(4, "0")).join("");
}

/** Whom a message comes from whose sender cannot be answered: nobody hears this subject. */
const NOBODY = "_INBOX.nobody";
export const RADIX = 36;
const INSTANCE = /^(.+?)\._tw\.([0-9a-z]{20})\.[0-9a-z]{1,11}$/;
const MOST_DIGITS = 11;
const [ZERO, NINE, A, Z] = [48, 57, 97, 122];
