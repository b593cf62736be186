/**
 * A listing: who has which lease, of all names of a pattern. A lease that is not renewed
 * leaves it when its time is over, so what is in it was alive a moment ago.
 *
 *     watch ──▶ arriving ┊ poll: update ┊ ── entries ──▶ game
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { RegistryRecord } from "../../port/registry.ts";
import type { ClaimContext } from "../frame/poll-context.ts";
import type { Claims } from "./claims.ts";
import type { LeasePattern } from "./lease.ts";
import { decodeLease, leaseKey, leaseName } from "./lease-record.ts";
import type { SharedRegistry } from "./shared-registry.ts";

/** A lease that somebody has. */
export interface ListedLease {
  /** Its name. */
  readonly name: string;
  /** The epoch of its owner. */
  readonly epoch: number;
  /** What its owner says of itself. */
  readonly meta: unknown;
}

/** What is known of one of them. */
interface Known {
  readonly entry: ListedLease;
  readonly revision: number;
  /** Tells whether the game would see a difference. */
  readonly text: string;
  /** When it has not been renewed for too long, by the slow clock. */
  readonly untilMs: number;
}

/** The leases of a pattern. Made by `poller.list`. */
// Implements `Source` and `Closing` structurally, as those members are stripped from the typings.
export class Listing {
  /** Always: there is nothing to take. @internal */
  readonly hasLeftovers = false;
  readonly #context: ClaimContext<never>;
  readonly #claims: Claims;
  readonly #shared: SharedRegistry;
  readonly #stopWatch: () => void;
  readonly #notify = (): void => this.#markDirty();
  readonly #known = new Map<string, Known>();
  #arriving = new Map<string, RegistryRecord | undefined>();
  #state: "starting" | "open" | "closed" = "starting";
  #entries: readonly ListedLease[] = NONE;
  #closeReason: CloseReason | undefined;
  #lastFailure: CloseReason | undefined;
  #arrivingFailure: CloseReason | undefined;
  #isReady = false;
  #nextEndMs = Infinity;
  #isDirty = false;

  /** @internal */
  constructor(context: ClaimContext<never>, claims: Claims, { transport, pattern }: LeasePattern) {
    const shared = claims.open(transport);
    this.#context = context;
    this.#claims = claims;
    this.#shared = shared;
    claims.add(this, shared);
    shared.add(this.#notify);
    this.#stopWatch = shared.registry.watch(leaseKey(pattern), {
      changed: (key, record) => {
        this.#arriving.set(key, record);
        this.#markDirty();
      },
      ready: () => {
        this.#isReady = true;
        this.#markDirty();
      },
      failed: (reason) => {
        this.#arrivingFailure = reason;
        this.#markDirty();
      },
    });
    this.#markDirty();
  }

  /** `starting` until all leases that there were have been told; `closed` after `close()`. */
  get state(): "starting" | "open" | "closed" {
    return this.#state;
  }

  /**
   * The leases that somebody has, by name, up to 65,536: as of this frame, as far as this process was
   * told. One that was not renewed in its time is not among them, so while the registry is away
   * they become fewer. The array is another one when anything in it has changed, and only then.
   */
  get entries(): readonly ListedLease[] {
    return this.#entries;
  }

  /** What has failed at last, such as that the registry was away; the listing goes on. */
  get lastFailure(): CloseReason | undefined {
    return this.#lastFailure;
  }

  /** Why it is closed; `undefined` until then. */
  get closeReason(): CloseReason | undefined {
    return this.#closeReason;
  }

  /** Lists no more; `entries` stay as they are. */
  close(): void {
    this.#end(CLOSED);
  }

  /** When the next poll has something to do, by the fast clock. @internal */
  get dueMs(): number {
    const { leastMs, mostMs } = this.#shared;
    return mostMs + Math.max(0, this.#nextEndMs - leastMs);
  }

  /** Makes what has arrived visible, and what is over invisible. @internal */
  update(): void {
    if (this.#state === "closed") return;
    this.#isDirty = false;
    const { closeReason, leastMs } = this.#shared;
    if (closeReason !== undefined) {
      this.#end(closeReason);
      return;
    }
    if (this.#isReady) this.#state = "open";
    this.#lastFailure = this.#arrivingFailure;
    const arriving = this.#arriving;
    if (arriving.size === 0 && leastMs < this.#nextEndMs) return;
    this.#arriving = new Map();
    let isNew = false;
    for (const [key, record] of arriving) isNew = this.#learn(leaseName(key), record) || isNew;
    this.#nextEndMs = Infinity;
    for (const [name, { untilMs }] of this.#known) {
      if (leastMs < untilMs) this.#nextEndMs = Math.min(this.#nextEndMs, untilMs);
      else isNew = this.#known.delete(name);
    }
    if (isNew)
      this.#entries = Object.freeze([...this.#known.values()].map(({ entry }) => entry).sort(byName));
  }

  /** Notes the record of a lease. Returns whether the game sees a difference. */
  #learn(name: string, record: RegistryRecord | undefined): boolean {
    const known = this.#known.get(name);
    const lease = record && decodeLease(record.value, record.revision);
    if (record === undefined || lease === undefined) return this.#known.delete(name);
    const { revision } = record;
    if (known !== undefined && revision <= known.revision) return false;
    if (known === undefined && this.#known.size >= MOST_ENTRIES) return false;
    const { ttlMs, epoch = revision, meta } = lease;
    const text = JSON.stringify([epoch, meta]);
    const isSame = known?.text === text;
    const entry = isSame ? known.entry : Object.freeze({ name, epoch, meta });
    this.#known.set(name, { entry, revision, text, untilMs: this.#shared.leastMs + ttlMs });
    return !isSame;
  }

  #end(reason: CloseReason): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#closeReason = reason;
    this.#stopWatch();
    this.#claims.remove(this, this.#shared, this.#notify);
    this.#context.removeSource(this);
  }

  #markDirty(): void {
    if (this.#isDirty || this.#state === "closed") return;
    this.#isDirty = true;
    this.#context.markSourceDirty(this);
  }
}

function byName(one: ListedLease, other: ListedLease): number {
  return one.name < other.name ? -1 : 1;
}

const NONE: readonly ListedLease[] = Object.freeze([]);
const CLOSED: CloseReason = { kind: "local", message: "this side closed the listing" };
/** Far more worlds than one lobby shows; some tens of MB at worst, whoever writes to the registry. */
const MOST_ENTRIES = 65_536;
