/**
 * The package as its users get it: `npm pack` in a copy of this checkout, with
 * the tarballs of the packages that are installed beside it. They are kept
 * under a hash of all that goes into them, so that a run packs once at the
 * most, never builds into `dist`, and never sees a tarball of yesterday.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./manual.ts";
import { npmEnvironment } from "./npm.ts";

/** The folder of the tarballs: tickwire, and what it may be installed with. */
export async function packed(): Promise<string> {
  const kept = join(root, "test/.cache/packed", hashOf(INPUTS));
  if (existsSync(kept)) return kept;
  const work = mkdtempSync(join(tmpdir(), "tickwire-packed-"));
  const [checkout, tarballs] = [join(work, "checkout"), join(work, "tarballs")];
  try {
    mkdirSync(tarballs);
    for (const input of INPUTS) cpSync(join(root, input), join(checkout, input), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"), "junction");
    const to = ["--pack-destination", tarballs, "--cache", join(work, "cache")];
    await npm(checkout, "pack", ...to); // which builds first, by `prepack`
    const beside = BESIDE.map((name) => join(root, "node_modules", name));
    await npm(checkout, "pack", "--ignore-scripts", ...to, ...beside);
    keep(tarballs, kept);
    return kept;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Moves the tarballs to where others look for them, in one step; another run may have been faster. */
function keep(tarballs: string, kept: string): void {
  const beside = `${kept}.${process.pid}`;
  cpSync(tarballs, beside, { recursive: true });
  try {
    renameSync(beside, kept);
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    if (!existsSync(kept)) throw error;
  }
}

async function npm(cwd: string, ...args: string[]): Promise<void> {
  await promisify(execFile)("npm", args, { cwd, env: npmEnvironment(), shell: process.platform === "win32" });
}

/** One name for all bytes that the tarballs are made of. */
function hashOf(inputs: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of [...inputs, "package-lock.json"].flatMap(filesIn).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

function filesIn(path: string): string[] {
  if (/\.\w+$|^LICENSE$/.test(path)) return [path];
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}

/** What a package is made of. */
const INPUTS = [
  "package.json",
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
  "tsconfig.json",
  "src",
  "bin",
  "templates",
];

/** Packages that are installed with tickwire, or beside it. */
const BESIDE = ["mitt", "ws"];
