/**
 * The page, as files in memory: what is in the folder `page/`, and its program
 * as one bundle. Built anew by each process that serves a window, in a moment,
 * so nothing lies about on the disk and nothing can be stale. Knows no HTTP
 * server.
 */
import { readdir, readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildFailure, build, stop } from "esbuild";

/** A file as it is served. */
export interface PageFile {
  /** Its media type. */
  readonly type: string;
  readonly body: Uint8Array;
}

/**
 * The files of the page, by the path of their URL.
 *
 * @param folder where `main.ts` and the files beside it are; ends in a slash
 * @throws Error with one line that says what is wrong with the page's program
 */
export async function pageFiles(folder: URL = FOLDER): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  files.set("/main.js", { type: SCRIPT, body: await bundle(folder) });
  for (const name of await readdir(folder)) {
    const type = TYPES.get(extname(name));
    if (type === undefined) continue;
    const body = await readFile(new URL(name, folder));
    files.set(name === "index.html" ? "/" : `/${name}`, { type, body });
  }
  return files;
}

async function bundle(folder: URL): Promise<Uint8Array> {
  try {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL("main.ts", folder))],
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      write: false,
      logLevel: "silent",
    });
    return outputFiles[0]?.contents ?? new Uint8Array();
  } catch (error) {
    throw new Error(`cannot build the page: ${firstComplaint(error)}`, { cause: error });
  } finally {
    await stop(); // its service would stay for as long as this process does
  }
}

/** Where, and what: esbuild's own report has many lines. */
function firstComplaint(error: unknown): string {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  if (first === undefined) return (error as Error).message;
  const { location, text } = first;
  return location === null ? text : `${location.file}:${location.line}: ${text}`;
}

const FOLDER = new URL("page/", import.meta.url);
const SCRIPT = "text/javascript; charset=utf-8";
/** What of the folder is served as it is; the program's sources are not. */
const TYPES = new Map([
  [".html", "text/html; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".svg", "image/svg+xml"],
  [".png", "image/png"],
]);
