/**
 * How players of the soak behave: honest ones, and all sorts of others. Each has
 * a raw stream and a seeded random, and does one thing until it is gone.
 */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SeededRandom } from "./seeded-random.ts";

/** What one player does; it need not end by itself. */
type Behaviour = (socket: Duplex, random: SeededRandom) => void;

/** The behaviours of a soak's players, by name. */
export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  /** Says numbered words, then how many there were, and hangs up. */
  talker: (socket, random) => {
    const words = random.between(1, 200);
    let said = 0;
    each(socket, random.between(1, 10), () => {
      if (said === words) socket.end(`bye ${said}\n`);
      else if (said < words) socket.write(`say ${said++}\n`);
    });
  },

  /** The same in pieces of a byte or two. */
  trickler: (socket, random) => {
    const text = Array.from({ length: random.between(1, 10) }, (_, at) => `say ${at}\n`).join("");
    let at = 0;
    each(socket, 2, () => {
      const piece = text.slice(at, (at += random.between(1, 2)));
      if (piece === "") socket.end();
      else socket.write(piece);
    });
  },

  /** As much as it can, as fast as it can. */
  flooder: (socket, random) => {
    const words = random.between(5_000, 30_000);
    let said = 0;
    const flood = () => {
      while (said < words && socket.write(`say ${said++}\n`));
      if (said === words) socket.end(`bye ${said++}\n`);
    };
    socket.on("drain", flood);
    flood();
  },

  /** Talks and is cut off. */
  resetter: (socket, random) => {
    let said = 0;
    each(socket, 3, () => socket.write(`say ${said++}\n`));
    setTimeout(() => reset(socket), random.between(1, 500));
  },

  /** Goes without a word, with half a word, or before it has come. */
  fleeting: (socket, random) => {
    if (random.next() < 0.5) socket.write("say 0\nsa");
    setTimeout(() => (random.next() < 0.5 ? socket.destroy() : socket.end()), random.between(0, 50));
  },

  /** Never says a word. */
  silent: (socket, random) => {
    setTimeout(() => socket.end(), random.between(500, 3_000));
  },

  /** Says what is no text at all. */
  garbage: (socket, random) => {
    each(socket, 5, () => socket.write(random.bytes(random.between(1, 2_000))));
  },

  /** Never comes to the end of a line. */
  endlessLine: (socket) => {
    each(socket, 2, () => socket.write("x".repeat(500)));
  },

  /** Sends and does not read. */
  nonReader: (socket, random) => {
    let said = 0;
    socket.pause();
    each(socket, 5, () => socket.write(`say ${said++}\nmore\n`));
    setTimeout(() => socket.destroy(), random.between(500, 3_000));
  },
};

/** Does `step` every so many milliseconds, until the socket is gone. */
function each(socket: Duplex, everyMs: number, step: () => void): void {
  const timer = setInterval(() => {
    if (socket.writable && !socket.writableNeedDrain) step();
  }, everyMs);
  socket.on("close", () => clearInterval(timer));
}

/** Cuts it off by a reset where it has one: plain TCP. */
function reset(socket: Duplex): void {
  try {
    if (socket instanceof Socket) socket.resetAndDestroy();
  } catch {
    // A unix socket has none, nor has TLS.
  }
  socket.destroy();
}
