/**
 * Telnet around another codec, for people at terminals and the clients of MUDs: takes
 * commands and negotiation out of the stream, and refuses every option (RFC 854, RFC
 * 1143). What remains is the stream of the codec inside.
 *
 *     bytes ──▶ telnet: IAC … taken out ──▶ codec ──▶ messages
 *     bytes ◀── DON'T, WON'T ◀──┘
 */
import { type Checks, checkOptions, isWholeNumber } from "../check.ts";
import {
  type Codec,
  type Decoder,
  decodeWholeBy,
  encodeWholeBy,
  type MessageSink,
  REPLY,
  type Reply,
} from "./codec.ts";
import { checkCodec } from "./duplex.ts";
import { lines } from "./lines.ts";
import { CommandFilter, IAC, NEWLINE, NUL, RETURN } from "./telnet-commands.ts";

/** Options of {@link telnet}. */
export interface TelnetOptions {
  /**
   * How many offers and requests a peer may make in its life; 1,024 by default, while
   * clients make a dozen. Each is answered with a refusal of three bytes.
   */
  readonly maxOffers?: number;
  /**
   * The size of the longest subnegotiation that a peer may send, in bytes; 1,024 by
   * default. None is asked for, so those that come are skipped and not kept.
   */
  readonly maxSubnegotiationBytes?: number;
}

/**
 * Lines of text by telnet: `lines({ eol: "\r\n", invalid: "replace" })` inside.
 *
 * Every option that the peer offers or asks for is refused, once for each time, so
 * that no loop can arise; its refusals are not answered. Other commands are ignored,
 * erasing characters included, which terminals do by themselves. `CR NUL` is the end of
 * a line, as RFC 1123 asks; any other NUL is dropped.
 *
 * The connection closes with `protocol` if the peer is over `maxOffers` or
 * `maxSubnegotiationBytes`, ends its stream inside a command, or sends what the codec
 * inside refuses.
 */
export function telnet(): Codec<string>;
/**
 * The same around another codec, of text: to telnet a NUL is none, and binary messages
 * would lose theirs. A byte 255 in what it sends is doubled, and a carriage return that
 * no newline follows has a NUL behind it.
 *
 * @throws TypeError when `codec` is none, a limit is no number, or for an unknown option
 * @throws RangeError when a limit is not a whole number from 1 up
 */
export function telnet<In, Out>(codec: Codec<In, Out>, options?: TelnetOptions): Codec<In, Out>;
export function telnet(
  codec: Codec<unknown, never> = lines({ eol: "\r\n", invalid: "replace" }) as Codec<unknown, never>,
  options: TelnetOptions = {},
): Codec<unknown, never> {
  checkCodec("codec", codec);
  checkOptions(options, CHECKS);
  const { maxOffers = 1_024, maxSubnegotiationBytes = 1_024 } = options;
  const limits = { maxOffers, maxSubnegotiationBytes };
  return {
    fingerprint: `telnet ${codec.fingerprint}`,
    decoder: () => new TelnetDecoder(codec.decoder(), limits),
    encode: (message) => withEscapes(codec.encode(message)),
    decodeWhole: (bytes, sink) => decodeWholeBy(codec, wholeData(bytes, limits), sink),
    encodeWhole: (message) => withEscapes(encodeWholeBy(codec as Codec<unknown>, message)),
  };
}

class TelnetDecoder<In> implements Decoder<In> {
  readonly #decoder: Decoder<In>;
  readonly #filter: CommandFilter;
  #reply: Reply | undefined;

  constructor(decoder: Decoder<In>, limits: Required<TelnetOptions>) {
    this.#decoder = decoder;
    this.#filter = new CommandFilter(limits);
  }

  [REPLY](reply: Reply): void {
    this.#reply = reply;
  }

  get pendingBytes(): number {
    return (this.#decoder.pendingBytes ?? 0) + this.#filter.pendingBytes;
  }

  decode(bytes: Uint8Array, sink: MessageSink<In>): void {
    const filter = this.#filter;
    const data = filter.take(bytes);
    if (filter.refusals.length > 0) this.#reply?.(Uint8Array.from(filter.refusals.splice(0)));
    if (data.length > 0) this.#decoder.decode(data, sink); // also what stands before a bad command
    filter.check();
  }

  end(): void {
    this.#filter.end();
    this.#decoder.end?.();
  }
}

/** The data of a whole message of a carrier, without a way back for answers. */
function wholeData(bytes: Uint8Array, limits: Required<TelnetOptions>): Uint8Array {
  const filter = new CommandFilter(limits);
  const data = filter.take(bytes);
  filter.check();
  filter.end();
  return data;
}

/** The bytes with what telnet would take for something else escaped; the same bytes where there is nothing. */
function withEscapes(bytes: Uint8Array): Uint8Array {
  if (!needsEscapes(bytes)) return bytes;
  const escaped: number[] = [];
  for (const [at, byte] of bytes.entries()) {
    escaped.push(byte);
    if (byte === IAC) escaped.push(IAC);
    else if (byte === RETURN && bytes[at + 1] !== NEWLINE) escaped.push(NUL);
  }
  return Uint8Array.from(escaped);
}

function needsEscapes(bytes: Uint8Array): boolean {
  if (bytes.includes(IAC)) return true;
  for (let at = bytes.indexOf(RETURN); at !== -1; at = bytes.indexOf(RETURN, at + 1)) {
    if (bytes[at + 1] !== NEWLINE) return true;
  }
  return false;
}

const CHECKS: Checks<TelnetOptions> = {
  maxOffers: isWholeNumber(1),
  maxSubnegotiationBytes: isWholeNumber(1),
};
