/**
 * What a link knows of itself and of its peer, as a frame shows it. Copied when the
 * link has opened, as a frame stands still and a link does not.
 */
import type { Link } from "../../port/link.ts";

/** What a connection shows of its link. */
export type LinkInfo = Partial<
  Pick<Link, "localAddress" | "remoteAddress" | "security" | "failedAttempts" | "protocol" | "request">
>;

/** What a connection shows while it connects. */
export const NO_INFO: LinkInfo = {};

/** A copy of what `link` knows now. */
export function linkInfoOf(link: Link): LinkInfo {
  const { localAddress, remoteAddress, security, failedAttempts, protocol, request } = link;
  return { localAddress, remoteAddress, security, failedAttempts, protocol, request };
}
