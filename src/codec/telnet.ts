/**
 * Telnet around another codec, for people at terminals and the clients of MUDs: takes
 * commands and negotiation out of the stream, and refuses every option (RFC 854, RFC
 * 1143). What remains is the stream of the codec inside.
 *
 *     bytes ──▶ telnet: IAC … taken out ──▶ codec ──▶ messages
 *     bytes ◀── DON'T, WON'T ◀──┘
 */
import { type Checks, checkOptions, isWholeNumber } from "../check.ts";
import { type Codec, DecodeError, type Decoder, type MessageSink, REPLY, type Reply } from "./codec.ts";
import { checkCodec } from "./duplex.ts";
import { lines } from "./lines.ts";

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
 * The same around another codec. A byte 255 in what it sends is doubled, and a carriage
 * return that no newline follows has a NUL behind it.
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
  return {
    decoder: () => new TelnetDecoder(codec.decoder(), { maxOffers, maxSubnegotiationBytes }),
    encode: (message) => withEscapes(codec.encode(message)),
  };
}

/** What the next byte belongs to. */
type State =
  | "data"
  /** The last byte of the data was a carriage return. */
  | "return"
  /** A command, behind IAC. */
  | "command"
  /** The option behind WILL, WON'T, DO or DON'T. */
  | "option"
  | "subnegotiation"
  /** The byte behind IAC in a subnegotiation. */
  | "subcommand";

class TelnetDecoder<In> implements Decoder<In> {
  readonly #decoder: Decoder<In>;
  readonly #limits: Required<TelnetOptions>;
  #reply: Reply | undefined;
  #state: State = "data";
  /** The bytes of the command so far; kept by number alone. */
  #commandBytes = 0;
  #verb = 0;
  #offers = 0;

  constructor(decoder: Decoder<In>, limits: Required<TelnetOptions>) {
    this.#decoder = decoder;
    this.#limits = limits;
  }

  [REPLY](reply: Reply): void {
    this.#reply = reply;
  }

  get pendingBytes(): number {
    return (this.#decoder.pendingBytes ?? 0) + (this.#isInData ? 0 : this.#commandBytes);
  }

  decode(bytes: Uint8Array, sink: MessageSink<In>): void {
    if (bytes.length === 0) return;
    if (this.#isInData && !bytes.includes(IAC) && !bytes.includes(NUL)) {
      this.#state = bytes[bytes.length - 1] === RETURN ? "return" : "data";
      this.#decoder.decode(bytes, sink);
      return;
    }
    const data = new Uint8Array(bytes.length);
    const refusals: number[] = [];
    let length = 0;
    for (const byte of bytes) {
      const kept = this.#take(byte, refusals);
      if (kept !== undefined) data[length++] = kept;
    }
    if (refusals.length > 0) this.#reply?.(Uint8Array.from(refusals));
    if (length > 0) this.#decoder.decode(data.subarray(0, length), sink);
  }

  end(): void {
    if (!this.#isInData) throw new DecodeError("the stream ended inside a telnet command");
    this.#decoder.end?.();
  }

  get #isInData(): boolean {
    return this.#state === "data" || this.#state === "return";
  }

  /** Takes one byte. Returns the byte of the data that it is; `undefined` when it is none. */
  #take(byte: number, refusals: number[]): number | undefined {
    if (!this.#isInData) {
      this.#commandBytes++;
      return this.#takeOfCommand(byte, refusals);
    }
    if (byte === IAC) {
      this.#state = "command";
      this.#commandBytes = 1;
      return undefined;
    }
    const follows = this.#state === "return";
    this.#state = byte === RETURN ? "return" : "data";
    if (byte !== NUL) return byte;
    return follows ? NEWLINE : undefined;
  }

  #takeOfCommand(byte: number, refusals: number[]): number | undefined {
    switch (this.#state) {
      case "command":
        this.#state = byte === SB ? "subnegotiation" : byte >= WILL && byte <= DONT ? "option" : "data";
        this.#verb = byte;
        return byte === IAC ? IAC : undefined;
      case "option":
        this.#state = "data";
        this.#refuse(byte, refusals);
        return undefined;
      case "subcommand":
        this.#state = byte === SE ? "data" : "subnegotiation";
        return undefined;
      default: {
        const { maxSubnegotiationBytes: most } = this.#limits;
        if (byte === IAC) this.#state = "subcommand";
        else if (this.#commandBytes - SUBNEGOTIATION_START_BYTES > most) throw tooLong(most);
        return undefined;
      }
    }
  }

  /** WILL is answered with DON'T, and DO with WON'T; a refusal has no answer, so that no loop begins. */
  #refuse(option: number, refusals: number[]): void {
    const verb = this.#verb;
    if (verb !== WILL && verb !== DO) return;
    if (++this.#offers > this.#limits.maxOffers) {
      throw new DecodeError(
        `the peer offered or asked for more than ${this.#limits.maxOffers} telnet options`,
        {
          code: "maxOffers",
        },
      );
    }
    refusals.push(IAC, verb === WILL ? DONT : WONT, option);
  }
}

function tooLong(most: number): DecodeError {
  return new DecodeError(`a telnet subnegotiation is longer than the limit of ${most} bytes`, {
    code: "maxSubnegotiationBytes",
  });
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

const NUL = 0;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
// RFC 854, pages 13 and 14.
const SE = 240;
const SB = 250;
const WILL = 251;
const WONT = 252;
const DO = 253;
const DONT = 254;
const IAC = 255;
/** IAC SB. */
const SUBNEGOTIATION_START_BYTES = 2;
