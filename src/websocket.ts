/**
 * WebSocket for Node, both ends, on the `ws` package, which is installed beside
 * this one. An entry of its own, so that who needs none of it does not load it.
 * No code.
 */
export {
  websocketServer,
  type WebSocketServerOptions,
  type OwnPortOptions,
  type SharedServerOptions,
  type AdmissionOptions,
} from "./transport/websocket/websocket-server.ts";
export {
  websocket,
  type NodeWebSocketOptions,
  type LivenessOptions,
} from "./transport/websocket/websocket-client.ts";
export type { WebSocketOptions } from "./transport/browser/websocket-options.ts";
export type { Origins } from "./transport/websocket/origins.ts";
export type { AnyServer } from "./transport/websocket/upgrade-router.ts";
