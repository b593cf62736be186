/**
 * The programs that are measured. Bundled once, as a user's would be, so that
 * nobody pays for the translation of TypeScript while being measured; into the
 * checkout, so that they find their packages.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { CONTESTANTS, type Contestant } from "../works.ts";

/** The bundled programs, until they are disposed of. */
export interface Programs extends Bundle {
  /** How a contestant's server is started. */
  server(contestant: Contestant): readonly string[];
  readonly load: readonly string[];
}

/** Programs of Node in a folder of their own, until they are disposed of. */
export interface Bundle {
  /** A folder for what a run needs beside. */
  readonly folder: string;
  /** How one of them is started. */
  node(name: string): readonly string[];
  dispose(): void;
}

/** A program in C, built where it is needed. */
function compiled(source: string, folder: string): string {
  const program = join(folder, "epoll_loop");
  if (!existsSync(program)) execFileSync("cc", ["-O2", "-o", program, source]);
  return program;
}

export async function bundlePrograms(): Promise<Programs> {
  const servers = new Set(Object.values(CONTESTANTS).map(({ program }) => program));
  servers.delete("python_loop");
  servers.delete("epoll_loop");
  const bundle = await bundleOf([
    ...[...servers].map((name) => `servers/${name}`),
    "load/load",
    "../../src/network-worker",
  ]);
  return {
    ...bundle,
    server({ program }) {
      if (program === "python_loop") return ["python3", join(HERE, "servers", "python_loop.py")];
      return program === "epoll_loop"
        ? [compiled(join(HERE, "servers", "epoll_loop.c"), bundle.folder)]
        : bundle.node(program);
    },
    load: bundle.node("load"),
  };
}

/** @param paths those in `test/bench`, without their endings; each has a name of its own */
export async function bundleOf(paths: readonly string[]): Promise<Bundle> {
  const folder = join(HERE, "..", ".cache", `bench-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: paths.map((path) => join(HERE, `${path}.ts`)),
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
  return {
    folder,
    node: (name) => [process.execPath, "--expose-gc", join(folder, `${name}.mjs`)],
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const HERE = fileURLToPath(new URL("..", import.meta.url));
