/**
 * Two networks of our own, and a bad cable between them: `ip netns`, with delay
 * and loss by `tc netem` where the kernel has it, and otherwise by a program
 * that carries the packets (`cable.py`). Needs root and iproute2.
 *
 *     near, 10.77.0.1 ══ delay, loss ══ far, 10.77.0.2
 *
 * Touches nothing but the namespaces that it makes, and removes them.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Child } from "../../demo/children.ts";
import { lack } from "../../machine.ts";

/** How bad a cable is, in each direction. */
export interface Badness {
  readonly delayMs: number;
  /** From 0 to 100. */
  readonly lossPercent: number;
}

/** Two networks and their cable. */
export class Cable {
  readonly near: string = `tickwire-${process.pid}-near`;
  readonly far: string = `tickwire-${process.pid}-far`;
  #carrier: Child | undefined;

  /** Lays it, and answers how the delay and the loss are made. */
  async lay(badness: Badness): Promise<string> {
    process.on("exit", this.#remove);
    for (const name of [this.near, this.far]) {
      ip("netns", "add", name);
      ip("-n", name, "link", "set", "lo", "up");
    }
    const how = canNetem() ? this.#layVeth(badness) : await this.#layTun(badness);
    for (const [name, address] of [
      [this.near, NEAR_ADDRESS],
      [this.far, FAR_ADDRESS],
    ] as const) {
      ip("-n", name, "address", "add", `${address}/24`, "dev", DEVICE);
      ip("-n", name, "link", "set", DEVICE, "up");
    }
    return how;
  }

  /** A program in one of the two networks. */
  run(where: string, command: string, ...args: string[]): Child {
    return new Child("ip", ["netns", "exec", where, command, ...args], "pipe");
  }

  /** Removes all of it. */
  async remove(): Promise<void> {
    await this.#carrier?.kill("SIGKILL");
    this.#remove();
    process.off("exit", this.#remove);
  }

  #layVeth({ delayMs, lossPercent }: Badness): string {
    ip("-n", this.near, "link", "add", DEVICE, "type", "veth", "peer", "name", DEVICE, "netns", this.far);
    for (const name of [this.near, this.far]) {
      const badly = ["delay", `${delayMs}ms`, "loss", `${lossPercent}%`];
      execFileSync("tc", ["-n", name, "qdisc", "add", "dev", DEVICE, "root", "netem", ...badly]);
    }
    return "tc netem";
  }

  async #layTun({ delayMs, lossPercent }: Badness): Promise<string> {
    const program = fileURLToPath(new URL("cable.py", import.meta.url));
    const names = [this.near, this.far, DEVICE];
    this.#carrier = new Child("python3", [program, ...names, String(delayMs), String(lossPercent)]);
    await this.#carrier.out.until(/^carrying$/);
    return "a program that carries the packets, as this kernel has no netem";
  }

  readonly #remove = (): void => {
    for (const name of [this.near, this.far]) {
      try {
        ip("netns", "delete", name);
      } catch {
        // It was not made, or is gone already.
      }
    }
  };
}

/** Pulls the cable out at the far end, or plugs it in again. */
export function setCable(far: string, state: "up" | "down"): void {
  ip("-n", far, "link", "set", DEVICE, state);
}

/** Takes the far end its address, and gives it another one if there is any, as a change of Wi-Fi does: sockets hear nothing of it. */
export function changeFarAddress(far: string, from: string | undefined, to: string | undefined): void {
  if (from !== undefined) ip("-n", far, "address", "delete", `${from}/24`, "dev", DEVICE);
  if (to !== undefined) ip("-n", far, "address", "add", `${to}/24`, "dev", DEVICE);
}

/** Why there can be no cable on this machine; empty when there can. */
export function noCable(): readonly string[] {
  const delays = [lack("tc"), lack("python3")]; // either can make the delay
  const lacking = [lack("root"), lack("ip"), ...(delays.includes(undefined) ? [] : delays)];
  const reasons = lacking.filter((reason) => reason !== undefined);
  if (reasons.length > 0) return reasons;
  const probe = `tickwire-${process.pid}-probe`;
  try {
    ip("netns", "add", probe);
    ip("netns", "delete", probe);
    if (!canNetem())
      execFileSync("python3", ["-c", "open('/dev/net/tun', 'r+b', buffering=0)"], { stdio: "pipe" });
    return [];
  } catch (error) {
    return [`networks of our own cannot be made: ${(error as Error).message.trim().split("\n").at(-1)}`];
  }
}

function canNetem(): boolean {
  const probe = `tickwire-${process.pid}-netem`;
  ip("netns", "add", probe);
  try {
    execFileSync("tc", ["-n", probe, "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"], {
      stdio: "pipe",
    });
    return true;
  } catch {
    return false;
  } finally {
    ip("netns", "delete", probe);
  }
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

/** Where the server of a test is. */
export const NEAR_ADDRESS = "10.77.0.1";
export const FAR_ADDRESS = "10.77.0.2";
/** One that nobody has at first. */
export const OTHER_ADDRESS = "10.77.0.3";
const DEVICE = "cable";
