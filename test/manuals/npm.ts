/**
 * npm, as a reader of a manual has it: its own cache and settings, and a
 * registry on the loopback that holds tickwire and the few packages beside it.
 * So `npm install tickwire` runs word for word, and without a network.
 */
import { once } from "node:events";
import { createReadStream, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";

/** A registry that is running. */
export interface Registry {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the tarballs of a folder as the newest versions of their packages. */
export async function startRegistry(tarballs: string): Promise<Registry> {
  const files = new Map(readdirSync(tarballs).map((file) => [`/${file}`, join(tarballs, file)]));
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? "");
    if (file !== undefined) return void createReadStream(file).pipe(response);
    const manifest = manifests.get(decodeURIComponent((request.url ?? "").slice(1)));
    response.statusCode = manifest === undefined ? 404 : 200;
    response.end(JSON.stringify(manifest ?? { error: "there is no such package here" }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const manifests = new Map([...files].map(([path, file]) => manifestOf(file, url + path.slice(1))));
  return {
    url,
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
}

/**
 * The environment for a reader's commands: nothing of the npm that runs the
 * tests, no prompt, no other registry, and this Node.
 */
export function npmEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|vitest|NODE_ENV$|NODE_OPTIONS$)/i.test(name),
  );
  return {
    ...Object.fromEntries(own),
    PATH: dirname(process.execPath) + delimiter + process.env.PATH,
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
    npm_config_userconfig: join(import.meta.dirname, "no.npmrc"),
    ...more,
  };
}

/** What a registry says of a package with one version, with its name. */
function manifestOf(file: string, tarball: string): [name: string, manifest: object] {
  const text = readTarred(gunzipSync(readFileSync(file)), "package/package.json");
  const { name, version, ...rest } = JSON.parse(text) as { name: string; version: string };
  const only = { ...rest, name, version, dist: { tarball } };
  return [name, { name, "dist-tags": { latest: version }, versions: { [version]: only } }];
}

/** One file of a tar archive: a header of 512 bytes before each, with its name and, in octal, its size. */
function readTarred(tar: Buffer, name: string): string {
  for (let at = 0; at < tar.length; ) {
    const sizeBytes = Number.parseInt(tar.toString("latin1", at + 124, at + 136), 8) || 0;
    const start = at + 512;
    if (tar.toString("utf8", at, at + 100).startsWith(`${name}\0`))
      return tar.toString("utf8", start, start + sizeBytes);
    at = start + Math.ceil(sizeBytes / 512) * 512;
  }
  throw new Error(`there is no ${name} in the tarball`);
}
