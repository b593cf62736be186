/**
 * Whether this process can have native transports, and what all of them share: one epoll
 * for each thread, and the memory of its datagrams. Where it cannot, says so once.
 */
import type { Transport } from "../../port/transport.ts";
import { warnNow } from "../node/print-warning.ts";
import { DatagramVector } from "./datagram-vector.ts";
import { Epoll } from "./epoll.ts";
import { type Libc, system } from "./libc.ts";

/** A transport that is native where the machine allows it. */
export interface NativeTransport extends Transport {
  /** Whether `poll()` reads the network itself; if not, it is Node's transport of the same options. */
  readonly isNative: boolean;
}

/** What native transports of one thread share. */
export class Shared {
  readonly epoll: Epoll;
  #vector: DatagramVector | undefined;

  constructor(libc: Libc) {
    this.epoll = new Epoll(libc);
  }

  /** Made with the first socket for datagrams, as it has some megabytes. */
  get vector(): DatagramVector {
    this.#vector ??= new DatagramVector(this.epoll);
    return this.#vector;
  }
}

/** What is shared, or why there is nothing: the end of a sentence. */
export function shared(): Shared | string {
  if (own !== undefined) return own;
  const libc = system();
  if (typeof libc === "string") return libc;
  own = new Shared(libc);
  return own;
}

/** Node's transport in the place of a native one, which is not possible because of `lack`. */
export function fallback(name: string, lack: string, transport: Transport): NativeTransport {
  if (!isSaid)
    warnNow("TICKWIRE_NOT_NATIVE", `${name} is not native here, and Node's sockets are used: ${lack}`);
  isSaid = true;
  return { ...transport, isNative: false };
}

let own: Shared | undefined;
let isSaid = false;
