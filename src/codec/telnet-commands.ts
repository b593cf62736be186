/**
 * Telnet's commands in a stream: which bytes they are, what is answered to them, and
 * when they are over a limit (RFC 854, RFC 1143). Knows no codec, and sends nothing.
 *
 *     bytes ──▶ take ──▶ the data between them
 *                 └────▶ refusals
 */
import { DecodeError } from "./codec.ts";

/** The limits of one stream. */
export interface CommandLimits {
  readonly maxOffers: number;
  readonly maxSubnegotiationBytes: number;
}

/** Takes the commands out of one stream, and finds the answers to them. */
export class CommandFilter {
  /** The answers that are due, in bytes; whoever sends them takes them out. */
  readonly refusals: number[] = [];
  readonly #limits: CommandLimits;
  #state: State = "data";
  /** The bytes of the command so far; kept by number alone. */
  #commandBytes = 0;
  #verb = 0;
  #offers = 0;
  /** What is wrong with the stream, behind the data that was taken. */
  #problem: DecodeError | undefined;

  constructor(limits: CommandLimits) {
    this.#limits = limits;
  }

  /** The size of an unfinished command. */
  get pendingBytes(): number {
    return this.#isInData ? 0 : this.#commandBytes;
  }

  /** Returns the data among `bytes`, up to a command that is over a limit; lent, or `bytes` themselves. */
  take(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) return bytes;
    if (this.#isInData && !bytes.includes(IAC) && !bytes.includes(NUL)) {
      this.#state = bytes[bytes.length - 1] === RETURN ? "return" : "data";
      return bytes;
    }
    const data = new Uint8Array(bytes.length);
    let length = 0;
    for (const byte of bytes) {
      const kept = this.#take(byte);
      if (this.#problem !== undefined) break;
      if (kept !== undefined) data[length++] = kept;
    }
    return data.subarray(0, length);
  }

  /** @throws DecodeError when a command was over a limit */
  check(): void {
    if (this.#problem !== undefined) throw this.#problem;
  }

  /** @throws DecodeError when the stream has ended inside a command */
  end(): void {
    if (!this.#isInData) throw new DecodeError("the stream ended inside a telnet command");
  }

  get #isInData(): boolean {
    return this.#state === "data" || this.#state === "return";
  }

  /** Takes one byte. Returns the byte of the data that it is; `undefined` when it is none. */
  #take(byte: number): number | undefined {
    if (!this.#isInData) {
      this.#commandBytes++;
      return this.#takeOfCommand(byte);
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

  #takeOfCommand(byte: number): number | undefined {
    switch (this.#state) {
      case "command":
        this.#state = byte === SB ? "subnegotiation" : byte >= WILL && byte <= DONT ? "option" : "data";
        this.#verb = byte;
        return byte === IAC ? IAC : undefined;
      case "option":
        this.#state = "data";
        this.#refuse(byte);
        return undefined;
      case "subcommand":
        this.#state = byte === SE ? "data" : "subnegotiation";
        break;
      default:
        if (byte === IAC) {
          this.#state = "subcommand"; // which may be its end
          return undefined;
        }
    }
    const { maxSubnegotiationBytes: most } = this.#limits;
    const isOver = this.#state !== "data" && this.#commandBytes - SUBNEGOTIATION_START_BYTES > most;
    if (isOver) this.#problem = tooLong(most);
    return undefined;
  }

  /** WILL is answered with DON'T, and DO with WON'T; a refusal has no answer, so that no loop begins. */
  #refuse(option: number): void {
    const verb = this.#verb;
    if (verb !== WILL && verb !== DO) return;
    const { maxOffers } = this.#limits;
    if (++this.#offers <= maxOffers) this.refusals.push(IAC, verb === WILL ? DONT : WONT, option);
    else {
      this.#problem = new DecodeError(`the peer offered or asked for more than ${maxOffers} telnet options`, {
        code: "maxOffers",
      });
    }
  }
}

function tooLong(most: number): DecodeError {
  return new DecodeError(`a telnet subnegotiation is longer than the limit of ${most} bytes`, {
    code: "maxSubnegotiationBytes",
  });
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

export const NUL = 0;
export const NEWLINE = 0x0a;
export const RETURN = 0x0d;
// RFC 854, pages 13 and 14.
const SE = 240;
const SB = 250;
const WILL = 251;
const WONT = 252;
const DO = 253;
const DONT = 254;
export const IAC = 255;
/** IAC SB. */
const SUBNEGOTIATION_START_BYTES = 2;
