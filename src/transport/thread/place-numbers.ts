/**
 * Numbers for the places that datagrams come from and go to, so that an address crosses
 * to the other thread once, and not with each datagram. Their number is bounded: when
 * they are too many, all are forgotten at once.
 */

/** The numbers that one side has given. */
export class PlaceNumbers {
  readonly #hosts = new Map<string, Map<number, number>>();
  #next = 0;

  /** The number of a place; `undefined` when it has none yet. */
  find(host: string, port: number): number | undefined {
    return this.#hosts.get(host)?.get(port);
  }

  /** Gives a place a number. */
  add(host: string, port: number): number {
    const ports = this.#hosts.get(host) ?? new Map<number, number>();
    this.#hosts.set(host, ports);
    ports.set(port, this.#next);
    return this.#next++;
  }

  get isFull(): boolean {
    return this.#next >= MOST_PLACES;
  }

  clear(): void {
    this.#hosts.clear();
    this.#next = 0;
  }
}

/** More than the players of any one server; a megabyte or two. */
const MOST_PLACES = 16_384;
