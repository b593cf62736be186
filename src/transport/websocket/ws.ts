/**
 * The `ws` package, which implements WebSocket's frames: the only file that
 * imports it. It is an optional peer dependency, needed only for WebSocket in
 * Node. If it is not installed, the import fails with the command to run.
 */
import type { WebSocketServer as WebSocketServerType, WebSocket as WebSocketType } from "ws";

const ws = await import("ws").catch((cause: unknown) => {
  throw new Error("tickwire/websocket needs the package ws: npm install ws", { cause });
});

export const WebSocket: typeof WebSocketType = ws.WebSocket;
export const WebSocketServer: typeof WebSocketServerType = ws.WebSocketServer;
export type { WebSocketServerType, WebSocketType };
