/**
 * Who may come in. Asked once for each guest, before anything is made for it.
 *
 *     acceptor ── arrived ──▶ refusal? ── none ──▶ enter … leave
 *                            └──────── a reason ──▶ away with it
 *
 * Decides by address, by how many are in the house, and by how fast they come.
 * Its `code`s are the names of the limits. Knows no link and no game.
 */

import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { TokenBucket } from "../limits/token-bucket.ts";
import type { AcceptLimits, AddressList } from "./accept-limits.ts";

/** The admission of one listener. */
export class Admission {
  readonly #limits: AcceptLimits;
  readonly #rate: TokenBucket;
  /** How many are in the house, in all and, where that is limited, from each address that has any. */
  #inside = 0;
  readonly #insideFrom = new Map<string, number>();

  constructor(limits: AcceptLimits, nowMs: number) {
    this.#limits = limits;
    this.#rate = new TokenBucket(limits.acceptRateHz, nowMs);
  }

  /**
   * Why a guest from `address` may not come in; `undefined` when it may, the
   * usual case.
   *
   * @param waiting how many guests wait at the door
   * @param nowMs polled time
   */
  refusal(address: Address | undefined, waiting: number, nowMs: number): CloseReason | undefined {
    const { maxConnections, maxConnectionsPerAddress, acceptLimit } = this.#limits;
    const verdict = this.#judge(address);
    if (verdict !== undefined) return verdict;
    if (this.#inside >= maxConnections) return full("maxConnections", `${maxConnections} are here`);
    if (this.#countFrom(this.#keyOf(address)) >= maxConnectionsPerAddress) {
      return full("maxConnectionsPerAddress", `${maxConnectionsPerAddress} from that address are here`);
    }
    if (waiting >= acceptLimit) return full("acceptLimit", `${acceptLimit} wait at the door`);
    const isInTime = this.#rate.available(nowMs) >= 1;
    return isInTime ? undefined : full("acceptRateHz", `${this.#limits.acceptRateHz} a second may come in`);
  }

  /** A guest has come in. */
  add(address: Address | undefined): void {
    this.#inside++;
    this.#rate.use(1);
    const house = this.#keyOf(address);
    if (house !== undefined) this.#insideFrom.set(house, this.#countFrom(house) + 1);
  }

  /** One who had come in is gone. */
  remove(address: Address | undefined): void {
    this.#inside--;
    const house = this.#keyOf(address);
    if (house === undefined) return;
    const others = this.#countFrom(house) - 1;
    if (others > 0) this.#insideFrom.set(house, others);
    else this.#insideFrom.delete(house);
  }

  /** Who cannot be judged stays outside; who has no such address is not on any list. */
  #judge(address: Address | undefined): CloseReason | undefined {
    const { denyList, allowList } = this.#limits;
    if (denyList === undefined && allowList === undefined) return undefined;
    if (address?.family !== "IPv4" && address?.family !== "IPv6") return undefined;
    const host = plainHost(address.host);
    if (denyList !== undefined && isOn(denyList, host) !== false) return DENIED;
    if (allowList !== undefined && isOn(allowList, host) !== true) return NOT_ALLOWED;
    return undefined;
  }

  /** Whom a guest is counted with; `undefined` when nobody asks. */
  #keyOf(address: Address | undefined): string | undefined {
    return this.#limits.maxConnectionsPerAddress === Infinity ? undefined : addressKey(address);
  }

  #countFrom(house: string | undefined): number {
    return house === undefined ? 0 : (this.#insideFrom.get(house) ?? 0);
  }
}

/**
 * What counts as one address: an address of IPv4, the first 64 bits of one of
 * IPv6, the host of any other; `undefined` for a guest that has none.
 */
export function addressKey(address: Address | undefined): string | undefined {
  if (address === undefined) return undefined;
  const host = plainHost(address.host);
  return address.family === "IPv6" && host.includes(":") ? network64(host) : host;
}

/** An IPv4 address without the IPv6 that a socket on both families puts around it; no address has its zone. */
function plainHost(host: string): string {
  const [address = ""] = host.split("%", 1);
  return MAPPED.exec(address)?.[1] ?? address;
}

/** The first four groups of an IPv6 address, written out. */
function network64(host: string): string {
  const [front = "", back] = host.split("::", 2);
  const before = groupsOf(front);
  const after = groupsOf(back ?? "");
  const zeros = back === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...new Array<string>(zeros).fill("0"), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}

/** The groups of 16 bits in a part of an IPv6 address; a dotted end stands for two. */
function groupsOf(part: string): string[] {
  if (part === "") return [];
  return part.split(":").flatMap((group) => (group.includes(".") ? ["0", "0"] : [group]));
}

/** What a list says of an address; `undefined` when it throws, as its owner is in no place to catch that. */
function isOn(list: AddressList, host: string): boolean | undefined {
  try {
    return list.check(host, host.includes(":") ? "ipv6" : "ipv4");
  } catch {
    return undefined;
  }
}

function full(code: string, most: string): CloseReason {
  return { kind: "overflow", code, message: `no guest may come in over ${code}: ${most}` };
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const DENIED: CloseReason = { kind: "denied", code: "denyList", message: "denyList has that address" };
const NOT_ALLOWED: CloseReason = {
  kind: "denied",
  code: "allowList",
  message: "allowList does not have that address",
};
