/**
 * Datagrams as a vector: many with one call of the system. All sockets of a thread
 * share the memory, as nothing is kept in it from one call to the next.
 *
 *     recvmmsg ──▶ headers, names, bytes ──▶ one after the other, lent
 *     waiting datagrams ──▶ headers, names, bytes ──▶ sendmmsg
 *
 * Knows no events, and does not decide what a failure means.
 */
import type { Address } from "../../port/address.ts";
import type { Destination } from "../../port/datagram-link.ts";
import type { Epoll } from "./epoll.ts";
import { IO_VECTOR, MESSAGE_HEADER, MSG_DONTWAIT, MSG_NOSIGNAL, SOCKET_ADDRESS as NAME } from "./layout.ts";
import type { Memory } from "./libc.ts";
import { readAddress, writeAddress } from "./socket-calls.ts";
import type { SystemError } from "./system-error.ts";

/** A datagram to send; without `to`, to the peer that the socket is connected to. */
export interface WaitingDatagram {
  readonly bytes: Uint8Array;
  readonly to: Destination | undefined;
}

/** The memory of both ways. */
export class DatagramVector {
  readonly #epoll: Epoll;
  readonly #headers: Memory;
  readonly #names: Memory;
  readonly #incoming: Memory;
  readonly #outgoing: Memory;
  readonly #senders = new SenderCache();
  /** Numeric addresses as the system has them, by the family of the socket. */
  readonly #known = new Map<number, Map<string, Uint8Array>>();

  constructor(epoll: Epoll) {
    this.#epoll = epoll;
    const { libc } = epoll;
    // Headers, and the vector of each, for both ways; then the places of the bytes.
    this.#headers = libc.map(2 * MOST_DATAGRAMS * (MESSAGE_HEADER.sizeBytes + IO_VECTOR.sizeBytes));
    this.#names = libc.map(2 * MOST_DATAGRAMS * NAME_BYTES);
    this.#incoming = libc.map(MOST_DATAGRAMS * PLACE_BYTES);
    this.#outgoing = libc.map(OUTGOING_BYTES);
    for (let index = 0; index < 2 * MOST_DATAGRAMS; index++) this.#prepare(index);
  }

  /** Receives what has come. Returns how many, or a negative errno. */
  receive(fd: number): number {
    const { libc } = this.#epoll;
    const count = libc.recvmmsg(fd, this.#headers.address, MOST_DATAGRAMS, MSG_DONTWAIT, 0);
    return count < 0 ? -libc.errno() : count;
  }

  /** The bytes of the datagram at `index`, until the next call of `receive`. */
  bytesAt(index: number): Uint8Array {
    const at = index * MESSAGE_HEADER.sizeBytes + MESSAGE_HEADER.lengthAt;
    const length = this.#headers.view.getUint32(at, true);
    return new Uint8Array(this.#incoming.bytes.buffer, index * PLACE_BYTES, length);
  }

  /** Who has sent it. */
  senderAt(index: number): Address {
    const { view } = this.#headers;
    // The system has written the size of the name over that of its place.
    view.setUint32(index * MESSAGE_HEADER.sizeBytes + MESSAGE_HEADER.nameSizeAt, NAME.ipv6SizeBytes, true);
    return this.#senders.read(this.#epoll, this.#names, index * NAME_BYTES);
  }

  /** Whether a socket of that family has sent to that numeric address before. */
  knows(family: number, host: string): boolean {
    return this.#knownOf(family).has(host);
  }

  /** Sends the datagrams from `first` on, as many as one call takes. Returns how many have left, or a negative errno. */
  send(fd: number, family: number, waiting: readonly WaitingDatagram[], first: number): number {
    const { libc } = this.#epoll;
    let count = 0;
    let at = 0;
    for (; count < MOST_DATAGRAMS && first + count < waiting.length; count++) {
      const { bytes, to } = waiting[first + count] as WaitingDatagram;
      const errno = bytes.length > OUTGOING_BYTES - at ? EMSGSIZE : this.#tryName(count, family, to);
      if (errno !== 0) {
        if (count === 0) return -errno;
        break; // those before it go, and then it is the first
      }
      this.#outgoing.bytes.set(bytes, at);
      this.#write(count, this.#outgoing.address + at, bytes.length);
      at += bytes.length;
    }
    const headers = this.#headers.address + MOST_DATAGRAMS * MESSAGE_HEADER.sizeBytes;
    const sent = libc.sendmmsg(fd, headers, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? -libc.errno() : sent;
  }

  /** Writes where the outgoing datagram at `place` lies. */
  #write(place: number, bytes: number, length: number): void {
    const { view } = this.#headers;
    const vector = vectorAt(MOST_DATAGRAMS + place);
    writeNumber(view, vector + IO_VECTOR.baseAt, bytes);
    writeNumber(view, vector + IO_VECTOR.sizeAt, length);
  }

  /** Writes where it goes. Returns 0, or the errno of an address that the system has not, such as of no interface. */
  #tryName(place: number, family: number, to: Destination | undefined): number {
    const index = MOST_DATAGRAMS + place;
    const { view } = this.#headers;
    const header = index * MESSAGE_HEADER.sizeBytes;
    const name = index * NAME_BYTES;
    let nameSize = 0;
    try {
      if (to !== undefined) nameSize = this.#writeName(name, family, to);
    } catch (error) {
      return -(error as SystemError).errno;
    }
    writeNumber(view, header + MESSAGE_HEADER.nameAt, to === undefined ? 0 : this.#names.address + name);
    view.setUint32(header + MESSAGE_HEADER.nameSizeAt, nameSize, true);
    return 0;
  }

  #writeName(at: number, family: number, { host, port }: Destination): number {
    const known = this.#knownOf(family);
    const { bytes, view } = this.#names;
    let name = known.get(host);
    if (name === undefined) {
      const size = writeAddress(this.#epoll, this.#names, at, { family, host, port });
      name = new Uint8Array(bytes.subarray(at, at + size));
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(host, name);
    }
    bytes.set(name, at);
    view.setUint16(at + NAME.portAt, port, false);
    return name.length;
  }

  #knownOf(family: number): Map<string, Uint8Array> {
    let known = this.#known.get(family);
    if (known === undefined) this.#known.set(family, (known = new Map()));
    return known;
  }

  /** Writes the parts of a header that stay. The first half of them receives. */
  #prepare(index: number): void {
    const { view, address } = this.#headers;
    const header = index * MESSAGE_HEADER.sizeBytes;
    writeNumber(view, header + MESSAGE_HEADER.vectorAt, address + vectorAt(index));
    writeNumber(view, header + MESSAGE_HEADER.vectorCountAt, 1);
    if (index >= MOST_DATAGRAMS) return;
    writeNumber(view, header + MESSAGE_HEADER.nameAt, this.#names.address + index * NAME_BYTES);
    view.setUint32(header + MESSAGE_HEADER.nameSizeAt, NAME.ipv6SizeBytes, true);
    writeNumber(view, vectorAt(index) + IO_VECTOR.baseAt, this.#incoming.address + index * PLACE_BYTES);
    writeNumber(view, vectorAt(index) + IO_VECTOR.sizeAt, PLACE_BYTES);
  }
}

/** The addresses of senders that have sent before, as reading one costs more than the datagram. */
class SenderCache {
  readonly #words = new Int32Array(MOST_SENDERS * SENDER_WORDS);
  readonly #addresses: (Address | undefined)[] = new Array(MOST_SENDERS).fill(undefined);

  /** The address at a place in memory, where the system has written it. */
  read(epoll: Epoll, memory: Memory, at: number): Address {
    const { view } = memory;
    // The family and the port, the IPv4 address, or the flow, the IPv6 address and the zone.
    const isIPv6 = view.getUint16(at, true) !== AF_INET;
    const words = isIPv6 ? SENDER_WORDS : 2;
    let hash = 0;
    for (let word = 0; word < words; word++)
      hash = Math.imul(hash ^ view.getInt32(at + 4 * word, true), PRIME);
    const place = (hash >>> 16) & (MOST_SENDERS - 1);
    const own = place * SENDER_WORDS;
    let address = this.#addresses[place];
    for (let word = 0; word < words && address !== undefined; word++) {
      if (this.#words[own + word] !== view.getInt32(at + 4 * word, true)) address = undefined;
    }
    if (address !== undefined) return address;
    for (let word = 0; word < words; word++) this.#words[own + word] = view.getInt32(at + 4 * word, true);
    address = readAddress(epoll, memory, at);
    this.#addresses[place] = address;
    return address;
  }
}

/** Where the vector of the header at `index` stands: behind all headers. */
function vectorAt(index: number): number {
  return 2 * MOST_DATAGRAMS * MESSAGE_HEADER.sizeBytes + index * IO_VECTOR.sizeBytes;
}

/** Writes 64 bits: an address or a size, which lie below 2^53. */
function writeNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

/** The most that one call sends or receives. */
export const MOST_DATAGRAMS = 64;

/** The place of an incoming datagram: more than the largest. */
const PLACE_BYTES = 65_536;
/** The place of a name, a multiple of 8 so that all are aligned. */
const NAME_BYTES = 32;
/** Large datagrams are sent in several calls. */
const OUTGOING_BYTES = 2 ** 20;
/** How many addresses are kept in the system's form: more than a server has players. */
const MOST_KNOWN = 4_096;
/** A power of two. Two senders of one place take it from each other. */
const MOST_SENDERS = 4_096;
const SENDER_WORDS = NAME.ipv6SizeBytes / 4;
/** The multiplier of FNV-1a. */
const PRIME = 0x01000193;
const AF_INET = 2;
const EMSGSIZE = 90;
