/**
 * The record of a lease, as JSON: who has it, since when, and for how long. Anybody who
 * can write to the registry may have written it, so everything in it is looked at.
 */

/** Under which key of the registry the lease of that name, or the leases of that pattern, are. */
export function leaseKey(name: string): string {
  return `lease.${name}`;
}

/** The name of the lease that is under that key. */
export function leaseName(key: string): string {
  return key.slice("lease.".length);
}

/** The record of a lease that somebody has. */
export interface LeaseRecord {
  /** A text that no other claim has. */
  readonly owner: string;
  /** Counts the records of one owner, from 1: so that it knows which of them has got there. */
  readonly number: number;
  readonly ttlMs: number;
  /** The revision of the owner's first record; in that one it is not known yet. */
  readonly epoch: number | undefined;
  readonly meta: unknown;
}

export function encodeLease({ owner, number, ttlMs, epoch, meta }: LeaseRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ lease: FORMAT, owner, number, ttlMs, epoch, meta }));
}

/** What `value` says, at that revision; `undefined` when it is no record of ours. */
export function decodeLease(value: Uint8Array, revision: number): LeaseRecord | undefined {
  if (value.length > MAX_BYTES) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(value));
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { lease, owner, number, ttlMs, epoch, meta } = parsed as { readonly [field: string]: unknown };
  if (lease !== FORMAT || typeof owner !== "string" || owner === "") return undefined;
  if (!isNumberTo(number, Number.MAX_SAFE_INTEGER) || !isNumberTo(ttlMs, MAX_TTL_MS)) return undefined;
  if (epoch !== undefined && !isNumberTo(epoch, revision)) return undefined;
  if (!isWithin(meta, MAX_META_DEPTH)) return undefined;
  return { owner, number, ttlMs, epoch, meta };
}

function isNumberTo(value: unknown, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

/** Whether a value has at most so many levels of arrays and objects. */
function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isWithin(inner, levels - 1));
}

/** The most levels of arrays and objects in a meta: writing some thousands as JSON ends a process. */
export const MAX_META_DEPTH = 32;
const FORMAT = 1;
/** The longest meta, four bytes a character at worst, and the rest. */
const MAX_BYTES = 65_536;
/** The longest that `lease()` takes: a stranger's record must not keep a world from all others for ever. */
const MAX_TTL_MS = 3_600_000;
