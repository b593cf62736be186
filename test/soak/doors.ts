/**
 * The ways into the soak's server, a row each: how it listens, and how players
 * call there. Those that this machine has not are left out, and it says so.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { type Listener, type Transport, tcp, tls, unix } from "../../src/index.ts";
import { certificates } from "../transport/certificates.ts";

/** One way in. */
export interface Door {
  readonly name: DoorName;
  readonly transport: Transport;
  /** What a player must know to call there, once it listens. */
  readonly address: (listener: Listener<string>) => DoorAddress;
}

export type DoorName = "tcp" | "unix" | "tls";

/** A way in, as it is told to another process. */
export interface DoorAddress {
  readonly name: DoorName;
  readonly port: number;
  readonly path: string;
}

/** All ways in that this machine has. */
export function doors(): readonly Door[] {
  const path = join(tmpdir(), `tickwire-soak-${process.pid}.sock`);
  const made = certificates();
  const portOf = (listener: Listener<string>) => listener.address?.port ?? 0;
  return [
    {
      name: "tcp",
      transport: tcp({ host: LOOPBACK, port: 0 }),
      address: (listener) => ({ name: "tcp", port: portOf(listener), path: "" }),
    },
    {
      name: "unix",
      transport: unix({ path }),
      address: () => ({ name: "unix", port: 0, path }),
    },
    ...(made === undefined
      ? []
      : [
          {
            name: "tls" as const,
            // Who leaves in the middle of a handshake is noticed by this deadline alone.
            transport: tls({ host: LOOPBACK, port: 0, handshakeTimeoutMs: 500, ...made.localhost }),
            address: (listener: Listener<string>) => ({
              name: "tls" as const,
              port: portOf(listener),
              path: "",
            }),
          },
        ]),
  ];
}

/** A raw socket at one of the doors; what it does not like of us it may close. */
export function call({ name, port, path }: DoorAddress): Socket {
  const socket =
    name === "unix"
      ? connectTcp({ path })
      : name === "tls"
        ? connectTls({ host: LOOPBACK, port, rejectUnauthorized: false })
        : connectTcp({ host: LOOPBACK, port });
  return socket.on("error", () => {});
}

const LOOPBACK = "127.0.0.1";
