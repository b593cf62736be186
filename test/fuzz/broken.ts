/**
 * Transports that break what a transport promises, one way each, to show that the
 * fuzzer finds it. They wrap the links that connect; those that a listener accepts
 * stay as they are.
 */
import type { Link, LinkEvents, Transport } from "../../src/index.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";

/** A way to break a stream: what is delivered in the place of one piece. */
export type Breaking = (piece: Uint8Array, random: SeededRandom) => readonly Uint8Array[];

/** Ways that no reader of a stream may pass over. */
export const BREAKINGS: Readonly<Record<string, Breaking>> = {
  "drops a byte": (piece, random) => {
    const at = random.between(0, piece.length - 1);
    return [piece.slice(0, at), piece.slice(at + 1)];
  },
  "changes a byte": (piece, random) => {
    const changed = piece.slice();
    const at = random.between(0, piece.length - 1);
    changed[at] = (changed[at] ?? 0) ^ 1;
    return [changed];
  },
  "drops a piece": () => [],
  "doubles a piece": (piece) => [piece, piece],
  "turns the halves of a piece round": (piece) => {
    const half = piece.length >> 1;
    return [piece.slice(half), piece.slice(0, half)];
  },
};

/** The same transport, but that it breaks one piece in a few, in either direction, of every link that connects. */
export function broken(transport: Transport, breaking: Breaking, random: SeededRandom): Transport {
  const connect = (): Link => {
    const link = transport.connect?.();
    if (link === undefined) throw new TypeError("transport: this one cannot connect");
    return brokenLink(link, (piece) => {
      return piece.length > 0 && random.next() < ONE_IN ? breaking(piece, random) : [piece];
    });
  };
  return { ...methodsOf(transport), connect };
}

/** The same transport, but that the end of a stream overtakes the last piece before it, which is lost. */
export function hasty(transport: Transport): Transport {
  const connect = (): Link => {
    const link = transport.connect?.();
    if (link === undefined) throw new TypeError("transport: this one cannot connect");
    return withEvents(link, (events) => {
      let hasEnded = false;
      const later = (piece: Uint8Array): void => {
        const copy = piece.slice();
        queueMicrotask(() => void (hasEnded || events.received(copy)));
      };
      const ended = (): void => {
        hasEnded = true;
        events.ended();
      };
      return withMethods(events, { received: later, ended });
    });
  };
  return { ...methodsOf(transport), connect };
}

function brokenLink(link: Link, exchange: (piece: Uint8Array) => readonly Uint8Array[]): Link {
  const receiving = withEvents(link, (events) => {
    return withMethods(events, {
      received: (piece: Uint8Array) => {
        for (const part of exchange(piece)) events.received(part);
      },
    });
  });
  return withMethods(receiving, {
    write: (piece: Uint8Array) => {
      let isTaken = true;
      for (const part of exchange(piece)) isTaken = link.write(part.slice()) && isTaken;
      return isTaken;
    },
  });
}

function withEvents(link: Link, change: (events: LinkEvents) => LinkEvents): Link {
  return withMethods(link, { attach: (events: LinkEvents) => link.attach(change(events)) });
}

/** `whole` with some methods exchanged; all others are called on `whole` itself. */
function withMethods<Whole extends object>(whole: Whole, methods: Partial<Whole>): Whole {
  return new Proxy(whole, {
    get(target, name) {
      if (name in methods) return methods[name as keyof Whole];
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function methodsOf(transport: Transport): Transport {
  const listen = transport.listen?.bind(transport);
  const { pump } = transport;
  return { ...(listen !== undefined && { listen }), ...(pump !== undefined && { pump }) };
}

const ONE_IN = 0.02;
