/**
 * Checks the package as its users get it: packed, installed into a new folder,
 * run from plain JavaScript and compiled against from TypeScript. Needs `dist`
 * (`npm run check:package` builds it first) and the registry, for mitt.
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** What stands beside the package. */
const PROGRAMS = [
  "echo.js",
  "websocket.js",
  "threaded.js",
  "consumer.ts",
  "consumer-websocket.ts",
  "consumer-shared.ts",
  "consumer-page.ts",
];
/** For each program that is run: a slow registry's worth. */
const TIMEOUT_MS = 120_000;

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tickwire-package-"));
const app = join(folder, "app");
const installed = join(app, "node_modules", "tickwire");

try {
  const tarball = pack();
  check("publint finds nothing to say", () => tool("publint", "run", "--strict", tarball));
  check("the types are right for every way to import it", () =>
    tool("attw", "--profile", "esm-only", "--no-color", "--no-emoji", tarball),
  );
  install(tarball);
  check("it holds what it should, and nothing else", checkContents);
  check("its maps lead to sources that are in it", checkMaps);
  check("its declarations lead nowhere but to each other", checkDeclarations);
  check("a TCP echo in plain JavaScript runs, and ends by itself", checkEcho);
  check("sockets in another thread feed a loop that never yields, and the program ends by itself", () =>
    checkThreaded("threaded.js"),
  );
  check("so they do in a bundle that has the network thread's file beside it", () => {
    const entries = [join(app, "threaded.js"), "network-worker=tickwire/network-worker"];
    bundle("--format=esm", `--outdir=${join(app, "bundle")}`, ...entries);
    writeFileSync(join(app, "bundle/package.json"), '{ "type": "module" }');
    checkThreaded("bundle/threaded.js");
  });
  check("a bundle without it says at the call what is missing", () => {
    bundle("--format=esm", `--outfile=${join(app, "alone/threaded.js")}`, join(app, "threaded.js"));
    const { status, stderr } = spawnSync(process.execPath, ["alone/threaded.js"], {
      cwd: app,
      encoding: "utf8",
    });
    if (status === 0 || !stderr.includes("bundle tickwire/network-worker beside the program"))
      throw new Error(stderr);
  });
  check("a page that says `tickwire` gets the page's poller, and nothing of Node's, from esbuild", () => {
    const flags = ["--bundle", "--platform=browser", "--format=esm"];
    tool("esbuild", join(app, "consumer-page.ts"), ...flags, `--outfile=${join(app, "page/esbuild.js")}`);
    checkPage("page/esbuild.js");
  });
  check("and from Vite", () => {
    writeFileSync(join(app, "index.html"), '<script type="module" src="/consumer-page.ts"></script>');
    const bare = { build: { modulePreload: { polyfill: false } } }; // which runs in a page alone
    writeFileSync(join(app, "vite.config.js"), `export default ${JSON.stringify(bare)};`);
    tool("vite", "build", app, "--outDir", "page/vite", "--logLevel", "error");
    const [script = "no script"] = readdirSync(join(app, "page/vite/assets"));
    checkPage(`page/vite/assets/${script}`);
  });
  check("the WebSocket entry says at the call what is missing, while ws is not installed", checkMissingWs);
  check("with ws beside it, a WebSocket echo runs, and ends by itself", checkWebSocket);
  check("require() takes every entry", checkRequire);
  check("the native entry is Node's sockets, and says why, while koffi is not installed", checkMissingKoffi);
  for (const [module, moduleResolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ] as const) {
    const lookup = { module, moduleResolution };
    check(`programs compile with ${moduleResolution}`, () => {
      compile({ ...lookup, types: ["node"] }, ["consumer.ts", "consumer-websocket.ts", "consumer-shared.ts"]);
    });
    check(`a page compiles with ${moduleResolution} and the condition "browser"`, () => {
      const page = { types: [], lib: ["es2022", "esnext.disposable", "dom"], customConditions: ["browser"] };
      compile({ ...lookup, ...page }, ["consumer-page.ts"]);
    });
    check(`a program compiles with ${moduleResolution} and no types of Node`, () =>
      compile({ ...lookup, types: [], lib: ["es2022", "esnext.disposable", "dom"] }),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function pack(): string {
  run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], root);
  const name = readdirSync(folder).find((file) => file.endsWith(".tgz"));
  if (name === undefined) throw new Error("npm pack left no tarball");
  return join(folder, name);
}

/** Installs the tarball beside a program in JavaScript and one in TypeScript. */
function install(tarball: string): void {
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), JSON.stringify({ private: true, type: "module" }));
  for (const file of PROGRAMS) copyFileSync(join(import.meta.dirname, file), join(app, file));
  run("npm", ["install", "--no-audit", "--no-fund", tarball], app);
}

function checkContents(): void {
  const files = filesOf(installed);
  const wanted = ["package.json", "LICENSE", "README.md", "CHANGELOG.md", "bin/tickwire.js", "dist/cli.js"];
  for (const file of filesOf(join(root, "templates"))) wanted.push(`templates/${file}`);
  for (const entry of ["index", "browser", "websocket", "nats", "native", "network-worker"]) {
    wanted.push(`dist/${entry}.js`, `dist/${entry}.d.ts`, `src/${entry}.ts`);
  }
  for (const file of filesOf(join(root, "src")))
    if (/(^|\/)README\.md$/.test(file)) wanted.push(`src/${file}`);
  const missing = wanted.filter((file) => !files.includes(file));
  const surplus = files.filter(
    (file) =>
      !wanted.includes(file) &&
      !/^dist\/.*\.(js|d\.ts)(\.map)?$|^src\/(.*\.ts|(.*\/)?README\.md)$/.test(file),
  );
  const tests = files.filter((file) => /^(?!templates\/).*\b(test|bench|demo)\b/.test(file));
  expectNone("missing", missing);
  expectNone("too much", [...surplus, ...tests]);
  const beside = readdirSync(join(app, "node_modules")).filter((name) => !name.startsWith("."));
  expectNone(
    "installed with it",
    beside.filter((name) => name !== "mitt" && name !== "tickwire"),
  );
}

function checkMaps(): void {
  for (const file of filesOf(installed).filter((name) => name.endsWith(".map"))) {
    const map = JSON.parse(readFileSync(join(installed, file), "utf8")) as { readonly sources: string[] };
    const lost = map.sources.filter((source) => !existsSync(join(installed, dirname(file), source)));
    expectNone(`${file} names lost sources`, lost);
  }
}

/**
 * No package: the types of mitt and ws are not in the public declarations. The
 * one file that imports ws is beside them, and none of them leads to it.
 */
function checkDeclarations(): void {
  for (const file of filesOf(installed).filter((name) => name.endsWith(".d.ts"))) {
    const text = readFileSync(join(installed, file), "utf8");
    const targets = [...text.matchAll(/\bfrom "([^"]+)"|\bimport\("([^"]+)"\)/g)].map(
      (match) => match[1] ?? match[2] ?? "",
    );
    const leadsToWs = /^dist\/(websocket|transport\/websocket-(node|server))\.d\.ts$/.test(file);
    expectNone(
      `${file} leads to`,
      leadsToWs ? targets.filter((target) => /\/ws\.(ts|js)$/.test(target)) : [],
    );
    if (file === "dist/transport/websocket/ws.d.ts") continue;
    const strange = targets.filter((target) => !target.startsWith(".") && !target.startsWith("node:"));
    const lost = targets
      .filter((target) => target.startsWith("."))
      .filter((target) => !existsSync(join(installed, dirname(file), target.replace(/\.ts$/, ".d.ts"))));
    expectNone(`${file} imports`, [...strange, ...lost]);
  }
}

function checkEcho(): void {
  const output = run(process.execPath, ["echo.js"], app);
  const expected = "a connection\necho one\necho \necho drei €\nclosed local\n";
  if (output !== expected)
    throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(output)}`);
}

function checkThreaded(program: string): void {
  const output = run(process.execPath, [program], app);
  if (output !== "echo one\n") throw new Error(`it printed ${JSON.stringify(output)}`);
}

/** Bundles for Node, in the folder of the program, as its user does. */
function bundle(...args: string[]): void {
  run(join(root, "node_modules/.bin/esbuild"), ["--bundle", "--platform=node", ...args], app);
}

/** Runs a page's bundle, which says what it was made of. */
function checkPage(script: string): void {
  const text = readFileSync(join(app, script), "utf8");
  if (/\bnode:|^import\b/m.test(text)) throw new Error(`${script} still imports something`);
  const output = run(process.execPath, [script], app);
  if (output !== "one poller for a page\n") throw new Error(`it printed ${JSON.stringify(output)}`);
}

function checkMissingWs(): void {
  const asked = spawnSync(process.execPath, ["websocket.js"], {
    cwd: app,
    encoding: "utf8",
    timeout: TIMEOUT_MS,
  });
  const isSaid = asked.stderr.includes("npm install ws") && asked.stderr.includes("MODULE_NOT_FOUND");
  if (asked.status === 0 || !isSaid) {
    throw new Error(`it ended with ${asked.status} and said\n${asked.stderr}`);
  }
}

function checkWebSocket(): void {
  const version = (JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Manifest)
    .peerDependencies.ws;
  run("npm", ["install", "--no-audit", "--no-fund", `ws@${version}`], app);
  const output = run(process.execPath, ["websocket.js"], app);
  if (output !== "echo one\n") throw new Error(`it printed ${JSON.stringify(output)}`);
}

/** Node 20 and 22 refuse a module that waits while it loads, and some of them warn of the call. */
function checkRequire(): void {
  const program = ["", "/browser", "/websocket", "/nats", "/native", "/network-worker"]
    .map((entry) => `console.log(Object.keys(require("tickwire${entry}")).length > 0)`)
    .join(";");
  const output = run(process.execPath, ["--no-warnings", "--input-type=commonjs", "-e", program], app);
  // The last one has no names, and does nothing outside of a worker.
  if (output !== `${"true\n".repeat(5)}false\n`) throw new Error(`it printed ${JSON.stringify(output)}`);
}

function checkMissingKoffi(): void {
  const program = `
    import { lines, Poller, waitForActivity } from "tickwire";
    import { nativeTcp } from "tickwire/native";
    const transport = nativeTcp({ host: "127.0.0.1", port: 0 });
    const net = new Poller();
    const listener = net.listen(transport, lines());
    while (listener.state === "starting") await waitForActivity(net).then(() => net.poll());
    console.log(transport.isNative, listener.state);
    await net[Symbol.asyncDispose]();`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: app,
    encoding: "utf8",
    timeout: TIMEOUT_MS,
  });
  const why = process.platform === "linux" ? "npm install koffi" : "it is for Linux";
  if (stdout !== "false listening\n" || !stderr.includes("TICKWIRE_NOT_NATIVE") || !stderr.includes(why))
    throw new Error(`it printed ${stdout}, and said\n${stderr}`);
}

interface Manifest {
  readonly peerDependencies: { readonly ws: string };
}

function compile(options: Record<string, unknown>, files: readonly string[] = ["consumer.ts"]): void {
  const compilerOptions = {
    noEmit: true,
    allowImportingTsExtensions: true,
    strict: true,
    skipLibCheck: false,
    target: "es2022",
    typeRoots: [join(root, "node_modules/@types")],
    ...options,
  };
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  tool("tsc", "-p", app);
}

/** Runs a tool of this project's. */
function tool(name: string, ...args: string[]): void {
  run(join(root, "node_modules/.bin", name), args, root);
}

/** Runs a program to its end, and answers what it printed. Throws with all of that when it failed. */
function run(program: string, args: readonly string[], cwd: string): string {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: "utf8",
    timeout: TIMEOUT_MS,
  });
  if (error !== undefined) throw error;
  if (status === 0) return stdout;
  throw new Error(`${[program, ...args].join(" ")} ended with ${signal ?? status}\n${stdout}${stderr}`);
}

function filesOf(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(path.length + 1)
        .replaceAll("\\", "/"),
    );
}

function expectNone(what: string, found: readonly string[]): void {
  if (found.length > 0) throw new Error(`${what}: ${found.join(", ")}`);
}

/** Says how one check went; a failed one does not keep the others from being made. */
function check(title: string, work: () => void): void {
  try {
    work();
    console.log(`ok      ${title}`);
  } catch (error) {
    process.exitCode = 1;
    console.log(
      `FAILED  ${title}\n        ${(error as Error).message.trimEnd().replaceAll("\n", "\n        ")}`,
    );
  }
}
