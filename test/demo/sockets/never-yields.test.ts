import { afterEach, describe, expect, it } from "vitest";
import { needs } from "../../machine.ts";
import { DEADLINE_MS, endAll } from "../children.ts";
import { netcat, program } from "./programs.ts";

afterEach(endAll);

describe("the server that never yields", { timeout: 2 * DEADLINE_MS }, () => {
  it("answers two of nc, and ends at Ctrl-C", needs("nc", "signals"), async () => {
    const server = program("never-yields", "--host", "127.0.0.1", "--port", "0");
    const [, port] = await server.out.until(/^listening on 127\.0\.0\.1:(\d+)$/);
    const ann = netcat(Number(port), "-N");
    await ann.out.until(/^welcome$/);
    const ben = netcat(Number(port), "-N");
    await ben.out.until(/^welcome$/);
    ann.type("hello\n");
    ben.type("grüße\n");
    await ann.out.until(/^frame \d+: hello$/);
    await ben.out.until(/^frame \d+: grüße$/);
    ann.process.stdin?.end("quit\n");
    expect(await ann.exit()).toBe(0);
    server.process.kill("SIGINT");
    expect(await server.exit()).toBe("SIGINT");
  });

  it("says why it cannot listen", async () => {
    const first = program("never-yields", "--host", "127.0.0.1", "--port", "0");
    const [, port = ""] = await first.out.until(/^listening on 127\.0\.0\.1:(\d+)$/);
    const second = program("never-yields", "--host", "127.0.0.1", "--port", port);
    await second.out.until(/^cannot listen: .*EADDRINUSE|^cannot listen: another/);
    expect(await second.exit()).toBe(1);
  });
});
