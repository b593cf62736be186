/**
 * Ports that must stay free for a while: of programs that are started again
 * where they were, and of places where nobody is to answer. Between two uses
 * the system must not give such a port to somebody else, as it may with one of
 * those that it draws for port 0 and for outgoing connections, of which a test
 * of load has thousands. So they are drawn here, from those below.
 */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** The first of `count` ports in a row on which nobody listens. Two runs at once draw different ones, nearly always. */
export async function quietPort(count = 1, host = "127.0.0.1"): Promise<number> {
  for (;;) {
    const first = randomInt(FIRST, LAST - count);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    const free = await Promise.all(ports.map((port) => isFree(port, host)));
    if (!free.includes(false)) return first;
  }
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, host), "listening");
    await once(server.close(), "close");
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error; // such as that the host is none of this machine's
  }
}

/** Linux draws from 32,768 up, others from 49,152. The programs of the demos are below 15,000. */
const FIRST = 20_000;
const LAST = 32_000;
