/** A link for datagrams whose network is the test. */
import type { DatagramEvents, DatagramLink, Destination } from "../../../src/index.ts";

/** A link that does nothing by itself. */
export class ScriptedDatagramLink implements DatagramLink {
  events: DatagramEvents | undefined;
  readonly sent: { bytes: Uint8Array; to: Destination | undefined }[] = [];
  readonly calls: string[] = [];

  attach(events: DatagramEvents): void {
    this.events = events;
  }

  send(bytes: Uint8Array, to: Destination | undefined): void {
    this.sent.push({ bytes, to });
  }

  /** Tells that it is bound. */
  open(): void {
    this.events?.bound({ family: "memory", host: "here", port: 1 }, undefined);
  }

  /** Tells that all has been sent. */
  finish(): void {
    for (const { bytes } of this.sent.splice(0)) this.events?.sent(bytes.length);
  }

  join(group: string, onInterface: string | undefined): void {
    this.calls.push(`join ${group} ${onInterface}`);
  }

  leave(group: string, onInterface: string | undefined): void {
    this.calls.push(`leave ${group} ${onInterface}`);
  }

  close(): void {
    this.calls.push("close");
  }

  abort(): void {
    this.calls.push("abort");
  }
}
