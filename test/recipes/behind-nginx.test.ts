import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get as request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { root } from "../manuals/manual.ts";
import { quietPort } from "../ports.ts";
import { certificates, NO_CERTIFICATES } from "../transport/node/certificates.ts";
import { insult, recipe } from "./recipe.ts";
import { endPlayers, insultByWebSocket, WebPlayer } from "./web-player.ts";

describe("the recipe behind nginx", {
  timeout: 3 * DEADLINE_MS,
  ...needs("nginx", "openssl", "127.0.0.2"),
}, () => {
  const { ca, folder: certificateFolder } = certificates() ?? NO_CERTIFICATES;
  let folder = "";

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "tickwire-nginx-"));
  });
  afterEach(async () => {
    endPlayers();
    await endAll();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The real file of the recipe in an nginx of its own, whose ports, files and patience are this test's. */
  async function nginx(port: number, readTimeout = "60s"): Promise<string> {
    const secure = await quietPort();
    const changes: [string, string][] = [
      ["listen 443 ssl;", `listen 127.0.0.1:${secure} ssl;`],
      ["server_name game.example.org;", "server_name localhost;"],
      ["/etc/letsencrypt/live/game.example.org/fullchain.pem", join(certificateFolder, "localhost.crt")],
      ["/etc/letsencrypt/live/game.example.org/privkey.pem", join(certificateFolder, "localhost.key")],
      ["root /var/www/game;", `root ${folder}; proxy_read_timeout ${readTimeout};`],
      ["http://127.0.0.1:14900", `http://127.0.0.1:${port}`],
    ];
    let site = readFileSync(`${root}demo/recipes/nginx.conf`, "utf8");
    for (const [from, to] of changes) {
      expect(site).toContain(from);
      site = site.replace(from, to);
    }
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    const file = join(folder, `${secure}.conf`);
    writeFileSync(
      file,
      `daemon off; master_process off; pid ${folder}/${secure}.pid; error_log stderr notice;
      events {} http { access_log ${folder}/access.log; ${temporary.join(" ")}\n${site}}`,
    );
    writeFileSync(join(folder, "index.html"), "the page\n");
    const child = new Child("nginx", ["-e", "stderr", "-p", folder, "-c", file]);
    await child.err.until(/\[notice\].* nginx\//); // by then it listens
    return `https://localhost:${secure}`;
  }

  /** A player from 127.0.0.2, whom nobody trusts, with the Origin of the site's own page. */
  function player(site: string, headers: Record<string, string> = {}): WebPlayer {
    const url = `${site.replace("https", "wss").replace("localhost", "127.0.0.1")}/play`;
    const origin = url.replace("wss", "https").replace("/play", "");
    return new WebPlayer(url, { ca, localAddress: "127.0.0.2", headers: { origin, ...headers } });
  }

  it("shows the player's own address through wss, whatever the player says of it", async () => {
    const { port } = await recipe("behind-nginx");
    const site = await nginx(port);
    const honest = player(site);
    await honest.received.until(/^player 1 is from 127\.0\.0\.2$/);
    const liar = player(site, { "x-forwarded-for": "192.0.2.7", forwarded: "for=192.0.2.8" });
    await liar.received.until(/^player 2 is from 127\.0\.0\.2$/);
    liar.send("hi");
    await honest.received.until(/^player 2: hi$/);
  });

  it("believes that header from nginx's address alone", async () => {
    const { port } = await recipe("behind-nginx");
    const options = { localAddress: "127.0.0.2", headers: { "x-forwarded-for": "192.0.2.7" } };
    const around = new WebPlayer(`ws://127.0.0.1:${port}/play`, options);
    await around.received.until(/^player 1 is from 127\.0\.0\.2$/);
  });

  it("counts players by address, and not the one of nginx", async () => {
    const { child, port } = await recipe("behind-nginx");
    const site = await nginx(port);
    for (let id = 1; id <= 4; id++) await player(site).received.until(new RegExp(`^player ${id} is`));
    expect(await player(site).ending).toBe("refused 503");
    await child.out.until(/^turned away 1: /);
    const url = site.replace("https://localhost", "wss://127.0.0.1");
    const other = new WebPlayer(`${url}/play`, { ca, localAddress: "127.0.0.3" });
    await other.received.until(/is from 127\.0\.0\.3$/);
  });

  it("outlives nginx's proxy_read_timeout by its pings, without which nginx ends it", async () => {
    const { port } = await recipe("behind-nginx", "300");
    const pinged = player(await nginx(port, "3s"));
    await pinged.received.until(/^player 1 /);
    const { port: silentPort, child } = await recipe("behind-nginx", "20000");
    const silent = player(await nginx(silentPort, "3s"));
    await silent.received.until(/^player 1 /);
    expect(await silent.ending).toMatch(/^closed/);
    await child.out.until(/^player 1 left: /);
    pinged.send("still here");
    await pinged.received.until(/^player 1: still here$/);
  });

  it("leaves the page to nginx, and refuses other sites' pages and other paths", async () => {
    const { port } = await recipe("behind-nginx");
    const site = await nginx(port);
    expect(await player(site, { origin: "https://evil.example" }).ending).toBe("refused 403");
    const { status, body } = await get(`${site}/`, ca);
    expect([status, body]).toEqual([200, "the page\n"]);
    expect((await get(`${site}/play`, ca)).status).toBe(426);
  });

  it("is ended by no stranger, through nginx or past it", async () => {
    const { child, port } = await recipe("behind-nginx");
    const site = await nginx(port);
    await insult(child, port);
    await insultByWebSocket(child, `ws://127.0.0.1:${port}/play`);
    await insultByWebSocket(child, `${site.replace("https", "wss")}/play`, { ca });
    await player(site).received.until(/is from 127\.0\.0\.2$/);
  });
});

function get(url: string, ca: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { ca }, async (response) => {
      let body = "";
      for await (const part of response) body += part;
      resolve({ status: response.statusCode, body });
    }).on("error", reject);
  });
}
