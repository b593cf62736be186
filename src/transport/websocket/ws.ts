/**
 * The `ws` package, which speaks WebSocket's frames: the one file that imports
 * it. It is an optional peer dependency, so that who needs no WebSocket in Node
 * does not install it; who forgot to is told so.
 */
import type { WebSocketServer as WebSocketServerType, WebSocket as WebSocketType } from "ws";

const ws = await import("ws").catch((cause: unknown) => {
  throw new Error("tickwire/websocket needs the package ws: npm install ws", { cause });
});

export const WebSocket: typeof WebSocketType = ws.WebSocket;
export const WebSocketServer: typeof WebSocketServerType = ws.WebSocketServer;
export type { WebSocketServerType, WebSocketType };
