/**
 * The file of the network thread, and how it is started: from the built package, from
 * its sources, or from a program that was bundled. Decides where the file is, and says
 * at the call that needs it when it is not there.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

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
    `threaded: the network thread's file is not at ${fileURLToPath(file)}: ` +
      "bundle tickwire/network-worker beside the program, or name it in workerFile",
  );
}

/** Starts the network thread. It takes no flags of this process along: what they preload is the game's. */
export function startWorker(file: URL, workerData: object): Worker {
  const options = { workerData, execArgv: [], name: "tickwire network" };
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
  // A bundle in CommonJS has no URL.
  const own = import.meta.url as string | undefined;
  if (own === undefined) throw new Error("threaded: a bundle in CommonJS has to name the file in workerFile");
  return new URL(own.endsWith(".ts") ? "../../network-worker.ts" : "./network-worker.js", own);
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
