/**
 * The checks on other runtimes than the one that runs the tests, each with the
 * package as its users get it: packed, installed, and imported by its names.
 *
 *     npm run runtimes -- node bun deno      programs on PATH
 *     npm run runtimes -- bun=/path/to/bun
 *
 * A line for each check of each runtime; ends with 1 when one of them fails. A
 * runtime that is not there is left out with a line.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { onPath } from "../machine.ts";
import { packed } from "../manuals/packed.ts";

/** For what hangs: each check has a deadline of its own. */
const TIMEOUT_MS = 300_000;
const root = fileURLToPath(new URL("../..", import.meta.url));

/** How each runtime starts a program. */
const STARTS: Readonly<Record<string, readonly string[]>> = {
  node: [],
  bun: ["run"],
  deno: ["run", "--allow-all", "--no-lock", "--node-modules-dir=manual"],
};

const folder = mkdtempSync(join(tmpdir(), "tickwire-runtimes-"));
try {
  await install();
  await writeProgram();
  for (const wanted of process.argv.slice(2)) {
    const [name = "", path = onPath(name)] = wanted.split("=");
    if (STARTS[name] === undefined) throw new Error(`expected node, bun or deno, got ${name}`);
    if (path === undefined) console.log(`left out: ${name} is not here`);
    else if (!run(name, path)) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Puts the packed package, and what it is installed with, into the folder. */
async function install(): Promise<void> {
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "tickwire"), { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const tarballs = await packed();
  const tarball = readdirSync(tarballs).find((file) => file.startsWith("tickwire-")) ?? "no tarball";
  const { status, stderr } = spawnSync(
    "tar",
    ["-xzf", join(tarballs, tarball), "--strip-components=1", "-C", join(modules, "tickwire")],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`tar: ${stderr}`);
  for (const name of ["mitt", "ws"])
    symlinkSync(join(root, "node_modules", name), join(modules, name), "junction");
}

/** The checks as one file of JavaScript, which imports the package by its names. */
async function writeProgram(): Promise<void> {
  const names = new Map([
    ["index", "tickwire"],
    ["websocket", "tickwire/websocket"],
  ]);
  await build({
    entryPoints: [join(import.meta.dirname, "program.ts")],
    outfile: join(folder, "program.js"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20", // which has no `using`
    plugins: [
      {
        name: "the package by its names",
        setup({ onResolve }) {
          onResolve({ filter: /\/src\/\w+\.ts$/ }, ({ path }) => {
            const name = names.get(/(\w+)\.ts$/.exec(path)?.[1] ?? "");
            return name === undefined ? undefined : { path: name, external: true };
          });
        },
      },
    ],
  });
}

/** Runs the program. `false` when a check failed, or the runtime. */
function run(name: string, path: string): boolean {
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1", PATH: process.env.PATH ?? delimiter };
  const start = [...(STARTS[name] ?? []), "program.js"];
  const { status, signal, error } = spawnSync(path, start, {
    cwd: folder,
    env,
    stdio: ["ignore", "inherit", "inherit"],
    timeout: TIMEOUT_MS,
  });
  if (status !== 0) console.log(`FAILED  ${name} ended with ${error?.message ?? status ?? signal}`);
  return status === 0;
}
