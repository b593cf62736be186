/**
 * Where a page is served: its files over HTTP, and the WebSocket beside them, on one server, as
 * sessions. Which page, and who may dial it, is the caller's.
 *
 *     GET /, /main.js, …   the page
 *     /link                the WebSocket
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { session, type Transport } from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";
import { type PageFile, pageFiles } from "../cube/page-files.ts";

/** What to serve, and where. */
export interface PageServerOptions {
  /** The folder of the page, under `page/`. */
  readonly page: "play" | "operate";
  readonly port: number;
  /** Where else the page may dial, such as `127.0.0.1:14912`: and from where it may be dialled. */
  readonly places: readonly string[];
}

/** A page that is served. */
export interface PageServer {
  readonly url: string;
  /** For a poller to listen with. */
  readonly transport: Transport;
  close(): void;
}

/**
 * Builds the page and begins to serve it, on the loopback: whoever can use these pages can stop
 * the arena.
 *
 * @throws Error with one line, when the page cannot be built or the port not be had
 */
export async function servePage({ page, port, places }: PageServerOptions): Promise<PageServer> {
  const files = await pageFiles(new URL(`page/${page}/`, import.meta.url));
  const policy = policyFor(places);
  const server = createServer(({ url }, response) => answer(files, policy, url, response));
  try {
    await once(server.listen(port, HOST), "listening");
  } catch (error) {
    throw new Error(`cannot serve a page on ${HOST}:${port}: ${(error as Error).message}`, { cause: error });
  }
  server.on("error", () => {}); // a connection that could not be accepted is no reason to end
  const own = `${HOST}:${(server.address() as AddressInfo).port}`;
  const origins = [own, ...places].flatMap((place) => [
    `http://${place}`,
    `http://${place.replace(HOST, "localhost")}`,
  ]);
  return {
    url: `http://${own}/`,
    transport: session(websocketServer({ server, path: SOCKET_PATH, origins }), HOLDING),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(
  files: ReadonlyMap<string, PageFile>,
  policy: string,
  url: string = "/",
  response: ServerResponse,
): void {
  const [path = "/"] = url.split("?", 1);
  const file = files.get(path);
  response.setHeader("content-security-policy", policy);
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("cache-control", "no-store");
  if (path === "/favicon.ico") response.writeHead(204).end();
  else if (file === undefined)
    response.writeHead(404, { "content-type": "text/plain" }).end("nothing is here\n");
  else response.writeHead(200, { "content-type": file.type }).end(file.body);
}

/** The page needs what this server gives, and the links to the other gateways. */
function policyFor(places: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self' ${places.map((place) => `ws://${place}`).join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** The loopback alone. */
export const HOST = "127.0.0.1";
const SOCKET_PATH = "/link";
/** Somebody looks at it, and should not wonder for long. */
const HOLDING = { deadPeerMs: 3_000 } as const;
