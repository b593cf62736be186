/**
 * The line between this peer and the others: the real one, and the bad network that
 * was asked for on top of it. Decides what a name of the panel means.
 */
import {
  type ConditionedOptions,
  type ConditionedTransport,
  conditioned,
  type NetworkName,
  type Transport,
} from "../../src/index.ts";
import type { Network } from "./shared/window-wire.ts";

/** A transport whose network can be changed while it runs. */
export class Line {
  readonly transport: ConditionedTransport;
  readonly #own: Omit<ConditionedOptions, "seed">;
  #network: Network;

  /** @param options what the command line asks for */
  constructor(transport: Transport, options: ConditionedOptions) {
    const { seed: _, ...own } = options;
    this.transport = conditioned(transport, options);
    this.#own = own;
    this.#network = nameOf(own);
  }

  /** What it is like now. */
  get network(): Network {
    return this.#network;
  }

  choose(network: Network): void {
    this.#network = network;
    if (network === "blackhole") {
      this.transport.blackhole();
      return;
    }
    this.transport.heal();
    if (network === "own") this.transport.set(this.#own);
    else this.transport.set(network === "perfect" ? {} : network);
  }

  /** Breaks the links there are. */
  cut(): void {
    this.transport.cut();
  }
}

function nameOf({ network, ...numbers }: Omit<ConditionedOptions, "seed">): Network | NetworkName {
  if (Object.keys(numbers).length > 0) return "own";
  return network ?? "perfect";
}
