/**
 * The close reasons of what the ws package and Node's HTTP report: by which fault
 * a WebSocket did not open, or broke. `close-codes.ts` has those of close frames.
 * Decides nothing else, and sends nothing. What a peer has written is shown escaped.
 */
import type { IncomingMessage } from "node:http";
import type { CloseReason } from "../../port/close-reason.ts";
import { printable } from "../../port/printable.ts";
import { reasonOf } from "../node/error-codes.ts";

/** An error of ws, of Node's HTTP or of the system. */
export type CodedError = Error & { readonly code?: string };

/** The close reason for an invalid frame from the peer. */
export function frameReason(error: CodedError): CloseReason {
  const { code = "", message } = error;
  if (!code.startsWith("WS_ERR_")) return reasonOf(error);
  if (!TOO_LARGE.test(code)) {
    const sentence = `the peer sent invalid frames (${printable(message)})`;
    return { kind: "protocol", message: sentence, code, cause: error };
  }
  const sentence = `the peer sent a message over maxPayloadBytes (${printable(message)})`;
  return { kind: "overflow", message: sentence, code: "maxPayloadBytes", cause: error };
}

/** The close reason for a connection that did not open. An error code of the system or of TLS precedes HTTP. */
export function connectReason(error: CodedError): CloseReason {
  const { code, message } = error;
  const isHttpError = code === undefined ? !(error instanceof AggregateError) : code.startsWith("HPE_");
  if (!isHttpError) return reasonOf(error);
  const sentence = `the server does not speak WebSocket (${printable(message)})`;
  return { kind: "protocol", message: sentence, ...(code !== undefined && { code }), cause: error };
}

/** The close reason for an HTTP response that does not open a WebSocket. */
export function responseReason({ statusCode = 0, statusMessage = "" }: IncomingMessage): CloseReason {
  const kind = statusCode === 401 || statusCode === 403 ? "denied" : "refused";
  const message = `the server answered ${statusCode} ${printable(statusMessage)} instead of opening a WebSocket`;
  return { kind, message, code: String(statusCode) };
}

/** The reason why a request without a valid handshake is rejected. */
export function handshakeReason(error: CodedError): CloseReason {
  const { code, message } = error;
  const because = { cause: error, ...(code !== undefined && { code }) };
  if (code === REQUEST_TIMEOUT)
    return {
      kind: "timeout",
      code: "handshakeTimeoutMs",
      message: "the client did not finish the WebSocket handshake in time",
      cause: error,
    };
  if (code !== undefined && !code.startsWith("HPE_")) return reasonOf(error);
  return {
    kind: "protocol",
    message: `the client sent no valid WebSocket handshake (${printable(message)})`,
    ...because,
  };
}

/** The reason why a page of `origin` is rejected. */
export function originReason(origin = ""): CloseReason {
  const message = `pages of "${printable(origin)}" may not connect; see the origins option`;
  return { kind: "denied", message, code: "403" };
}

/** The reason why a request for another path is rejected. */
export function pathReason(path: string): CloseReason {
  const message = `the client asked for "${printable(path)}", which is not the path of this server`;
  return { kind: "refused", message, code: "404" };
}

/** Node's code for a request that took too long. */
export const REQUEST_TIMEOUT = "ERR_HTTP_REQUEST_TIMEOUT";
const TOO_LARGE = /UNSUPPORTED_MESSAGE_LENGTH|UNSUPPORTED_DATA_PAYLOAD_LENGTH|TOO_MANY/;
