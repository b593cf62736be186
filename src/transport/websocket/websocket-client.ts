/**
 * The WebSocket client for Node: the same call as in a page, on the `ws` package.
 * Decides which options there are, and how a client is made of them. The
 * connection then runs in `websocket-link.ts`.
 */

import { type ClientRequest, validateHeaderName, validateHeaderValue } from "node:http";
import type { Socket } from "node:net";
import { connect as connectTls, createSecureContext } from "node:tls";
import { type Check, type Checks, checkOptions, isLimit, kindOf } from "../../check.ts";
import type { Transport } from "../../port/transport.ts";
import { carriesCode } from "../browser/close-codes.ts";
import {
  checkedUrl,
  isFraming,
  isProtocolList,
  type WebSocketOptions,
} from "../browser/websocket-options.ts";
import { ConnectingLink } from "../node/connecting-link.ts";
import { CREDENTIALS_CHECKS, checkCredentials, type Identity, type Pem } from "../node/credentials.ts";
import { drop } from "../node/drop-socket.ts";
import { requestedName } from "../node/host-names.ts";
import { NODE_SOCKETS } from "../node/node-dialler.ts";
import { DEFAULT_ATTEMPT_TIMEOUT_MS, TCP_CHECKS } from "../node/tcp.ts";
import { NEGOTIATION_CHECKS, negotiationOptions, secureContextOptions } from "../node/tls-options.ts";
import { warnUnlessYielding } from "../node/yield-warning.ts";
import { Heartbeat } from "./heartbeat.ts";
import { LIVENESS_CHECKS, type LivenessOptions, livenessOf } from "./liveness.ts";
import { responseReason } from "./reasons.ts";
import { WebSocketLink } from "./websocket-link.ts";
import { loadWs } from "./ws.ts";

/** Options of `websocket()` in Node: those of a page, and those that a page cannot set. */
export interface NodeWebSocketOptions extends WebSocketOptions, LivenessOptions, Partial<Identity> {
  /** Headers of the request, such as `origin` or `authorization`; not those of the handshake itself. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The numeric address of this machine to connect from, whose family is then that
   * of the connection; the system chooses by default.
   */
  readonly localAddress?: string;
  /**
   * Where the host of the URL has several addresses: how long one may take before the
   * next one is tried beside it, in milliseconds of polled time; 1,000 by default. The
   * first one that answers is taken. One that fails starts the next at once.
   */
  readonly attemptTimeoutMs?: number;
  /** For `wss:`, the certificate authorities to trust, instead of Node's built-in list. */
  readonly ca?: Pem;
  /** For `wss:`, the name, or IP address, that the server's certificate must have; the host of the URL by default. */
  readonly servername?: string;
  /**
   * For `wss:`, reject a server whose certificate no trusted authority has signed;
   * `true` by default, also where NODE_TLS_REJECT_UNAUTHORIZED says otherwise.
   */
  readonly rejectUnauthorized?: boolean;
}

/**
 * A WebSocket transport, to connect with. It opens no socket before it is used,
 * and may be used any number of times. Any codec works: by default the messages of a
 * frame travel in one binary WebSocket message, whose borders mean nothing to the
 * codec. Redirects are not followed, and nothing is compressed.
 *
 * @throws TypeError when an option has the wrong type, or is for `wss:` alone and the URL has `ws:`
 * @throws RangeError when `url` is no URL of a WebSocket, an option is out of range, or a key or certificate cannot be read
 * @throws Error when the package `ws` is not installed, with the cause
 */
export function websocket(url: string | URL, options: NodeWebSocketOptions = {}): Transport {
  const href = checkedUrl(url);
  const isSecure = href.startsWith("wss:");
  checkOptions(options, isSecure ? CHECKS : PLAIN_CHECKS);
  checkCredentials(options);
  const { limits, heartbeat } = livenessOf(options);
  const { WebSocket } = loadWs();
  const protocols = [...(options.protocols ?? [])];
  const request = { headers: { ...options.headers }, ...limits, followRedirects: false };
  const { localAddress, attemptTimeoutMs = DEFAULT_ATTEMPT_TIMEOUT_MS, framing = "stream" } = options;
  const address = addressIn(href);
  const target = { ...address, localAddress, attemptTimeoutMs, socketOptions: { noDelay: true } };
  const encrypted = isSecure ? encryption(address.host, options) : (tcp: Socket) => tcp;
  const open = (tcp: Socket) => {
    let used: Socket | undefined;
    const createConnection = () => (used = encrypted(tcp));
    const ws = new WebSocket(href, protocols, { ...request, createConnection });
    const link = new WebSocketLink(ws, new Heartbeat(heartbeat), { role: "client", framing });
    // A runtime with a ws of its own may show no socket, and may have connected another one.
    ws.on("upgrade", () => used && link.setSocket(used));
    for (const event of ["open", "close"]) ws.on(event, () => used ?? drop(tcp));
    ws.on("unexpected-response", (_: ClientRequest, answer) => link.refuse(responseReason(answer)));
    return link;
  };
  const connect = () => Object.assign(new ConnectingLink(target, false, NODE_SOCKETS, open), { carriesCode });
  const blueprint = { kind: "websocket", options: { url: href, ...options } } as const;
  return { framing, connect, pump: warnUnlessYielding, blueprint };
}

/** The host and port of a URL that has been checked. */
function addressIn(href: string): { host: string; port: number } {
  const { protocol, hostname, port } = new URL(href);
  const host = hostname.replace(/^\[(.*)\]$/, "$1"); // an IPv6 address
  return { host, port: port === "" ? DEFAULT_PORTS[protocol as keyof typeof DEFAULT_PORTS] : Number(port) };
}

/** Begins TLS over a connected socket. Node proves the name of the host, and requests it only when it is told to. */
function encryption(host: string, options: NodeWebSocketOptions): (tcp: Socket) => Socket {
  const secureContext = createSecureContext(secureContextOptions(options));
  const servername = requestedName(host);
  const requested = servername === undefined ? {} : { servername };
  const client = { host, ...requested, ...negotiationOptions(options), secureContext };
  return (socket) => connectTls({ ...client, socket });
}

function isHeaders(name: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${name}: expected an object, got ${kindOf(value)}`);
  }
  const seen = new Set<string>();
  for (const [header, text] of Object.entries(value)) {
    const fullName = `${name}[${JSON.stringify(header)}]`;
    if (typeof text !== "string") throw new TypeError(`${fullName}: expected a string, got ${kindOf(text)}`);
    const problem = problemOf(header, text, seen);
    if (problem !== undefined) throw new RangeError(`${fullName}: ${problem}`);
    seen.add(header.toLowerCase());
  }
}

/** Why a header cannot be sent; `undefined` when it can. */
function problemOf(header: string, text: string, seen: ReadonlySet<string>): string | undefined {
  if (HANDSHAKE_HEADERS.test(header)) return "the handshake itself sets this header";
  if (seen.has(header.toLowerCase())) return "the same header is there twice, in other letters";
  try {
    validateHeaderName(header);
    validateHeaderValue(header, text);
    return undefined;
  } catch (cause) {
    return `a header cannot have that: ${JSON.stringify((cause as Error).message)}`;
  }
}

const secureOnly: Check = (name) => {
  throw new TypeError(`${name}: only a URL with wss: takes it`);
};

/** The headers that make a request one for a WebSocket, or say how long it is. */
const HANDSHAKE_HEADERS = /^(connection|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/i;
const DEFAULT_PORTS = { "ws:": 80, "wss:": 443 };

const CHECKS: Checks<NodeWebSocketOptions> = {
  ...LIVENESS_CHECKS,
  protocols: isProtocolList,
  framing: isFraming,
  maxBacklogBytes: isLimit(1),
  headers: isHeaders,
  localAddress: TCP_CHECKS.localAddress,
  attemptTimeoutMs: TCP_CHECKS.attemptTimeoutMs,
  ...CREDENTIALS_CHECKS,
  servername: NEGOTIATION_CHECKS.servername,
  rejectUnauthorized: NEGOTIATION_CHECKS.rejectUnauthorized,
};
const PLAIN_CHECKS: Checks<NodeWebSocketOptions> = {
  ...CHECKS,
  cert: secureOnly,
  key: secureOnly,
  passphrase: secureOnly,
  ca: secureOnly,
  servername: secureOnly,
  rejectUnauthorized: secureOnly,
};
