/**
 * The file of the network thread, and how it is started: from the built package, from
 * its sources, or from a program that was bundled. Decides where the file is, and says
 * at the call that needs it when it is not there.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { workerData as ownData, Worker } from "node:worker_threads";

/**
 * The file of the network thread.
 *
 * @param given the caller's own place for it
 * @throws Error when it is not there
 */
export function workerFileOf(given: string | URL | undefined): URL {
  const file = given === undefined ? ownFile() : urlOf(given);
  if (existsSync(file)) return file;
  throw new Error(
    `threaded: the network thread's file is not at ${fileURLToPath(file)}: bundle tickwire/network-worker ` +
      "beside the program, as a second entry (esbuild game.ts network-worker=tickwire/network-worker), or name it in workerFile",
  );
}

/**
 * Starts the network thread. It takes no flags of this process along: what they preload is the game's.
 *
 * @throws Error in a network thread: its file is a game, which would start threads without an end
 */
export function startWorker(file: URL, data: object): Worker {
  if ((ownData as { readonly [MARK]?: true } | undefined)?.[MARK] === true) {
    throw new Error(
      `threaded: ${fileURLToPath(file)} uses threaded() itself; workerFile has to be the file of tickwire/network-worker`,
    );
  }
  const options = { workerData: { ...data, [MARK]: true }, execArgv: [], name: "tickwire network" };
  if (!file.pathname.endsWith(".ts") || loadsTypeScript()) return new Worker(file, options);
  const require = createRequire(file);
  const tsx = new URL("dist/esm/api/index.mjs", pathToFileURL(require.resolve("tsx/package.json")));
  const program = `import(${JSON.stringify(tsx.href)}).then(({ register }) => {
    register();
    return import(${JSON.stringify(file.href)});
  })`;
  return new Worker(program, { ...options, eval: true });
}

/** Beside this module: in the sources, in the package, and in a bundle that has it as an entry. */
function ownFile(): URL {
  // A bundle in CommonJS has no URL, but a name.
  const own = (import.meta.url as string | undefined) ?? pathToFileURL(__filename).href;
  if (own.endsWith(".ts")) return new URL("../../network-worker.ts", own);
  return new URL(`./network-worker${/\.[cm]?js$/.exec(own)?.[0] ?? ".js"}`, own);
}

function urlOf(given: string | URL): URL {
  if (given instanceof URL) return given;
  return given.startsWith("file:") ? new URL(given) : pathToFileURL(given);
}

/** Whether this runtime loads TypeScript by itself: Node since 22.18, Bun, Deno. */
function loadsTypeScript(): boolean {
  const { features, versions } = process as unknown as {
    readonly features: { readonly typescript?: string | false };
    readonly versions: { readonly bun?: string; readonly deno?: string };
  };
  return Boolean(features.typescript) || versions.bun !== undefined || versions.deno !== undefined;
}

/** A network thread has it among its data. */
const MARK = "isTickwireNetwork";
