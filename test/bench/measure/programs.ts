/**
 * The programs that are measured. Bundled once, as a user's would be, so that
 * nobody pays for the translation of TypeScript while being measured; into the
 * checkout, so that they find their packages.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { CONTESTANTS, type Contestant } from "../works.ts";

/** The bundled programs, until they are disposed of. */
export interface Programs {
  /** A folder for what a run needs beside. */
  readonly folder: string;
  /** How a contestant's server is started. */
  server(contestant: Contestant): readonly string[];
  readonly load: readonly string[];
  dispose(): void;
}

export async function bundlePrograms(): Promise<Programs> {
  const here = fileURLToPath(new URL("..", import.meta.url));
  const folder = join(here, "..", ".cache", `bench-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const servers = new Set(Object.values(CONTESTANTS).map(({ program }) => program));
  servers.delete("python_loop");
  await build({
    entryPoints: [...servers, "../load/load", "../../../src/network-worker"].map((name) =>
      join(here, "servers", `${name}.ts`),
    ),
    outdir: folder,
    entryNames: "[name]",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "error",
  });
  const node = (name: string) => [process.execPath, "--expose-gc", join(folder, `${name}.mjs`)];
  return {
    folder,
    server: ({ program }) =>
      program === "python_loop" ? ["python3", join(here, "servers", "python_loop.py")] : node(program),
    load: node("load"),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}
