/** The files of a folder, read once, for a server without a framework. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** Answers with the files of `folder`: only those that were there at the start, whatever is asked for. */
export function builtPage(folder: URL): (request: IncomingMessage, response: ServerResponse) => void {
  const root = fileURLToPath(folder);
  if (!existsSync(root)) throw new Error("there is no page yet: npm run build");
  const files = new Map<string, Buffer>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(`/${path.slice(root.length).replaceAll("\\", "/")}`, readFileSync(path));
  }
  return (request, response) => {
    const asked = (request.url ?? "/").replace(/\?.*/, "");
    const path = asked === "/" ? "/index.html" : asked;
    const file = files.get(path);
    if (file === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" }).end(file);
  };
}
