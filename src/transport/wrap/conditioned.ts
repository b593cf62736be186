/**
 * A transport on a bad network: another transport, and what its network does to what
 * passes. Has the public call and its types.
 *
 *     tcp(…) ──▶ conditioned(…, "mobile") ──▶ poller.connect, listen, bind
 *
 * All of it happens in polled time, by draws from one seed: there is no timer and no
 * other chance.
 */
import { kindOf, oneOf } from "../../check.ts";
import type { Transport } from "../../port/transport.ts";
import { ConditionedAcceptor } from "./conditioned-acceptor.ts";
import { ConditionedDatagrams } from "./conditioned-datagrams.ts";
import { ConditionedLink } from "./conditioned-link.ts";
import { type ConditionedEnd, Conditioner, DIRECTIONS } from "./conditioner.ts";
import { type Conditions, type Direction, isSeed, type NetworkName, termsOf } from "./conditions.ts";

export type { ConditionedEnd } from "./conditioner.ts";

/** Options of {@link conditioned}. */
export interface ConditionedOptions extends Conditions {
  /** What all chance comes from, a whole number; 1 by default. With the same one the same happens. */
  readonly seed?: number;
}

/**
 * A transport on a bad network, and the controls of that, which may be called at any time.
 *
 * Those that take a connection concern its link alone. They throw a TypeError when it is
 * no connection, and a RangeError when it is none of this transport or still connecting,
 * or has no address at all; one that is over changes nothing.
 */
export interface ConditionedTransport extends Transport {
  /**
   * Changes the conditions, from this frame on; what is on its way since an earlier one arrives
   * as it would have, and is not overtaken. What `conditions` does not name has its default.
   *
   * @throws TypeError or RangeError when an option is not known, of a wrong kind, or out of its range
   */
  set(conditions: Conditions | NetworkName): void;
  /** Breaks every link, or one: both ends see a reset, and all that is on its way is lost, datagrams too. */
  cut(connection?: ConditionedEnd): void;
  /**
   * Lets nothing pass any more, in one direction or both: no bytes, no ends, no resets. Neither
   * end is told. Streams wait, datagrams are lost. Without a connection it concerns later
   * links, too.
   *
   * @throws TypeError when `direction` is neither `"send"` nor `"receive"`
   */
  blackhole(direction?: Direction, connection?: ConditionedEnd): void;
  /** Ends the blackholes, all or those of one connection: streams go on where they were, and have lost nothing. */
  heal(connection?: ConditionedEnd): void;
}

/**
 * A transport that does what `transport` does, on a bad network: the name of a preset,
 * or options. Without options it is `transport`, call for call. Either side can be
 * conditioned; where both are, each adds its own. Wrap the side whose network is bad, as
 * that of a player.
 *
 * @throws TypeError when `transport` is none
 * @throws TypeError or RangeError when an option is not known, of a wrong kind, or out of its range
 */
export function conditioned(
  transport: Transport,
  options: ConditionedOptions | NetworkName = {},
): ConditionedTransport {
  checkTransport(transport);
  const { seed = 1, ...conditions } = splitSeed(options);
  isSeed("seed", seed);
  const { framing, pump, sleep, listen, connect, bind } = transport;
  const conditioner = new Conditioner(seed, termsOf(conditions), framing === "message", pump);
  return {
    ...(framing && { framing }),
    ...(listen && { listen: (codec) => new ConditionedAcceptor(conditioner, listen.call(transport, codec)) }),
    ...(connect && { connect: (codec) => new ConditionedLink(conditioner, connect.call(transport, codec)) }),
    ...(bind && { bind: (codec) => new ConditionedDatagrams(conditioner, bind.call(transport, codec)) }),
    pump: conditioner.pump,
    ...(sleep && { sleep }),
    set: (changed) => {
      conditioner.terms = termsOf(changed);
    },
    cut: (connection) => conditioner.cut(connection),
    blackhole: (direction, connection) => {
      const directions = direction === undefined ? DIRECTIONS : [oneOf("direction", direction, DIRECTIONS)];
      conditioner.blackhole(directions, connection);
    },
    heal: (connection) => conditioner.heal(connection),
  };
}

/** The options of either form. What is no object stays as it is, for the checks to say so. */
function splitSeed(options: ConditionedOptions | NetworkName): ConditionedOptions {
  if (typeof options === "string") return { network: options };
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return options;
  throw new TypeError(`options: expected an object or the name of a preset, got ${kindOf(options)}`);
}

function checkTransport(transport: unknown): void {
  const { listen, connect, bind } = (transport ?? {}) as Partial<Transport>;
  if ([listen, connect, bind].some((call) => typeof call === "function")) return;
  throw new TypeError(`transport: expected a transport such as tcp(), got ${kindOf(transport)}`);
}
