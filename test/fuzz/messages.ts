/**
 * Messages that are named by a number, from which their length and content
 * follow. So whoever receives one can tell whose it is, which one it is, and
 * whether it is whole. Knows the codecs, and no connection.
 */
import {
  bytes,
  type Codec,
  duplex,
  json,
  lengthPrefixed,
  lines,
  list,
  mixed,
  optional,
  struct,
  structs,
} from "../../src/browser.ts";
import { telnet } from "../../src/codec/telnet.ts";
import { SeededRandom } from "../soak/seeded-random.ts";
import { Fault } from "./fault.ts";

/** Who sent a message, and as which of its own: `sender * 2 ** 24 + sequence`. */
export type Name = number;
export type Message = unknown;

/** One codec, and how its messages are made and known again. */
export interface Language {
  readonly codec: Codec<Message>;
  /** Whether a message is received as it was sent; otherwise the stream is cut into other pieces. */
  readonly keepsMessages: boolean;
  messageOf(name: Name): Message;
  reader(): Reader;
}

/** Reads what one stream brings. */
export interface Reader {
  /** The names of the messages that are now whole, one by one. @throws Fault when one is not what its name says */
  names(message: Message): Iterable<Name>;
}

export type CodecName = (typeof CODEC_NAMES)[number];
export const CODEC_NAMES = [
  "lines",
  "telnet",
  "json",
  "lengthPrefixed",
  "struct",
  "structs",
  "sized",
  "mixed",
  "bytes",
] as const;

export function nameOf(sender: number, sequence: number): Name {
  return sender * SEQUENCES + sequence;
}

export function senderOf(name: Name): number {
  return Math.floor(name / SEQUENCES);
}

/** A name as people read it. */
export function told(name: Name): string {
  return `message ${name % SEQUENCES} of sender ${senderOf(name)}`;
}

/** A language of messages of up to about `longest` bytes. */
export function languageOf(codec: CodecName, longest: number, random: SeededRandom): Language {
  const make = MAKERS[codec];
  return make(longest, random);
}

const MAKERS: Readonly<Record<CodecName, (longest: number, random: SeededRandom) => Language>> = {
  lines: (longest) => whole(lines(), (name) => `${name} ${textOf(name, longest)}`, leadingNumber),
  json: (longest) => {
    const messageOf = (name: Name) => ({
      name,
      text: textOf(name, longest),
      deep: [[name % 7, null, { is: true }]],
    });
    return whole(json(), messageOf, (message) => (message as { name?: number }).name);
  },
  lengthPrefixed: (longest, random) => {
    const prefix = random.pick(
      longest > 60_000 ? (["u32", "varint"] as const) : (["u16", "u32", "varint"] as const),
    );
    return whole(
      lengthPrefixed({ prefix, endian: random.pick(["big", "little"]) }),
      (name) => block(name, longest),
      nameIn,
    );
  },
  struct: (_, random) => {
    const codec = struct(FIELDS, { endian: random.pick(["big", "little"]) });
    return whole(codec, recordOf, (message) => (message as { name?: number }).name);
  },
  structs: () => {
    const codec = structs({ long: FIELDS, short: { name: "f64" } });
    const messageOf = (name: Name) =>
      name % 3 === 0 ? { kind: "short", name } : { kind: "long", ...recordOf(name) };
    return whole(codec, messageOf, (message) => (message as { name?: number }).name);
  },
  telnet: (longest) => whole(telnet(), (name) => `${name} ${textOf(name, longest)}`, leadingNumber),
  sized: (longest, random) =>
    whole(
      struct(SIZED, { endian: random.pick(["big", "little"]) }),
      (name) => sizedOf(name, longest),
      (message) => (message as { name?: number }).name,
    ),
  mixed: (longest) => {
    const codec = mixed({
      text: duplex(lines(), lines()),
      record: struct(FIELDS),
      value: json(),
      sized: struct(SIZED),
      raw: lengthPrefixed(),
    });
    const bodies = {
      text: [(name: Name) => `${name} ${textOf(name, longest)}`, leadingNumber],
      record: [recordOf, ({ name }: { name: number }) => name],
      value: [(name: Name) => ({ name, text: textOf(name, longest) }), ({ name }: { name: number }) => name],
      sized: [(name: Name) => sizedOf(name, longest), ({ name }: { name: number }) => name],
      raw: [(name: Name) => block(name, longest), nameIn],
    } as const;
    const kinds = Object.keys(bodies) as (keyof typeof bodies)[];
    const messageOf = (name: Name) => {
      const kind = kinds[name % kinds.length] as keyof typeof bodies;
      return { kind, body: bodies[kind][0](name) };
    };
    return whole(codec, messageOf, (message) => {
      const { kind, body } = message as { kind: keyof typeof bodies; body: never };
      return bodies[kind]?.[1](body);
    });
  },
  bytes: (longest, random) => {
    const maxChunkBytes = random.pick([1, 7, 1_000, undefined, undefined]);
    return {
      codec: bytes(maxChunkBytes === undefined ? {} : { maxChunkBytes }) as Codec<Message>,
      keepsMessages: false,
      messageOf: (name) => framed(name, longest),
      reader: () => new StreamReader(longest),
    };
  },
};

const FIELDS = { name: "f64", near: "f32", count: "i32", far: "u64", isIt: "bool", small: "u8" } as const;

function recordOf(name: Name): object {
  const random = new SeededRandom(name ^ Math.floor(name / 65_536));
  return {
    name,
    near: Math.fround(random.next()),
    count: random.between(-1_000_000, 1_000_000),
    far: BigInt(random.between(0, 2 ** 31)) ** 2n,
    isIt: random.next() < 0.5,
    small: random.between(0, 255),
  };
}

/** Records that tell their own size. */
const SIZED = {
  name: "f64",
  text: "text16",
  data: "bytes8",
  at: ["i16", 2],
  rows: list({ id: "u16", tag: optional("text8") }, { maxItems: 5 }),
  words: list("text8", { maxItems: 3 }),
} as const;

function sizedOf(name: Name, longest: number): object {
  const random = new SeededRandom(name ^ Math.floor(name / 65_536));
  const rows = Array.from({ length: random.between(0, 5) }, (_, id) => ({
    id,
    tag: random.next() < 0.5 ? undefined : "tag ✓",
  }));
  return {
    name,
    text: textOf(name, longest),
    data: random.bytes(random.between(0, 40)),
    at: [random.between(-32_768, 32_767), 0],
    rows,
    words: Array.from({ length: random.between(0, 3) }, (_, index) => "word".repeat(index)),
  };
}

/** A language whose messages come as they were sent. */
function whole(
  codec: unknown,
  messageOf: (name: Name) => Message,
  nameIn: (message: Message) => number | undefined,
): Language {
  const reader: Reader = {
    names(message) {
      const name = nameIn(message);
      if (typeof name !== "number" || !(name >= 0))
        throw new Fault(`a message came that nobody sent: ${shown(message)}`);
      compare(name, message, messageOf(name));
      return [name];
    },
  };
  return { codec: codec as Codec<Message>, keepsMessages: true, messageOf, reader: () => reader };
}

/** Finds the messages in a stream of pieces. */
class StreamReader implements Reader {
  readonly #longest: number;
  #bytes = new Uint8Array(1_024);
  #length = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  *names(message: Message): Generator<Name> {
    this.#append(message as Uint8Array);
    let start = 0;
    while (this.#length - start >= HEADER_BYTES) {
      const view = new DataView(this.#bytes.buffer, start);
      const end = start + HEADER_BYTES + view.getUint32(8);
      if (end - start > 2 * this.#longest + 200)
        throw new Fault(`a message of ${end - start} bytes came that nobody sent`);
      if (this.#length < end) break;
      const name = view.getFloat64(0);
      compare(name, this.#bytes.subarray(start, end), framed(name, this.#longest));
      start = end;
      yield name;
    }
    if (start === 0) return;
    this.#bytes.copyWithin(0, start, this.#length);
    this.#length -= start;
  }

  /** Adds a piece, which may be a single byte of a long message: room grows by doubling. */
  #append(piece: Uint8Array): void {
    mustBePlain(piece);
    const needed = this.#length + piece.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(2 * needed);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = needed;
  }
}

function compare(name: Name, got: Message, expected: Message): void {
  if (got instanceof Uint8Array) mustBePlain(got);
  if (!same(got, expected))
    throw new Fault(
      `${told(name)} came as ${shown(got)}, and not as ${shown(expected)}${difference(got, expected)}`,
    );
}

function mustBePlain(got: Uint8Array): void {
  if (Object.getPrototypeOf(got) !== Uint8Array.prototype)
    throw new Fault(`a message is a ${got.constructor.name}, and no plain Uint8Array`);
}

function same(a: Message, b: Message): boolean {
  if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array)) return a === b || text(a) === text(b);
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Where two messages are no longer the same, and what is there. */
function difference(got: Message, expected: Message): string {
  if (!(got instanceof Uint8Array) || !(expected instanceof Uint8Array)) return "";
  const at = got.findIndex((byte, index) => byte !== expected[index]);
  return `; ${got.length} and ${expected.length} bytes, which differ from ${at}: ${got.subarray(at, at + 20)} and ${expected.subarray(at, at + 20)}`;
}

function shown(message: Message): string {
  const all = message instanceof Uint8Array ? `bytes ${String(message.subarray(0, 40))}` : text(message);
  return all.length > 120 ? `${all.slice(0, 120)}… (${all.length})` : all;
}

function text(message: Message): string {
  return (
    JSON.stringify(message, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)) ??
    String(message)
  );
}

/** Most messages are short, as a game's are. */
function lengthOf(name: Name, longest: number): number {
  const random = new SeededRandom(Math.imul(name, 2_654_435) ^ Math.floor(name / 4_096));
  const chance = random.next();
  const most = chance < 0.75 ? Math.min(40, longest) : chance < 0.95 ? longest / 10 : longest;
  return random.between(0, Math.floor(most));
}

function textOf(name: Name, longest: number): string {
  const length = lengthOf(name, longest);
  const pattern = `${name.toString(36)} é ✓ 🎲 "\\,\t`;
  const least = Math.max(0, Math.floor(length / 2)); // some characters are of several bytes
  return pattern
    .repeat(Math.ceil(least / pattern.length))
    .slice(0, least)
    .replace(/[\ud800-\udbff]$/, "");
}

/** The name in six bytes, and then what follows from it. */
function block(name: Name, longest: number): Uint8Array {
  const body = new Uint8Array(6 + lengthOf(name, longest));
  for (let index = 0, left = name; index < 6; index++, left = Math.floor(left / 256))
    body[index] = left % 256;
  for (let index = 6; index < body.length; index++)
    body[index] = (name + index * 31 + (index >> 8) * 7) & 255;
  return body;
}

function nameIn(message: Message): number | undefined {
  if (!(message instanceof Uint8Array) || message.length < 6) return undefined;
  let name = 0;
  for (let index = 5; index >= 0; index--) name = name * 256 + (message[index] ?? 0);
  return name;
}

function leadingNumber(message: Message): number | undefined {
  const digits = /^(\d+) /.exec(String(message))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function framed(name: Name, longest: number): Uint8Array {
  const body = block(name, longest);
  const all = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(all.buffer);
  view.setFloat64(0, name);
  view.setUint32(8, body.length);
  all.set(body, HEADER_BYTES);
  return all;
}

const HEADER_BYTES = 12;
/** More than a game has messages. */
const SEQUENCES = 2 ** 24;
