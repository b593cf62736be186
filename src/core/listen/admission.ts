/**
 * Admission: whether a listener accepts an incoming connection. The listener
 * asks once for each, before it allocates anything for it, and before the
 * handshake of a transport that has one.
 *
 *     acceptor ── handshaking, incoming ──▶ refusal? ── none ──▶ addNew … remove
 *                                           └──── a reason ───▶ drop the peer
 *
 * Decides by address, by the number of connections, and by their rate. The
 * `code` of a refusal is the name of the limit. Knows no link and no game.
 */
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { TokenBucket } from "../limits/token-bucket.ts";
import type { AcceptLimits, AddressList } from "./accept-limits.ts";

/** The admission of one listener. */
export class Admission {
  readonly #limits: AcceptLimits;
  readonly #rate: TokenBucket;
  /** The number of connections that the listener has, pending ones included. */
  #count = 0;
  /** The same for each address that has any; empty while that is not limited. Nothing is kept for `undefined`. */
  readonly #countsByKey = new Map<string | undefined, number>();

  constructor(limits: AcceptLimits, nowMs: number) {
    this.#limits = limits;
    this.#rate = new TokenBucket(limits.acceptRateHz, nowMs);
  }

  /**
   * Returns `undefined` when a connection from `address` may be accepted, which
   * is the usual case; otherwise the reason why not.
   *
   * @param pending the number of connections that wait to be accepted
   * @param nowMs polled time, in milliseconds
   */
  refusal(address: Address | undefined, pending: number, nowMs: number): CloseReason | undefined {
    const { maxConnections } = this.#limits;
    const byList = this.#listRefusal(address);
    if (byList !== undefined) return byList;
    if (this.#count >= maxConnections)
      return limitReached("maxConnections", `${maxConnections} connections are open`);
    const refusal = this.#countRefusal(address) ?? this.queueRefusal(pending);
    if (refusal !== undefined) return refusal;
    if (this.#rate.available(nowMs) >= 1) return undefined;
    return limitReached("acceptRateHz", `${this.#limits.acceptRateHz} connections a second are accepted`);
  }

  /** The part of {@link refusal} that depends on the address. */
  addressRefusal(address: Address | undefined): CloseReason | undefined {
    return this.#listRefusal(address) ?? this.#countRefusal(address);
  }

  #countRefusal(address: Address | undefined): CloseReason | undefined {
    const { maxConnectionsPerAddress } = this.#limits;
    if (this.#countOf(this.#keyOf(address)) >= maxConnectionsPerAddress) {
      return limitReached(
        "maxConnectionsPerAddress",
        `${maxConnectionsPerAddress} connections are open from that address`,
      );
    }
    return undefined;
  }

  /** The part of {@link refusal} that may have changed when a handshake is over. */
  queueRefusal(pending: number): CloseReason | undefined {
    const { acceptLimit } = this.#limits;
    if (pending < acceptLimit) return undefined;
    return limitReached("acceptLimit", `${acceptLimit} connections wait to be accepted`);
  }

  /** Counts a peer that was not refused, under the rate too. */
  addNew(address: Address | undefined): void {
    this.#rate.use(1);
    this.add(address);
  }

  /** Counts a connection from `address`, which was admitted before. */
  add(address: Address | undefined): void {
    this.#count++;
    const key = this.#keyOf(address);
    if (key !== undefined) this.#countsByKey.set(key, this.#countOf(key) + 1);
  }

  /** Stops counting a connection, when it has closed. */
  remove(address: Address | undefined): void {
    this.#count--;
    const key = this.#keyOf(address);
    const rest = this.#countOf(key) - 1;
    if (rest > 0) this.#countsByKey.set(key, rest);
    else this.#countsByKey.delete(key);
  }

  /** Rejects if a list throws. Lists ignore addresses that are not IP addresses. */
  #listRefusal(address: Address | undefined): CloseReason | undefined {
    const { denyList, allowList } = this.#limits;
    if (denyList === undefined && allowList === undefined) return undefined;
    if (address?.family !== "IPv4" && address?.family !== "IPv6") return undefined;
    const host = plainHost(address.host);
    if (denyList !== undefined && isOn(denyList, host) !== false) return DENIED;
    if (allowList !== undefined && isOn(allowList, host) !== true) return NOT_ALLOWED;
    return undefined;
  }

  /** The key that an address is counted under; `undefined` while that is not limited. */
  #keyOf(address: Address | undefined): string | undefined {
    return this.#limits.maxConnectionsPerAddress === Infinity ? undefined : addressKey(address);
  }

  #countOf(key: string | undefined): number {
    return this.#countsByKey.get(key) ?? 0;
  }
}

/**
 * The key for counting connections by address: an IPv4 address, the /64 network
 * of an IPv6 address, or the host of any other; `undefined` without an address.
 */
export function addressKey(address: Address | undefined): string | undefined {
  if (address === undefined) return undefined;
  const host = plainHost(address.host);
  return address.family === "IPv6" && host.includes(":") ? network64(host) : host;
}

/** The host without its zone, and without the `::ffff:` that a dual-stack socket puts before an IPv4 address. */
function plainHost(host: string): string {
  const [address = ""] = host.split("%", 1);
  return MAPPED.exec(address)?.[1] ?? address;
}

/** The first 64 bits of an IPv6 address: four groups without abbreviation. */
function network64(host: string): string {
  const [front = "", back = ""] = host.split("::", 2);
  const before = groupsOf(front);
  const after = groupsOf(back);
  const zeros = Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...new Array<string>(zeros).fill("0"), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}

/** The 16-bit groups in one part of an IPv6 address. A dotted end counts as two; its value is never needed. */
function groupsOf(part: string): string[] {
  if (part === "") return [];
  return part.split(":").flatMap((group) => (group.includes(".") ? ["0", "0"] : [group]));
}

/** Whether a list contains an address; `undefined` if the list throws, since the user cannot catch that here. */
function isOn(list: AddressList, host: string): boolean | undefined {
  try {
    return list.check(host, host.includes(":") ? "ipv6" : "ipv4");
  } catch {
    return undefined;
  }
}

function limitReached(code: string, detail: string): CloseReason {
  return { kind: "overflow", code, message: `the listener has reached its ${code}: ${detail}` };
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const DENIED: CloseReason = { kind: "denied", code: "denyList", message: "denyList contains that address" };
const NOT_ALLOWED: CloseReason = {
  kind: "denied",
  code: "allowList",
  message: "allowList does not contain that address",
};
