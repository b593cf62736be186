/**
 * `npx tickwire new my-game`: copies a template of this package into a new folder.
 * Decides where, and what changes in the copy: the name, and which tickwire it is
 * made for. Asks nothing, installs nothing, and writes over nothing.
 *
 * `npx tickwire inspect FILE`: see `inspect/inspect.ts`.
 */
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { INSPECT_USAGE, inspect } from "./inspect/inspect.ts";
import { Mistake } from "./inspect/mistake.ts";

const USAGE = `usage: npx tickwire new FOLDER [--template pong|terminal]

  pong      a server, a page by Vite and their tests; the default
  terminal  a server for nc, and its tests

${INSPECT_USAGE}`;

const templates = fileURLToPath(new URL("../templates", import.meta.url));
const manifest = fileURLToPath(new URL("../package.json", import.meta.url));

/** Does what the command line says, and answers what to do next. */
function run(): string {
  const [, , first, ...rest] = process.argv;
  if (first === "inspect") return inspect(rest);
  const { values, positionals } = parsed();
  if (values.help === true) return USAGE;
  const [command, folder, ...more] = positionals;
  if (command !== "new") throw misused(`expected new or inspect, got ${command ?? "nothing"}`);
  if (folder === undefined || more.length > 0) throw misused("expected one folder after new");
  const { template = "pong" } = values;
  if (!TEMPLATES.includes(template)) {
    throw misused(`--template: expected ${TEMPLATES.join(" or ")}, got ${JSON.stringify(template)}`);
  }
  const target = resolve(folder);
  const name = basename(target);
  if (!NAME.test(name)) {
    throw misused(`${JSON.stringify(name)} is no name for a package: small letters, digits, - and _`);
  }
  if (existsSync(target) && !isEmptyFolder(target)) throw misused(`${target} is there already`);
  copy(join(templates, template), target, name);
  return `${target} is a game now. In it:\n\n  npm install\n  npm test\n  npm run dev\n`;
}

function parsed(): {
  readonly values: { readonly template?: string; readonly help?: boolean };
  readonly positionals: readonly string[];
} {
  try {
    const options = { template: { type: "string" }, help: { type: "boolean", short: "h" } } as const;
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    // Node's messages go on with advice; the first sentence says what was wrong.
    throw misused((error as Error).message.split(/\.\s|\n/, 1)[0] ?? "");
  }
}

function misused(message: string): Mistake {
  return new Mistake(message, USAGE);
}

function isEmptyFolder(path: string): boolean {
  return statSync(path).isDirectory() && readdirSync(path).length === 0;
}

function copy(template: string, target: string, name: string): void {
  cpSync(template, target, { recursive: true });
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string };
  const own = join(target, "package.json");
  const settings = JSON.parse(readFileSync(own, "utf8")) as { dependencies: Record<string, string> };
  settings.dependencies.tickwire = `^${version}`;
  writeFileSync(own, `${JSON.stringify({ ...settings, name }, undefined, 2)}\n`);
  // Not in the template, as npm leaves files of this name out of a package.
  writeFileSync(join(target, ".gitignore"), "node_modules/\ndist/\n");
}

const TEMPLATES: readonly string[] = ["pong", "terminal"];
/** What npm takes for a new package, without a scope and without dots. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,200}$/;

try {
  console.log(run());
} catch (error) {
  if (!(error instanceof Mistake)) throw error;
  console.error(`tickwire: ${error.message}${error.usage === "" ? "" : `\n\n${error.usage}`}`);
  process.exitCode = 2;
}
