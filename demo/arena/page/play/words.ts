/** What the page says in words, from what it knows. Pure. */
import type { LinkState } from "../../shared/player-link.ts";
import type { ZoneStand } from "./scene.ts";

/** A kind to colour by, and words for a person. */
export interface Said {
  readonly level: "good" | "held" | "waiting" | "gone";
  readonly title: string;
  readonly detail: string;
}

/** How the player stands to the arena. */
export function linkWords(
  link: LinkState,
  { gateway, isBusLinked }: { gateway: string | undefined; isBusLinked: boolean },
): Said {
  const { place } = link;
  const where = gateway === undefined ? place : `${gateway}, ${place}`;
  switch (link.kind) {
    case "connecting":
    case "pausing":
      return { level: "waiting", title: "looking for a gateway", detail: place };
    case "held":
      return { level: "held", title: `held for ${(link.downMs / 1_000).toFixed(1)} s`, detail: where };
    case "over":
      return { level: "gone", title: "over here", detail: link.why };
    case "open":
      if (!isBusLinked) return { level: "held", title: "the broker is away", detail: where };
      return { level: "good", title: "linked", detail: where };
  }
}

/** What has changed between two frames that a person should be told of; `undefined` mostly. */
export class Changes {
  #gateway: string | undefined;
  readonly #worlds = new Map<number, { world: string; epoch: number }>();

  /** The player has come in through a gateway. */
  welcomed(gateway: string): string | undefined {
    const before = this.#gateway;
    this.#gateway = gateway;
    if (before === undefined) return undefined;
    if (before === gateway) return `${gateway} is another process now, and you are the same player`;
    return `${before} is gone: you play on through ${gateway}, as the same player`;
  }

  /** How the zones stand. */
  stands(stands: readonly ZoneStand[]): string | undefined {
    let told: string | undefined;
    for (const { zone, world, epoch } of stands) {
      if (world === undefined) continue;
      const before = this.#worlds.get(zone);
      this.#worlds.set(zone, { world, epoch });
      if (before !== undefined && before.epoch !== epoch)
        told = `zone ${zone + 1} is played by ${world} now, with epoch ${epoch}`;
    }
    return told;
  }
}

/** A round trip, as people read it. */
export function tripWords(ms: number | undefined): string {
  return ms === undefined ? "–" : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}
