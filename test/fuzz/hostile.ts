/**
 * Peers that are held to nothing: half handshakes, bytes of no meaning, valid
 * messages with some bytes changed. A peer is a list of pieces, drawn when it
 * comes, and an ending; the game chooses when each piece leaves.
 */
import type { Duplex } from "node:stream";
import type { SeededRandom } from "../soak/seeded-random.ts";
import type { Game, HostilePeer, Spot } from "./game.ts";
import { clientHello, frames, mutated, upgradeRequest } from "./hostile-bytes.ts";
import { sessionFrames, sessionHello } from "./hostile-sessions.ts";
import { nameOf } from "./messages.ts";
import { Party, type Reason } from "./party.ts";
import { encoded, reset } from "./raw-end.ts";

/** One hostile peer. */
export class Hostile extends Party implements HostilePeer {
  readonly lostSent: number = Infinity;
  readonly lostReceived: number = Infinity;
  readonly reason: Reason | undefined = undefined;
  readonly #stream: Duplex;
  readonly #what: string;
  readonly #pieces: Uint8Array[];
  #isClosed = false;

  constructor(number: number, stream: Duplex, what: string, pieces: readonly Uint8Array[]) {
    super(number, "near");
    this.isHostile = true;
    this.#stream = stream;
    this.#what = what;
    this.#pieces = [...pieces];
    stream.on("error", () => {}); // most of its ends are rude
    stream.on("data", () => {});
    stream.on("close", () => {
      this.#isClosed = true;
    });
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  get isOver(): boolean {
    return this.#isClosed;
  }

  get told(): string {
    return `hostile ${this.number}: ${this.#what}`;
  }

  /** Sends its next piece, or ends in its way. */
  goOn(random: SeededRandom): void {
    const piece = this.#pieces.shift();
    const chance = random.next();
    if (piece !== undefined && this.#stream.writable) this.#stream.write(piece);
    else if (chance < 0.3) this.#stream.end();
    else if (chance < 0.6) this.leave();
    if (chance > 0.97) this.#stream.pause();
  }

  /** Is gone. */
  leave(): void {
    reset(this.#stream);
  }
}

interface Sort {
  readonly what: string;
  /** Where it goes: to the honest players' listener only if it cannot be taken for one of them. */
  readonly to: "honest" | "hostile";
  readonly by: "bare" | "foreign";
  /** The carriers that it is for; all when there is none. */
  readonly on?: readonly string[];
  pieces(game: Game, random: SeededRandom, number: number, spot: Spot): Uint8Array[];
}

/** A new sort of hostile peer is a row here. */
const SORTS: readonly Sort[] = [
  {
    what: "any bytes",
    to: "hostile",
    by: "foreign",
    pieces: (_, random) => cut(random, random.bytes(random.between(1, 5_000))),
  },
  {
    what: "any bytes in place of a handshake",
    to: "honest",
    by: "bare",
    on: ["tls", "ws", "wss"],
    pieces: (_, random) => cut(random, random.bytes(random.between(0, 2_000))),
  },
  { what: "comes and goes", to: "hostile", by: "bare", pieces: () => [] },
  {
    what: "messages with bytes changed",
    to: "hostile",
    by: "foreign",
    pieces: (game, random, number, spot) =>
      cut(random, mutated(random, messages(game, number, 0, random.between(1, 40), spot))),
  },
  {
    what: "one true message, then others with bytes changed",
    to: "honest",
    by: "foreign",
    pieces: (game, random, number, spot) => [
      messages(game, number, 0, 1, spot),
      ...cut(random, mutated(random, messages(game, number, 1, random.between(1, 40), spot))),
    ],
  },
  {
    what: "the beginning of a TLS handshake",
    to: "honest",
    by: "bare",
    on: ["tls", "wss"],
    pieces: (_, random) => cut(random, clientHello(random)),
  },
  {
    what: "the beginning of an upgrade",
    to: "honest",
    by: "bare",
    on: ["ws"],
    pieces: (_, random) => cut(random, upgradeRequest(random).subarray(0, random.between(0, 150))),
  },
  {
    what: "a long packet that is no handshake",
    to: "hostile",
    by: "bare",
    on: ["ws"],
    pieces: (_, random) => [random.bytes(random.between(10_000, 65_000))],
  },
  {
    what: "an upgrade with bytes changed",
    to: "hostile",
    by: "bare",
    on: ["ws"],
    pieces: (_, random) => cut(random, mutated(random, upgradeRequest(random))),
  },
  {
    what: "frames of its own making",
    to: "hostile",
    by: "bare",
    on: ["ws"],
    pieces: (_, random) => [upgradeRequest(random), ...cut(random, frames(random))],
  },
  {
    what: "the beginning of a session",
    to: "honest",
    by: "bare",
    on: ["session"],
    pieces: (_, random) => cut(random, sessionHello(random, "new").subarray(0, random.between(0, 45))),
  },
  {
    what: "a session of nobody",
    to: "honest",
    by: "bare",
    on: ["session"],
    pieces: (_, random) => [sessionHello(random, "resume"), ...cut(random, sessionFrames(random))],
  },
  {
    what: "a session that lies",
    to: "hostile",
    by: "bare",
    on: ["session"],
    pieces: (_, random) => [sessionHello(random, "new"), ...cut(random, sessionFrames(random))],
  },
  {
    what: "a session with bytes changed",
    to: "hostile",
    by: "bare",
    on: ["session"],
    pieces: (_, random) =>
      cut(random, mutated(random, Uint8Array.of(...sessionHello(random, "new"), ...sessionFrames(random)))),
  },
];

/** A hostile peer of any sort that this carrier has; `undefined` where there is none, or nobody listens. */
export function newHostile(game: Game, random: SeededRandom): Hostile | undefined {
  const sort = random.pick(SORTS.filter(({ on }) => on === undefined || on.includes(game.carrier.name)));
  // Where the oldest message may be dropped, the true one says nothing.
  const isDropped = sort.by === "foreign" && game.rules.server.receiveOverflow?.startsWith("drop") === true;
  const spot: Spot | undefined =
    sort.to === "honest" && !isDropped
      ? game.spotFor(random)
      : game.spots.find(({ isForHostiles }) => isForHostiles);
  const stream = spot?.place[sort.by]?.(spot.listener);
  if (spot === undefined || stream === undefined) return undefined;
  const number = game.nextNumber();
  const hostile = new Hostile(number, stream, sort.what, sort.pieces(game, random, number, spot));
  game.addHostile(hostile);
  return hostile;
}

function messages(game: Game, number: number, from: number, count: number, { place }: Spot): Uint8Array {
  const all = Array.from({ length: count }, (_, index) =>
    encoded(game.rules.language, nameOf(number, from + index), place.framing === "message"),
  );
  return new Uint8Array(all.flatMap((bytes) => [...bytes]));
}

/** In pieces of any length. */
function cut(random: SeededRandom, bytes: Uint8Array): Uint8Array[] {
  const most = random.pick([1, 20, 1_000, 100_000]);
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = start + random.between(1, most);
    pieces.push(bytes.slice(start, end));
    start = end;
  }
  return most === 1 ? pieces.slice(0, 300) : pieces;
}
