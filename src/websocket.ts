/**
 * The entry for WebSocket in Node, client and server, on the `ws` package, which
 * the user installs. A separate entry, so that programs without WebSocket do not
 * load it. Has the public names, and no code.
 */
export {
  websocketServer,
  type WebSocketServerOptions,
  type OwnPortOptions,
  type SharedServerOptions,
  type AdmissionOptions,
} from "./transport/websocket/websocket-server.ts";
export type { Admit, RefusalStatus, Verdict } from "./transport/websocket/admit.ts";
export { websocket, type NodeWebSocketOptions } from "./transport/websocket/websocket-client.ts";
export type { LivenessOptions } from "./transport/websocket/liveness.ts";
export type { WebSocketOptions } from "./transport/browser/websocket-options.ts";
export type { ForwardedHeader } from "./transport/websocket/forwarded.ts";
export type { TrustedProxies } from "./transport/node/trusted-proxies.ts";
export type { Origins } from "./transport/websocket/origins.ts";
export type { AnyServer } from "./transport/websocket/upgrade-router.ts";
