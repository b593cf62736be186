/**
 * The WebSocket client for Node: the same call as in a page, on the `ws` package.
 * Decides which options there are, and how a client is made of them. The
 * connection then runs in `websocket-link.ts`.
 */
import { type ClientRequest, validateHeaderName, validateHeaderValue } from "node:http";
import { isIP } from "node:net";
import { createSecureContext } from "node:tls";
import { type Check, type Checks, checkOptions, isLimit, isText, kindOf } from "../../check.ts";
import type { Transport } from "../../port/transport.ts";
import { checkedUrl, isProtocolList, type WebSocketOptions } from "../browser/websocket-options.ts";
import { CREDENTIALS_CHECKS, checkCredentials, type Identity, type Pem } from "../node/credentials.ts";
import { NEGOTIATION_CHECKS, negotiationOptions, secureContextOptions } from "../node/tls-options.ts";
import { warnUnlessYielding } from "../node/yield-warning.ts";
import { Heartbeat } from "./heartbeat.ts";
import { LIVENESS_CHECKS, type LivenessOptions, livenessOf } from "./liveness.ts";
import { responseReason } from "./reasons.ts";
import { WebSocketLink } from "./websocket-link.ts";
import { WebSocket } from "./ws.ts";

/** Options of `websocket()` in Node: those of a page, and those that a page cannot set. */
export interface NodeWebSocketOptions extends WebSocketOptions, LivenessOptions, Partial<Identity> {
  /** Headers of the request, such as `origin` or `authorization`; not those of the handshake itself. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The numeric address of this machine to connect from; the system chooses one by default. */
  readonly localAddress?: string;
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
 * and may be used any number of times. Any codec works: the messages of a frame
 * travel in one binary WebSocket message, whose borders mean nothing to the
 * codec. Redirects are not followed, and nothing is compressed.
 *
 * @throws TypeError when an option has the wrong type, or is for `wss:` alone and the URL has `ws:`
 * @throws RangeError when `url` is no URL of a WebSocket, an option is out of range, or a key or certificate cannot be read
 */
export function websocket(url: string | URL, options: NodeWebSocketOptions = {}): Transport {
  const href = checkedUrl(url);
  const isSecure = href.startsWith("wss:");
  checkOptions(options, isSecure ? CHECKS : PLAIN_CHECKS);
  checkCredentials(options);
  const { limits, heartbeat } = livenessOf(options);
  const { localAddress } = options;
  const protocols = [...(options.protocols ?? [])];
  const request = {
    headers: { ...options.headers },
    ...limits,
    followRedirects: false,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_TIMEOUT_MS,
    ...(localAddress !== undefined && { localAddress }),
    ...(isSecure && {
      ...negotiationOptions(options),
      secureContext: createSecureContext(secureContextOptions(options)),
    }),
  };
  const connect = () => {
    const ws = new WebSocket(href, protocols, request);
    const link = new WebSocketLink(ws, new Heartbeat(heartbeat), "client");
    ws.on("upgrade", ({ socket }) => link.setSocket(socket));
    ws.on("unexpected-response", (_: ClientRequest, answer) => link.refuse(responseReason(answer)));
    return link;
  };
  return { connect, pump: warnUnlessYielding };
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

function isNumericAddress(name: string, value: unknown): void {
  isText(name, value);
  if (isIP(value as string) !== 0) return;
  throw new RangeError(`${name}: expected a numeric address, got ${JSON.stringify(value)}`);
}

const secureOnly: Check = (name) => {
  throw new TypeError(`${name}: only a URL with wss: takes it`);
};

/** The headers that make a request one for a WebSocket, or say how long it is. */
const HANDSHAKE_HEADERS = /^(connection|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/i;
/** How long one address of a name may take before the next is tried; the same as for TCP. */
const ATTEMPT_TIMEOUT_MS = 1_000;

const CHECKS: Checks<NodeWebSocketOptions> = {
  ...LIVENESS_CHECKS,
  protocols: isProtocolList,
  maxBacklogBytes: isLimit(0),
  headers: isHeaders,
  localAddress: isNumericAddress,
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
