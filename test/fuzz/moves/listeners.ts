/** How listeners come and go. */
import type { Game, Spot } from "../game.ts";

/** Closes a listener; the connections that the game has not accepted are reset. */
export function closeListener(game: Game, { listener }: Spot): void {
  for (const end of game.ends) {
    const isIts = (end.connection as { listener?: unknown }).listener === listener;
    if (isIts && !end.isAccepted && listener.state !== "closed") end.noteClosed(true);
  }
  listener.close();
}
