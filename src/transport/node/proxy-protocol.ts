/**
 * TCP connections that come through a proxy which says for whom: the PROXY protocol.
 * Decides who must and who may begin with its header, and what happens to a peer until
 * it is read.
 *
 *     connection ──▶ trusted? ── yes ──▶ header ── read ──▶ counts by its address ──▶ link
 *                       │                   └── broken, late, none ──▶ rejected, reset
 *                       └── no ──▶ "accept": a link at once; "require": rejected, reset
 *
 * `proxy-header.ts` reads the bytes. The link then runs in `stream.ts`.
 */
import type { Socket } from "node:net";
import type { AcceptorEvents } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { drop, reset } from "./drop-socket.ts";
import { reasonOf } from "./error-codes.ts";
import { plainCopy } from "./plain-bytes.ts";
import { readProxyHeader } from "./proxy-header.ts";
import type { ProxyProtocolOptions } from "./proxy-options.ts";
import { addressOf, StreamLink, type StreamOptions } from "./stream.ts";
import { type IsTrusted, trustRule } from "./trusted-proxies.ts";

/** Accepts a socket of the server. */
type Accept = (socket: Socket, events: AcceptorEvents, linkOptions: StreamOptions) => void;

/** How sockets are accepted with these options, which are checked; `undefined` when no header is read. */
export function proxyAccept(options: ProxyProtocolOptions): Accept | undefined {
  const { proxyProtocol, trustedProxies, proxyTimeoutMs = DEFAULT_TIMEOUT_MS } = options;
  if ((proxyProtocol === undefined) !== (trustedProxies === undefined)) {
    throw new TypeError("proxyProtocol: expected together with trustedProxies");
  }
  if (proxyProtocol === undefined) return undefined;
  const rules = {
    isRequired: proxyProtocol === "require",
    isTrusted: trustRule(trustedProxies),
    timeoutMs: proxyTimeoutMs,
  };
  return (socket, events, linkOptions) => accept(socket, events, linkOptions, rules);
}

interface Rules {
  readonly isRequired: boolean;
  readonly isTrusted: IsTrusted;
  readonly timeoutMs: number;
}

function accept(socket: Socket, events: AcceptorEvents, linkOptions: StreamOptions, rules: Rules): void {
  let from: Address | undefined;
  try {
    from = addressOf(socket.remoteAddress, socket.remotePort, socket.remoteFamily);
  } catch {
    drop(socket); // whom the system cannot name, nobody can trust
    return;
  }
  if (!rules.isTrusted(from) && !rules.isRequired) {
    events.incoming(new StreamLink(socket, "accepted", linkOptions));
    return;
  }
  socket.on("error", ignore);
  if (!rules.isTrusted(from)) {
    reset(socket);
    events.rejected(NOT_TRUSTED);
    return;
  }
  const handshake = events.handshaking(undefined, () => drop(socket));
  if (handshake.refusal !== undefined) {
    reset(socket);
    return;
  }
  readHeader(socket, rules, (outcome) => {
    if ("kind" in outcome) {
      handshake.rejected(outcome);
      if (!socket.destroyed) reset(socket);
      return;
    }
    const remoteAddress = outcome.address ?? from;
    if (handshake.identified(remoteAddress) !== undefined) reset(socket);
    else {
      const link = new StreamLink(socket, "accepted", { ...linkOptions, remoteAddress, head: outcome.rest });
      handshake.incoming(link);
    }
  });
}

type Outcome = { readonly address: Address | undefined; readonly rest: Uint8Array } | CloseReason;

/** Reads the header, and calls `done` once; what came behind the header is the rest. */
function readHeader(
  socket: Socket,
  { isRequired, timeoutMs }: Rules,
  done: (outcome: Outcome) => void,
): void {
  let held: Uint8Array = new Uint8Array(0);
  /** Whether what is held is a header's beginning for certain. */
  let isBegun = false;
  const finish = (outcome: Outcome): void => {
    clearTimeout(timer);
    for (const [type, listener] of Object.entries(listeners)) socket.off(type, listener);
    done(pauseFailure(socket) ?? outcome);
  };
  const listeners = {
    data(piece: Uint8Array) {
      const bytes = new Uint8Array(held.length + piece.length);
      bytes.set(held);
      bytes.set(piece, held.length);
      held = bytes;
      const header = readProxyHeader(held);
      isBegun = header === "more";
      if (isBegun || header === "maybe") return;
      if (typeof header === "object") {
        finish({ address: header.address, rest: plainCopy(held.subarray(header.headerBytes)) });
      } else if (header === "none" && !isRequired) finish({ address: undefined, rest: held });
      else finish(INVALID);
    },
    end: () => finish(LEFT),
    close: () => finish(LEFT),
    error: (error: Error) => finish(reasonOf(error)),
  };
  const timer = setTimeout(() => {
    if (isRequired || isBegun) finish(LATE);
    else finish({ address: undefined, rest: held }); // it waits for a word of this side, or sent an empty line
  }, timeoutMs);
  for (const [type, listener] of Object.entries(listeners)) socket.on(type, listener);
}

/** Stops the reading, until the link has its own listeners. Returns why it cannot, as this is a callback of the network. */
function pauseFailure(socket: Socket): CloseReason | undefined {
  try {
    socket.pause();
    return undefined;
  } catch (error) {
    return reasonOf(error as Error);
  }
}

function ignore(): void {}

const NOT_TRUSTED: CloseReason = {
  kind: "denied",
  code: "trustedProxies",
  message: "the peer is no trusted proxy, and proxyProtocol requires one",
};
const INVALID: CloseReason = {
  kind: "protocol",
  message: "the proxy sent no valid header of the PROXY protocol",
};
const LEFT: CloseReason = { kind: "remote", message: "the proxy left before it had sent its header" };
const LATE: CloseReason = {
  kind: "timeout",
  code: "proxyTimeoutMs",
  message: "the proxy did not finish its header in time",
};
const DEFAULT_TIMEOUT_MS = 5_000;
