/**
 * The check of what is read: whether entries are such as a journal writes them, so that whoever
 * plays or shows a recording need not ask. A checksum tells what a disk has done, and nothing of
 * who wrote a file.
 *
 *     block ──▶ check ── what is wrong with it, if anything
 */
import { LogReader } from "./log-bytes.ts";
import { CALL, END, type Entry, EVENT, isCall, KINDS, NOTE, nameOfKind, RESULT } from "./log-entry.ts";

/** What is known of a recording before its first entry. */
export interface RecordingHeader {
  /** The format of the recording; 1. */
  readonly format: number;
  /** The version of tickwire that has recorded. */
  readonly tickwire: string;
  /** Where it ran, such as `"node 22.20.0"`. */
  readonly platform: string;
  /** When it began, in ISO 8601. */
  readonly began: string;
  /** A whole number for the game's own randomness, from 0 to 4,294,967,295. */
  readonly seed: number;
  /** What the game has to say of it; `undefined` when that is nothing. */
  readonly meta: unknown;
}

/** The check of the blocks of one recording, one after the other. */
export class LogCheck {
  /** How many frames are in the blocks with which nothing is wrong. */
  frames = 0;
  /** The kinds of the calls that have begun and not ended. */
  readonly #around: number[] = [];

  /** What is wrong with the entries of the next block; `undefined` if nothing is. */
  problemOf(payload: Uint8Array): string | undefined {
    const reader = new LogReader([payload]);
    let frames = 0;
    for (let at = 0; ; at = reader.offset) {
      let entry: Entry | undefined;
      try {
        entry = reader.next();
      } catch {
        return `the entry at byte ${at} of it cannot be read`;
      }
      if (entry === undefined) break;
      const problem = this.#problemOfEntry(entry);
      if (problem !== undefined)
        return `the entry at byte ${at} of it, ${nameOfKind(entry.kind)}, ${problem}`;
      if (entry.kind === CALL.poll) frames++;
    }
    this.frames += frames;
    return undefined;
  }

  #problemOfEntry(entry: Entry): string | undefined {
    const { kind, isBegun, result, args } = entry;
    if (kind === END) return this.#problemOfEnd(entry);
    if (!KINDS.has(kind)) return "is of no kind";
    if (isBegun) {
      if (!isCall(kind)) return "is begun, and is no call";
      this.#around.push(kind);
    }
    if (result > RESULT.yes) return "has an answer that it cannot have";
    const wrong = args.findIndex((value, index) => VALUES[kind]?.[index]?.(value) === false);
    return wrong < 0 ? undefined : `has something else as its argument ${wrong + 1}`;
  }

  #problemOfEnd({ result, args: [value] }: Entry): string | undefined {
    const kind = this.#around.pop();
    if (kind === undefined) return "ends nothing";
    if (result > RESULT.number) return "has an answer that it cannot have";
    if (result === RESULT.number) return kind === CALL.drain && isCount(value) ? undefined : "counts nothing";
    if (result === RESULT.threw) return isCause(value) ? undefined : "threw no error";
    return undefined;
  }
}

/** The header that a recording may have; `undefined` for anything else. */
export function headerOf(value: unknown): RecordingHeader | undefined {
  if (!isObject(value)) return undefined;
  const { format, tickwire, platform, began, seed, meta } = value;
  if (!isText(tickwire) || !isText(platform) || !isText(began)) return undefined;
  if (!isCount(format) || !isCount(seed) || seed >= 2 ** 32) return undefined;
  return { format, tickwire, platform, began, seed, meta };
}

type Is = (value: unknown) => boolean;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

function orNone(is: Is): Is {
  return (value) => value === undefined || is(value);
}

function listOf(is: Is): Is {
  return (value) => Array.isArray(value) && value.every(is);
}

/** An object with these parts, and perhaps others. */
function having(parts: Readonly<Record<string, Is>>): Is {
  const all = Object.entries(parts);
  return (value) => isObject(value) && all.every(([name, is]) => is(ownOf(value, name)));
}

/** A part that is the object's own: a name such as `constructor` is not everybody's. */
function ownOf(value: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

const isAnything: Is = () => true;
const isAddress = having({ family: isText, host: isText, port: isCount });
const isDestination = having({ host: isText, port: isCount });
const isCause = having({ name: isText, message: isText, more: orNone(isObject) });
const isReason = having({ kind: isText, message: isText, code: orNone(isText), cause: orNone(isCause) });
const isSecurity = having({
  protocol: isText,
  cipher: isText,
  applicationProtocol: orNone(isText),
  isAuthorized: isBoolean,
  peerCertificate: orNone(isObject),
});
const isPair: Is = (value) => listOf(isText)(value) && (value as unknown[]).length === 2;
const isRequest = having({
  url: isText,
  path: isText,
  query: isText,
  headers: (value) => isObject(value) && Object.values(value).every(isText),
  cookies: listOf(isPair),
  protocols: listOf(isText),
  origin: orNone(isText),
  remoteAddress: orNone(isAddress),
});
const isLink = having({
  local: orNone(isAddress),
  remote: orNone(isAddress),
  attempts: orNone(listOf(having({ address: isAddress, reason: isReason }))),
  security: orNone(isSecurity),
  protocol: orNone(isText),
  request: orNone(isRequest),
  halfOpen: isBoolean,
  has: orNone(listOf(isText)),
  codec: orNone(isText),
});
const isPart = having({ codec: orNone(isText), pump: isBoolean, has: orNone(listOf(isText)) });
const isTransport = having({ verbs: listOf(isText), framing: orNone(isFraming), pump: isCount });
const isGroup: Is = (value) => listOf((part) => part === null || isText(part))(value);

function isFraming(value: unknown): boolean {
  return value === "stream" || value === "message";
}

/** What the arguments of each kind are, beyond their types. */
const VALUES: Readonly<Record<number, readonly Is[]>> = {
  [CALL.poll]: [Number.isFinite],
  [CALL.listen]: [isAnything, isPart],
  [CALL.connect]: [isAnything, isLink],
  [CALL.bind]: [isAnything, isPart],
  [CALL.end]: [orNone(isReason)],
  [CALL.abort]: [orNone(isReason)],
  [CALL.send]: [isAnything, orNone(isDestination)],
  [CALL.join]: [isGroup],
  [CALL.leave]: [isGroup],
  [EVENT.ended]: [orNone(isReason)],
  [EVENT.closed]: [isReason],
  [EVENT.listening]: [orNone(isAddress)],
  [EVENT.incoming]: [isAnything, isLink],
  [EVENT.handshaking]: [isAnything, orNone(isAddress)],
  [EVENT.rejected]: [isReason],
  [EVENT.identified]: [orNone(isAddress)],
  [EVENT.admitted]: [isAnything, isLink],
  [EVENT.bound]: [orNone(isAddress), orNone(isAddress)],
  [EVENT.datagram]: [isAnything, isAddress, orNone(isText)],
  [EVENT.failed]: [isReason],
  [EVENT.found]: [listOf(isAddress)],
  [EVENT.info]: [isLink],
  [EVENT.rtt]: [Number.isFinite],
  [EVENT.hint]: [orNone(isText)],
  [EVENT.trouble]: [isReason],
  [NOTE.transport]: [isTransport],
};
