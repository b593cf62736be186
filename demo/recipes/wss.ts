/**
 * How does a game have wss of its own, without a proxy, and a new certificate every few weeks
 * without losing players? `node:https` has the certificate, and `websocketServer` takes a path of
 * it. At SIGHUP, which certbot sends in its `--deploy-hook`, the files are read again: from then
 * on new players see the new certificate, and those who are here go on. Mind that the new files
 * may be half written, or belong to different keys: then the old certificate stays, and the log
 * says so. Mind, too, that the HTTP server is yours, so its deadlines are set here.
 *
 *     npx tsx demo/recipes/wss.ts 14900 fullchain.pem privkey.pem
 *     kill -HUP PID
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { lines, Poller, runLoop } from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";

const [port = "14900", certFile = "fullchain.pem", keyFile = "privkey.pem"] = process.argv.slice(2);

const net = new Poller();
const site = createServer({ ...identity(), handshakeTimeout: 5_000, headersTimeout: 5_000 });
const way = websocketServer({ server: site, path: "/play", framing: "message" });
const server = net.listen(way, lines({ maxLineBytes: 1_000 }));
process.on("SIGHUP", renew);
site.on("request", (_, response) => response.end("the page of the game\n"));
site.listen(Number(port), "127.0.0.1", () => {
  console.log(`listening on 127.0.0.1:${(site.address() as AddressInfo).port}`);
});

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((player, line) => server.broadcast(`player ${player.id}: ${line}`));
  },
});

/** The files' texts, which belong together, or an error: Node itself would take an empty file. */
function identity(): { cert: string; key: string } {
  const texts = { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  const isPair = new X509Certificate(texts.cert).checkPrivateKey(createPrivateKey(texts.key));
  if (!isPair) throw new Error(`${keyFile} is the key of another certificate`);
  return texts;
}

function renew(): void {
  try {
    site.setSecureContext(identity()); // who is here keeps the certificate of its handshake
    console.log("new players see the new certificate");
  } catch (error) {
    console.log(`the old certificate stays: ${(error as Error).message}`);
  }
}
