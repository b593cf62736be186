/**
 * The first bytes of a line, each way: who the dialler is and what it has, and the answer.
 * The manual of this folder has the format. Decides nothing of who may resume.
 *
 *     dialler ── hello ──▶ acceptor       dialler ◀── welcome, or refused ── acceptor
 */
import { printable } from "../../../port/printable.ts";
import { MOST_TEXT_BYTES } from "./frames.ts";

/** The first bytes of a dialler. */
export interface Hello {
  readonly kind: "new" | "resume";
  /** The key of the session: 8 bytes. */
  readonly id: Uint8Array;
  /** What proves that it is the same peer: 16 bytes, which nobody else is told. */
  readonly token: Uint8Array;
  /** Which line of the session it is: the highest one counts. */
  readonly epoch: number;
  /** How much of the acceptor's stream the dialler has. */
  readonly received: number;
  /** It wants an acknowledgement after so many bytes at the latest. */
  readonly ackBytes: number;
  /** What a welcome has called the gateway. */
  readonly gateway: string;
}

/** The answer of an acceptor that has the session. */
export interface Welcome {
  readonly kind: "welcome";
  /** How much of the dialler's stream the acceptor has. */
  readonly received: number;
  /** It wants an acknowledgement after so many bytes at the latest. */
  readonly ackBytes: number;
  /** For how long it keeps the session without a line, in milliseconds. */
  readonly windowMs: number;
  /** The name or the address of the gateway that has the session, if it has one. */
  readonly gateway: string;
}

/** The answer of an acceptor that has it not. */
export interface Refused {
  readonly kind: "refused";
  readonly why: Refusal;
  /** The goodbye of the acceptor's game, if the session has ended by one; 0 and an empty text is none. */
  readonly code: number;
  readonly text: string;
}

/** Any of them. */
export type Greeting = Hello | Welcome | Refused;

/** Why a line is refused; the number is what travels. */
export const REFUSALS = {
  unknown: 1,
  expired: 2,
  overflow: 3,
  elsewhere: 4,
  ended: 5,
  aborted: 6,
  "not-allowed": 7,
  full: 8,
  version: 9,
} as const;

/** One of these. */
export type Refusal = keyof typeof REFUSALS;

/** The bytes of a greeting. */
export function encodeGreeting(greeting: Greeting): Uint8Array {
  const text = UTF8.encode(greeting.kind === "refused" ? greeting.text : greeting.gateway);
  const fixedBytes = FIXED_BYTES[greeting.kind];
  const bytes = new Uint8Array(fixedBytes + text.length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  bytes[3] = VERSION;
  bytes[4] = KINDS.indexOf(greeting.kind);
  if (greeting.kind === "refused") {
    bytes[5] = REFUSALS[greeting.why];
    view.setUint16(6, greeting.code, true);
  } else if (greeting.kind === "welcome") {
    writePosition(view, 5, greeting.received);
    view.setUint32(13, greeting.ackBytes, true);
    view.setUint32(17, greeting.windowMs === Infinity ? FOREVER : greeting.windowMs, true);
  } else {
    bytes.set(greeting.id, 5);
    bytes.set(greeting.token, 13);
    view.setUint32(29, greeting.epoch, true);
    writePosition(view, 33, greeting.received);
    view.setUint32(41, greeting.ackBytes, true);
  }
  bytes[fixedBytes - 1] = text.length;
  bytes.set(text, fixedBytes);
  return bytes;
}

/** The result of reading the first bytes of a line. */
export type Read =
  | { readonly kind: "greeting"; readonly greeting: Greeting }
  /** Another version of the same protocol. */
  | { readonly kind: "version"; readonly version: number }
  /** Something else: how it begins, for a sentence. */
  | { readonly kind: "foreign"; readonly start: string };

/** Reads the first bytes of a line, however they are cut. */
export class GreetingReader {
  readonly #expected: readonly Greeting["kind"][];
  readonly #bytes = new Uint8Array(MOST_BYTES);
  #length = 0;

  /** @param expected what the other end may say */
  constructor(expected: readonly Greeting["kind"][]) {
    this.#expected = expected;
  }

  /** Takes what belongs to it of a piece. Returns how many bytes that were, and what was read, if that is certain. */
  read(piece: Uint8Array): { readonly taken: number; readonly read: Read | undefined } {
    let taken = 0;
    for (; taken < piece.length; ) {
      this.#bytes[this.#length++] = piece[taken++] ?? 0;
      const read = this.#look(piece.subarray(taken - 1));
      if (read !== undefined) return { taken, read };
    }
    return { taken, read: undefined };
  }

  /** Looks at what came, whose last byte is the first of `rest`. */
  #look(rest: Uint8Array): Read | undefined {
    const bytes = this.#bytes;
    const length = this.#length;
    const last = bytes[length - 1] ?? 0;
    if (length <= MAGIC.length) return last === MAGIC[length - 1] ? undefined : this.#foreign(rest);
    if (length === 4) return last === VERSION ? undefined : { kind: "version", version: last };
    const kind = KINDS[bytes[4] ?? 0];
    if (kind === undefined || !this.#expected.includes(kind)) return this.#foreign(rest);
    const fixedBytes = FIXED_BYTES[kind];
    if (length < fixedBytes) return undefined;
    const textBytes = bytes[fixedBytes - 1] ?? 0;
    if (kind === "refused" && textBytes > MOST_TEXT_BYTES) return this.#foreign(rest);
    if (length < fixedBytes + textBytes) return undefined;
    const greeting = decode(kind, bytes.subarray(0, length));
    return greeting === undefined ? this.#foreign(rest) : { kind: "greeting", greeting };
  }

  #foreign(rest: Uint8Array): Read {
    const start = new Uint8Array(Math.min(SHOWN_BYTES, this.#length + rest.length - 1));
    start.set(this.#bytes.subarray(0, Math.min(this.#length - 1, SHOWN_BYTES)));
    if (this.#length <= SHOWN_BYTES)
      start.set(rest.subarray(0, start.length - this.#length + 1), this.#length - 1);
    return { kind: "foreign", start: printable(LOOSE_UTF8.decode(start), SHOWN_BYTES) };
  }
}

/** Whether two tokens are equal, in a time that does not depend on where they differ. */
export function isSameToken(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index++) difference |= (one[index] ?? 0) ^ (other[index] ?? 0);
  return difference === 0;
}

/** The greeting that `bytes` are, or `undefined` when they are none. */
function decode(kind: Greeting["kind"], bytes: Uint8Array): Greeting | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = textOf(bytes.subarray(FIXED_BYTES[kind]));
  if (text === undefined) return undefined;
  if (kind === "refused") {
    const why = (Object.keys(REFUSALS) as Refusal[]).find((name) => REFUSALS[name] === bytes[5]);
    return why === undefined ? undefined : { kind, why, code: view.getUint16(6, true), text };
  }
  const received = readPosition(view, kind === "welcome" ? 5 : 33);
  const ackBytes = view.getUint32(kind === "welcome" ? 13 : 41, true);
  if (received === undefined || ackBytes === 0) return undefined;
  if (kind === "welcome") {
    const windowMs = view.getUint32(17, true);
    return { kind, received, ackBytes, windowMs: windowMs === FOREVER ? Infinity : windowMs, gateway: text };
  }
  const id = new Uint8Array(bytes.subarray(5, 13));
  const token = new Uint8Array(bytes.subarray(13, 29));
  return { kind, id, token, epoch: view.getUint32(29, true), received, ackBytes, gateway: text };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return STRICT_UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A position in a stream, in eight bytes. */
function writePosition(view: DataView, at: number, position: number): void {
  view.setUint32(at, position % TWO_32, true);
  view.setUint32(at + 4, Math.floor(position / TWO_32), true);
}

function readPosition(view: DataView, at: number): number | undefined {
  const position = view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true);
  return Number.isSafeInteger(position) ? position : undefined;
}

/** The most bytes of the name of a gateway. */
export const MOST_GATEWAY_BYTES = 255;
/** What any version begins with. */
export const MAGIC: Uint8Array = new Uint8Array([0x54, 0x57, 0x53]); // "TWS"
/** The version of the format. */
export const VERSION = 1;
/** What the number of a kind says: 1 a new session, 2 a resume, and the answers. */
const KINDS: readonly (Greeting["kind"] | undefined)[] = [undefined, "new", "resume", "welcome", "refused"];
/** The size of each, without its text. */
const FIXED_BYTES: Record<Greeting["kind"], number> = { new: 46, resume: 46, welcome: 22, refused: 9 };
const MOST_BYTES = 46 + MOST_GATEWAY_BYTES;
const SHOWN_BYTES = 24;
const FOREVER = 0xffff_ffff;
const TWO_32 = 0x1_0000_0000;
const UTF8 = new TextEncoder();
const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LOOSE_UTF8 = new TextDecoder();
