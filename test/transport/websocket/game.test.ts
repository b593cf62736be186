/**
 * Random games over real WebSockets: everybody sends, pauses, closes, ends and aborts
 * whenever it likes. Whatever happens, each link closes once and last, its connection
 * has a reason, and no socket is left. The seed is in the title of a game that fails.
 */
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import {
  type Connection,
  type Link,
  type LinkEvents,
  lines,
  Poller,
  type Transport,
} from "../../../src/index.ts";
import { websocket as pageSocket } from "../../../src/transport/browser/websocket-browser.ts";
import { websocket, websocketServer } from "../../../src/websocket.ts";
import { SEED } from "../../seed.ts";
import { endings, HANDSHAKE, rawClient, site } from "./rig.ts";

const GAMES = 12;
const STEPS = 60;

describe("a game of everybody's endings leaves nothing behind", () => {
  test.each(Array.from({ length: GAMES }, (_, game) => SEED + game))(
    "seed %d",
    async (seed) => {
      const random = randomOf(seed);
      const http = await site();
      const before = sockets();
      const log: LinkLog[] = [];
      const limits = {
        receiveLimitBytes: 2_000,
        sendLimitBytes: 100_000,
        closeTimeoutMs: 300,
        maxMessageBytes: 3_000,
      };
      const [server, client] = [new Poller(limits), new Poller(limits)];
      const liveness = { pingIntervalMs: 50, deadPeerMs: 200 };
      const listeners = [
        server.listen(counted(websocketServer({ server: http, path: "/a", ...liveness }), log), lines()),
        server.listen(
          counted(websocketServer({ port: 0, host: "127.0.0.1", handshakeTimeoutMs: 200, ...liveness }), log),
          lines(),
        ),
      ];
      const everybody: Connection<string>[] = [];
      const raw: Socket[] = [];
      let now = 0;
      const frame = async (passMs: number): Promise<void> => {
        now += passMs;
        server.poll(now);
        client.poll(now);
        for (const listener of listeners) {
          for (let one: Connection<string> | undefined; (one = listener.tryAccept()) !== undefined; )
            everybody.push(one);
        }
        server.flush();
        client.flush();
        await new Promise((resolve) => setImmediate(resolve));
      };
      while (listeners.some(({ state }) => state !== "listening")) await frame(0);
      Object.assign(globalThis, { WebSocket: QuietSocket });
      endings.push(() => Object.assign(globalThis, { WebSocket: PAGE_SOCKET }));

      for (let step = 0; step < STEPS; step++) {
        const port =
          random(2) === 0 ? (http.address() as AddressInfo).port : (listeners[1]?.address?.port ?? 0);
        const url = `ws://127.0.0.1:${port}/a`;
        const one = everybody[random(everybody.length)];
        const does = random(14);
        if (does < 2) everybody.push(client.connect(counted(websocket(url, liveness), log), lines()));
        else if (does === 2) everybody.push(client.connect(counted(pageSocket(url), log), lines()));
        else if (does === 3) {
          const peer = await rawClient(port, HANDSHAKE.slice(0, random(3) === 0 ? 40 : 999)).catch(
            () => undefined,
          );
          if (peer !== undefined) raw.push(peer.socket);
        } else if (does === 4)
          raw[random(raw.length)]?.write(Uint8Array.from({ length: random(20) }, () => random(256)));
        else if (does === 5) raw[random(raw.length)]?.resetAndDestroy();
        else if (does === 6) one?.close();
        else if (does === 7) one?.end();
        else if (does === 8) one?.abort();
        else if (does === 9) for (const _ of one ?? []);
        else
          for (let count = random(40); count > 0; count--)
            one?.trySend("x".repeat(random(does === 13 ? 4_000 : 90)));
        if (step === STEPS - 10 && random(3) === 0) listeners[random(2)]?.close();
        await frame(random(30));
      }
      for (const poller of [server, client]) {
        if (random(2) === 0) poller.close();
        else poller[Symbol.dispose]();
      }
      for (const socket of raw) socket.destroy();
      const isOver = (): boolean =>
        everybody.every(({ state }) => state === "closed") && !log.some(isOpen) && sockets() < before;
      for (let count = 0; count < 2_000 && !isOver(); count++) {
        if (count === 5) http.close();
        await frame(20);
        for (const one of everybody) for (const _ of one);
      }
      expect(everybody.filter(({ state }) => state !== "closed")).toEqual([]);
      expect(everybody.filter(({ closeReason }) => closeReason === undefined)).toEqual([]);
      expect(log.filter(isOpen).length, "links that have not closed").toBe(0);
      expect(log.map(({ closes }) => closes)).toEqual(log.map(() => 1));
      expect(log.flatMap(({ late }) => late)).toEqual([]);
      expect(sockets()).toBeLessThan(before);
    },
    60_000,
  );
});

/** As a page's own, which throws no errors that nobody listens for. */
class QuietSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols);
    this.on("error", () => {});
  }
}

const PAGE_SOCKET = (globalThis as { WebSocket?: unknown }).WebSocket;

/** What happened to a link that the core has attached to. */
interface LinkLog {
  closes: number;
  /** The events that came after the last one. */
  readonly late: string[];
}

function isOpen({ closes }: LinkLog): boolean {
  return closes === 0;
}

/** The same transport, with a log of each of its links. */
function counted(transport: Transport, log: LinkLog[]): Transport {
  const { listen, connect, pump } = transport;
  return {
    ...(pump !== undefined && { pump }),
    ...(connect !== undefined && { connect: () => watch(connect(), log) }),
    ...(listen !== undefined && {
      listen() {
        const acceptor = listen();
        const attach = acceptor.attach.bind(acceptor);
        acceptor.attach = (events) =>
          attach({
            listening: (address) => events.listening(address),
            incoming: (link) => events.incoming(watch(link, log)),
            rejected: (reason) => events.rejected(reason),
            closed: (reason) => events.closed(reason),
            handshaking(from, drop) {
              const handshake = events.handshaking(from, drop);
              return {
                refusal: handshake.refusal,
                identified: (address) => handshake.identified(address),
                incoming: (link) => handshake.incoming(watch(link, log)),
                rejected: (reason) => handshake.rejected(reason),
              };
            },
          });
        return acceptor;
      },
    }),
  };
}

function watch(link: Link, log: LinkLog[]): Link {
  const entry: LinkLog = { closes: 0, late: [] };
  const attach = link.attach.bind(link);
  link.attach = (events) => {
    log.push(entry);
    const told = <Name extends keyof LinkEvents>(name: Name): LinkEvents[Name] =>
      ((...args: never[]) => {
        if (entry.closes > 0) entry.late.push(name);
        if (name === "closed") entry.closes++;
        (events[name] as (...args: never[]) => void)(...args);
      }) as LinkEvents[Name];
    attach({
      opened: told("opened"),
      received: told("received"),
      partial: told("partial"),
      suspended: told("suspended"),
      resumed: told("resumed"),
      drained: told("drained"),
      ended: told("ended"),
      closed: told("closed"),
    });
  };
  return link;
}

/** How many sockets and servers of TCP this process has. */
function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
}

/** A generator of whole numbers below a bound, the same ones for the same seed (mulberry32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, below);
  };
}
