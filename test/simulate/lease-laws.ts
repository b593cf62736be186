/**
 * What must hold of leases at every instant, whatever happens to those who claim them.
 * Knows the claims and what their owners did with them, and nothing of networks.
 */
import type { Claim } from "../../src/index.ts";
import { must } from "../fuzz/fault.ts";

/** A snapshot of a world: who saved it, and how far it had come. */
export interface Saved {
  readonly epoch: number;
  readonly step: number;
}

/** The history of one lease. */
export class LeaseLaws {
  readonly #name: string;
  readonly #owners = new Map<number, Claim>();
  /** The highest epoch with which the lease was held. */
  #highest = 0;
  /** The last snapshot that its owner knows to be saved. */
  #saved: Saved = { epoch: 0, step: 0 };
  /** The last snapshot with which an owner began. */
  #begun: Saved = { epoch: 0, step: 0 };
  acts = 0;

  constructor(name: string) {
    this.#name = name;
  }

  get holds(): number {
    return this.#owners.size;
  }

  /** An owner has the lease in its frame for the first time. */
  hold(claim: Claim, found: Saved | undefined): void {
    const { epoch } = claim;
    const name = this.#name;
    must(!this.#owners.has(epoch), () => `${name}: the epoch ${epoch} has come twice`);
    must(epoch > this.#highest, () => `${name}: the epoch ${epoch} comes after ${this.#highest}`);
    this.#owners.set(epoch, claim);
    this.#highest = epoch;
    const snapshot = found ?? { epoch: 0, step: 0 };
    must(snapshot.epoch < epoch, () => `${name}: epoch ${epoch} begins with a snapshot of ${snapshot.epoch}`);
    for (const [what, least] of [
      ["was saved", this.#saved],
      ["was begun with", this.#begun],
    ] as const) {
      must(
        isAtLeast(snapshot, least),
        () => `${name}: epoch ${epoch} begins with ${told(snapshot)}, and ${told(least)} ${what}`,
      );
    }
    this.#begun = snapshot;
  }

  /** An owner acts, in a frame in which its claim is held. */
  act(claim: Claim): void {
    this.acts++;
    const { epoch } = claim;
    must(
      this.#owners.get(epoch) === claim,
      () => `${this.#name}: somebody acts with the epoch ${epoch} of another`,
    );
    must(
      epoch === this.#highest,
      () => `${this.#name}: somebody acts with the epoch ${epoch}, and another holds ${this.#highest}`,
    );
  }

  /** An owner knows that its snapshot is saved. */
  confirm(saved: Saved): void {
    if (isAtLeast(saved, this.#saved)) this.#saved = saved;
    must(
      isAtLeast(saved, this.#begun),
      () => `${this.#name}: ${told(saved)} was saved over ${told(this.#begun)}`,
    );
  }
}

function isAtLeast(one: Saved, other: Saved): boolean {
  return one.epoch > other.epoch || (one.epoch === other.epoch && one.step >= other.step);
}

function told({ epoch, step }: Saved): string {
  return epoch === 0 ? "no snapshot" : `the snapshot ${step} of epoch ${epoch}`;
}
