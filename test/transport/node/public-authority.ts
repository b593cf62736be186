/**
 * A program for a process whose Node trusts one more authority, as it trusts the
 * public ones (NODE_EXTRA_CA_CERTS): who comes in at a listener that trusts a
 * private authority alone? Prints it as JSON. Its argument is the folder of the
 * certificates.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lines, Poller, type TlsOptions, tls, waitForActivity } from "../../../src/index.ts";

const read = (file: string): string => readFileSync(join(process.argv[2] ?? "", file), "utf8");
const identity = (name: string) => ({ cert: read(`${name}.crt`), key: read(`${name}.key`) });
const ca = read("ca.crt");

/** What becomes of one with that certificate at that name. */
async function tries(who: string, servername: string, options: Partial<TlsOptions>): Promise<string> {
  const poller = new Poller();
  const identities = { "example.test": identity("example") };
  const place = { host: "127.0.0.1", port: 0, ...identity("localhost") };
  const listener = poller.listen(tls({ ...place, ca, requestCert: true, identities, ...options }), lines());
  const turns = async (isOver: () => boolean) => {
    for (let frame = 0; frame < 200 && !isOver(); frame++) {
      poller.poll();
      await waitForActivity(poller, 50);
    }
  };
  await turns(() => listener.address !== undefined);
  const port = listener.address?.port ?? 0;
  poller.connect(tls({ host: "127.0.0.1", port, servername, ca, ...identity(who) }), lines());
  await turns(() => listener.stats.accepted + listener.stats.dropped > 0);
  const security = listener.tryAccept()?.security;
  await poller[Symbol.asyncDispose]();
  if (security === undefined) return "refused";
  return security.isAuthorized ? "authorized" : "not authorized";
}

const answers: Record<string, string> = {};
for (const who of ["player", "stranger"]) {
  for (const name of ["localhost", "example.test"]) {
    answers[`${who} at ${name}`] = await tries(who, name, {});
    answers[`${who} at ${name}, where all may come in`] = await tries(who, name, {
      rejectUnauthorized: false,
    });
  }
}
console.log(JSON.stringify(answers));
