/**
 * The last word of the game, as it is given to `close`: what is one, and whether the
 * carrier can take it along. A mistake throws at the call, before anything is closed.
 */
import { type Checks, checkOptions, kindOf, wholeNumber } from "../../check.ts";
import type { Goodbye } from "../../port/close-reason.ts";

/** What may carry a goodbye: a link or an acceptor. */
export interface GoodbyeCarrier {
  carriesCode?(code: number): boolean;
}

/**
 * A copy of `goodbye`, without a text when that is empty.
 *
 * @throws TypeError when it is none, or has what a goodbye has not
 * @throws RangeError when the code or the text cannot be sent
 */
export function checkedGoodbye(goodbye: unknown, carrier: GoodbyeCarrier): Goodbye {
  if (typeof goodbye !== "object" || goodbye === null)
    throw new TypeError(`goodbye: expected { code, text }, got ${kindOf(goodbye)}`);
  checkOptions<Goodbye>(goodbye, CHECKS);
  const { code, text = "" } = goodbye as Goodbye;
  wholeNumber("code", code, 0, MAX_CODE);
  if (carrier.carriesCode?.(code) === false)
    throw new RangeError(`code: a WebSocket carries 1000, and 3000 to 4999, got ${code}`);
  return text === "" ? { code } : { code, text };
}

const isSentence = (name: string, value: unknown): void => {
  if (typeof value !== "string") throw new TypeError(`${name}: expected a string, got ${kindOf(value)}`);
  const encoded = new TextEncoder().encode(value);
  if (encoded.length > MAX_TEXT_BYTES)
    throw new RangeError(`${name}: expected at most ${MAX_TEXT_BYTES} bytes of UTF-8, got ${encoded.length}`);
  if (LONE_SURROGATE.test(value)) throw new RangeError(`${name}: expected whole characters, got half of one`);
  if (value.startsWith(OWN_MARK))
    throw new RangeError(`${name}: expected another beginning than "${OWN_MARK}", which tickwire's own have`);
};

const MAX_CODE = 65_535;
/** What the close frame of a WebSocket has room for. */
const MAX_TEXT_BYTES = 123;
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Over a WebSocket, the beginning of what tickwire says by itself; see `transport/browser/close-codes.ts`. */
const OWN_MARK = "tickwire: ";

const CHECKS: Checks<Goodbye> = {
  code: (name, value) => wholeNumber(name, value, 0, MAX_CODE),
  text: isSentence,
};
