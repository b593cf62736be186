/**
 * The `ws` package, which implements WebSocket's frames: the only file that
 * imports it. It is an optional peer dependency, needed only for WebSocket in
 * Node. It is loaded at the first call that needs it, and not with this file: so
 * `require` can load the entry, which refuses a module that waits while it loads,
 * and a program without `ws` is told at the call, where it can be caught.
 *
 * ws answers pings by itself, in the midst of a socket's event. What the system throws
 * there would end the process; here it ends the WebSocket with that error. So does what
 * it throws at the end itself.
 */
import { createRequire } from "node:module";
import type { WebSocketServer as WebSocketServerType, WebSocket as WebSocketType } from "ws";

/** The classes of `ws` that are used. */
export interface Ws {
  readonly WebSocket: typeof WebSocketType;
  readonly WebSocketServer: typeof WebSocketServerType;
}

/**
 * Returns the package.
 *
 * @throws Error with the command that installs it, and with the cause, when it cannot be loaded
 */
export function loadWs(): Ws {
  try {
    // A bundle in CommonJS has no URL, but a file; the package is found from there.
    loaded ??= guarded(createRequire(import.meta.url ?? __filename)("ws") as Ws);
    return loaded;
  } catch (cause) {
    throw new Error("tickwire/websocket needs the package ws: npm install ws", { cause });
  }
}

function guarded({ WebSocket, WebSocketServer }: Ws): Ws {
  class GuardedWebSocket extends WebSocket {
    override pong(...args: Parameters<WebSocketType["pong"]>): void {
      try {
        super.pong(...args);
      } catch (error) {
        this.emit("error", error);
        this.terminate();
      }
    }

    override terminate(): void {
      try {
        super.terminate();
      } catch (error) {
        this.emit("error", error);
        this.emit("close", ABNORMAL_CLOSURE, ""); // no other will come
      }
    }
  }
  return { WebSocket: GuardedWebSocket, WebSocketServer };
}

/** The code of a WebSocket that broke: RFC 6455, section 7.1.5. */
const ABNORMAL_CLOSURE = 1006;
let loaded: Ws | undefined;

export type { WebSocketServerType, WebSocketType };
