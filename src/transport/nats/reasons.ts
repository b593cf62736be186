/**
 * What went wrong with a broker, as close reasons. Knows the names of the client's errors,
 * and quotes no option: what a server or the system says is all that a reason holds.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import { printable } from "../../port/printable.ts";
import { reasonOf } from "../node/error-codes.ts";

/** The reason for an error of the client. */
export function reasonOfNats(error: unknown): CloseReason {
  if (!(error instanceof Error)) return LOST;
  const { name, message, cause } = error;
  const code = (error as { readonly code?: unknown }).code;
  if (name === "AuthorizationError" || name === "UserAuthenticationExpiredError") {
    const said = printable(message);
    return {
      kind: "denied",
      code: "authorization",
      message: `the broker does not let this side in (${said})`,
    };
  }
  if (name === "PermissionViolationError") {
    return {
      kind: "denied",
      code: "permissions",
      message: `the broker does not permit it (${printable(message)})`,
    };
  }
  if (name === "TimeoutError" || message === "timeout")
    return { kind: "timeout", code: "connectTimeoutMs", message: "the broker did not answer in time" };
  if (message.includes("does not support 'tls'") || message.includes("'tls' is not available"))
    return { kind: "handshake", message: "the broker does not speak TLS" };
  if (cause instanceof Error && (cause as { readonly code?: unknown }).code !== undefined)
    return reasonOf(cause);
  if (typeof code === "string") return reasonOf(error as Error & { readonly code: string });
  return message === ""
    ? LOST
    : { kind: "failed", message: `the broker cannot be used (${printable(message)})` };
}

/** Whether another attempt with the same options would end in the same way. */
export function isFinal({ kind }: CloseReason): boolean {
  return kind === "denied" || kind === "handshake";
}

/** The broker has closed the connection, or the way to it is cut. */
export const LOST: CloseReason = { kind: "reset", message: "the connection to the broker is lost" };
/** The broker has not answered for `maxPingsOut` pings. */
export const STALE: CloseReason = {
  kind: "timeout",
  code: "maxPingsOut",
  message: "the broker has not answered its pings",
};
