/**
 * Where a process serves its windows: the page over HTTP, and the WebSocket
 * beside it, on one server. Decides the address. What windows say is for
 * `windows.ts`.
 *
 *     GET /, /main.js, …   the page
 *     /cube                the WebSocket, over which windows have sessions
 */
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { session, type Transport } from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";
import { type Endpoint, formatEndpoint, reachableHost } from "./endpoint.ts";
import { type PageFile, pageFiles } from "./page-files.ts";
import { HOLDING } from "./shared/holding.ts";
import type { Role } from "./shared/world.ts";

/** A server of windows. */
export interface WindowServer {
  /** What a browser opens, such as `http://127.0.0.1:14901/`. */
  readonly url: string;
  /** For a poller to listen with. */
  readonly transport: Transport;
  /** Frees the address at once. */
  close(): void;
}

/**
 * Builds the page and begins to serve it.
 *
 * @param endpoint where; by default the first free port from the role's usual one up
 * @throws Error with one line, when the page cannot be built or the endpoint not be had
 */
export async function serveWindows(role: Role, endpoint: Endpoint | undefined): Promise<WindowServer> {
  const files = await pageFiles();
  const server = createServer(({ method, url }, response) => answer(files, method, url, response));
  const { host, port } = await listen(server, role, endpoint);
  server.on("error", () => {}); // a connection that could not be accepted is no reason to end
  return {
    url: `http://${formatEndpoint({ host: reachableHost(host), port })}/`,
    transport: session(websocketServer({ server, path: SOCKET_PATH }), HOLDING),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listen(server: Server, role: Role, endpoint: Endpoint | undefined): Promise<Endpoint> {
  const { host, port } = endpoint ?? { host: "127.0.0.1", port: USUAL_PORTS[role] };
  const last = endpoint === undefined ? port + PORTS_TRIED - 1 : port;
  for (let tried = port; ; tried++) {
    try {
      server.listen(tried, host);
      await once(server, "listening");
      return { host, port: (server.address() as AddressInfo).port };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "EADDRINUSE" && tried < last) continue;
      throw new Error(`cannot serve a window on ${formatEndpoint({ host, port: tried })}: ${message}`, {
        cause: error,
      });
    }
  }
}

function answer(
  files: ReadonlyMap<string, PageFile>,
  method: string | undefined,
  url: string = "/",
  response: ServerResponse,
): void {
  const [path = "/"] = url.split("?", 1);
  const file = files.get(path);
  for (const [name, value] of HEADERS) response.setHeader(name, value);
  if (method !== "GET" && method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
  } else if (path === "/favicon.ico") {
    response.writeHead(204).end(); // browsers ask without being told to, and complain of a 404
  } else if (file === undefined) {
    response.writeHead(404, { "content-type": "text/plain" }).end("nothing is here; the window is at /\n");
  } else {
    response.writeHead(200, { "content-type": file.type, "content-length": file.body.length });
    response.end(method === "HEAD" ? undefined : file.body);
  }
}

const SOCKET_PATH = "/cube";
/** Next to the peers' own 14900. */
const USUAL_PORTS: Readonly<Record<Role, number>> = { mover: 14_901, mirror: 14_902 };
/** Nobody runs so many cubes; a machine where all are taken has another trouble. */
const PORTS_TRIED = 100;

/**
 * The page needs what this server gives, and nothing else: no other script, no
 * other host, no foreign frame around it. It is small and built anew, so nothing is
 * worth keeping.
 */
const HEADERS = [
  [
    "content-security-policy",
    [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      // How the page probes for its process while that is away: an <object> is a frame, too.
      "object-src 'self'",
      "frame-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'self'",
    ].join("; "),
  ],
  ["x-content-type-options", "nosniff"],
  ["referrer-policy", "no-referrer"],
  ["cache-control", "no-store"],
] as const;
