/**
 * The reasons why sessions close that no bare line has. The code of each that a game
 * may tell apart begins with `resume-`.
 */
import type { CloseReason, Goodbye } from "../../../port/close-reason.ts";
import { printable } from "../../../port/printable.ts";
import { type Refused, VERSION } from "./greetings.ts";

/** Nobody came back in time. */
export function expired(windowMs: number, lostBy?: CloseReason): CloseReason {
  const why = lostBy === undefined ? "" : `; the line was lost as ${lostBy.message}`;
  return {
    kind: "reset",
    code: "resume-expired",
    message: `the session was not resumed within ${windowMs} ms${why}`,
  };
}

/** What is missing at one end is not kept at the other any more. */
export function overflow(): CloseReason {
  return {
    kind: "reset",
    code: "resume-overflow",
    message: "the two ends of the session do not fit together: what one has not got, the other has not kept",
  };
}

/** What a refusal means to the end that dialled; `undefined` when the session has ended in order. */
export function refusedReason({ why }: Refused, gateway: string): CloseReason | undefined {
  switch (why) {
    case "ended":
      return undefined;
    case "unknown":
      return reset("resume-unknown", "the peer does not know the session; it has probably been restarted");
    case "expired":
      return reset("resume-expired", "the peer has given the session up, as nobody resumed it in time");
    case "overflow":
      return reset("resume-overflow", "the peer has given the session up, as it had no room for it");
    case "elsewhere":
      return reset(
        "resume-elsewhere",
        `the session is at another gateway: ${printable(gateway, MOST_SHOWN)}`,
      );
    case "not-allowed":
      return reset("resume-refused", "the peer does not let this line resume the session");
    case "aborted":
      return aborted();
    case "full":
      return { kind: "refused", message: "the listener rejected the connection" };
    case "version":
      return { kind: "protocol", message: `the peer does not speak version ${VERSION} of sessions` };
  }
}

/** The peer took the line, and did not answer. */
export function unanswered(timeoutMs: number): CloseReason {
  return {
    kind: "timeout",
    code: "dialTimeoutMs",
    message: `the peer did not answer as a session does within ${timeoutMs} ms; does it listen with session()?`,
  };
}

/** The reason of an end by the peer. */
export function remoteReason(goodbye: Goodbye | undefined): CloseReason {
  if (goodbye === undefined) return REMOTE;
  const said = goodbye.text === undefined ? "" : ` "${printable(goodbye.text)}"`;
  return { kind: "remote", message: `the peer closed the connection (${goodbye.code})${said}`, goodbye };
}

/** The goodbye that a frame has. */
export function goodbyeOf(code: number, text: string): Goodbye | undefined {
  if (code === 0 && text === "") return undefined;
  return text === "" ? { code } : { code, text };
}

/** The peer has dropped everything. */
export function aborted(): CloseReason {
  return { kind: "reset", message: "the peer aborted the session" };
}

/** The peer breaks the rules of sessions. */
export function noFrame(wrong: string): CloseReason {
  return { kind: "protocol", message: `the peer sent what is no frame of a session: ${wrong}` };
}

export const CLOSED: CloseReason = { kind: "local", message: "this side closed the connection" };
export const ABORTED: CloseReason = { kind: "local", message: "this side aborted the connection" };
/** Why a line is lost whose link has said nothing. */
export const DEAD: CloseReason = {
  kind: "timeout",
  code: "deadPeerMs",
  message: "the line was silent for too long",
};
const REMOTE: CloseReason = { kind: "remote", message: "the peer closed the connection" };

function reset(code: string, message: string): CloseReason {
  return { kind: "reset", code, message };
}

const MOST_SHOWN = 255;
