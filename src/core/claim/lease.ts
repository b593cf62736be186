/**
 * What is claimed, and what is listed: names of leases on a transport that keeps
 * records, with the times of a claim. Checks them, and does nothing.
 */
import { type Checks, checkOptions, isText, isWholeNumber, kindOf, wholeNumber } from "../../check.ts";
import { jsonOf } from "../../codec/json-values.ts";
import type { Transport } from "../../port/transport.ts";
import { MAX_META_DEPTH } from "./lease-record.ts";

/** A transport that keeps leases: `memory()`, or `nats()` of `tickwire/nats`. */
export type LeasingTransport = Transport & Required<Pick<Transport, "registry">>;

/** Options of {@link lease}. */
export interface LeaseOptions {
  /**
   * How long a lease lives that is not renewed, in milliseconds of real time; 5,000 by default: a
   * third of it rides out a collection of garbage, and the world of a process that was killed has
   * another owner within six seconds. It is renewed at each third. Up to an hour.
   */
  readonly ttlMs?: number;
  /**
   * How much earlier than the others its owner gives it up, in milliseconds; a fifth of `ttlMs` by
   * default. Clocks may run at rates that differ by `marginMs / ttlMs`, and one tick that is as
   * long as this may end after the lease has.
   */
  readonly marginMs?: number;
  /** What others see of its owner in their listings, such as where it is: any value of JSON, up to 8 KiB of it. */
  readonly meta?: unknown;
}

/** A lease to claim: what {@link lease} makes, and `poller.claim` takes. */
export interface Lease {
  /** Where its record is kept. */
  readonly transport: LeasingTransport;
  /** Its name, on that network. */
  readonly name: string;
  /** See {@link LeaseOptions.ttlMs}. */
  readonly ttlMs: number;
  /** See {@link LeaseOptions.marginMs}. */
  readonly marginMs: number;
  /** A copy of what its owner says of itself at first. */
  readonly meta: unknown;
}

/** Leases to list: what {@link leases} makes, and `poller.list` takes. */
export interface LeasePattern {
  /** Where their records are kept. */
  readonly transport: LeasingTransport;
  /** What their names match. */
  readonly pattern: string;
}

/**
 * The lease of that name, for `poller.claim`. Of all who claim it on the same
 * network one has it at a time.
 *
 * @param name words of letters, digits, `-`, `_`, `=` and `/`, with dots between them; up to 200 characters
 * @throws TypeError when `transport` keeps no leases, an option is unknown, or JSON cannot carry `meta`
 * @throws RangeError when `name` is no such name, `meta` is too long, or a time is out of its range
 */
export function lease(transport: Transport, name: string, options: LeaseOptions = {}): Lease {
  checkLeasing(transport);
  checkPattern("name", name, NAME);
  checkOptions(options, LEASE_CHECKS);
  const { ttlMs = DEFAULT_TTL_MS, meta } = options;
  const marginMs = options.marginMs ?? Math.max(1, Math.floor(ttlMs / 5));
  wholeNumber("marginMs", marginMs, 1, ttlMs - 1);
  return Object.freeze({ transport, name, ttlMs, marginMs, meta: metaOf("meta", meta) });
}

/**
 * The leases of all names that match, for `poller.list`.
 *
 * @param pattern a name, in which `*` is any one word, and `>` at the end any number of words
 * @throws TypeError when `transport` keeps no leases
 * @throws RangeError when `pattern` is none
 */
export function leases(transport: Transport, pattern: string): LeasePattern {
  checkLeasing(transport);
  checkPattern("pattern", pattern, PATTERN);
  return Object.freeze({ transport, pattern });
}

/**
 * A copy of `meta` that nobody can change below us.
 *
 * @throws TypeError or RangeError when JSON cannot carry it, or it is too long
 */
export function metaOf(name: string, meta: unknown): unknown {
  if (meta === undefined) return undefined;
  let text: string | undefined;
  try {
    text = jsonOf(meta, MAX_META_DEPTH);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    const Kind = error instanceof TypeError ? TypeError : RangeError;
    throw new Kind(`${name}: ${error.message}`, { cause: error });
  }
  if (text === undefined) throw new TypeError(`${name}: expected a value of JSON, got ${kindOf(meta)}`);
  if (text.length > MAX_META_CHARACTERS)
    throw new RangeError(
      `${name}: its JSON of ${text.length} characters is over ${MAX_META_CHARACTERS}; put where it is found here`,
    );
  return JSON.parse(text);
}

function checkLeasing(transport: Transport): asserts transport is LeasingTransport {
  if (typeof transport?.registry === "function") return;
  throw new TypeError(`transport: this one keeps no leases; memory() and nats() do`);
}

function checkPattern(name: string, value: unknown, expected: RegExp): void {
  isText(name, value);
  const text = value as string;
  if (text.length > MAX_NAME_CHARACTERS)
    throw new RangeError(`${name}: its ${text.length} characters are over ${MAX_NAME_CHARACTERS}`);
  if (!expected.test(text))
    throw new RangeError(
      `${name}: expected words of letters, digits, -, _, = and / with dots between them, got ${JSON.stringify(text)}`,
    );
}

const LEASE_CHECKS: Checks<LeaseOptions> = {
  ttlMs: isWholeNumber(10, 3_600_000),
  marginMs: isWholeNumber(1),
  meta: () => {}, // looked at when it is written as JSON
};

const DEFAULT_TTL_MS = 5_000;
const NAME = /^[\w=/-]+(\.[\w=/-]+)*$/;
const PATTERN = /^([\w=/-]+|\*)(\.([\w=/-]+|\*))*(\.>)?$|^>$/;
/** Far below what a subject of NATS may have, with the words in front of it. */
const MAX_NAME_CHARACTERS = 200;
/** A lease is written every third of its time, and read by all who list it. */
const MAX_META_CHARACTERS = 8_192;
