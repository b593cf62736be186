/**
 * The window's program: wires the link, the cube, the inputs and the pictures to
 * one loop, which runs with the screen.
 *
 *     poll ──▶ told ──▶ wishes ──▶ cube.frame ──▶ stage, panel, chart ──▶ flush
 */
import { Poller, runLoop, session, websocket } from "../../../src/browser.ts";
import { HOLDING, heldWords } from "../shared/holding.ts";
import type { Stat, Told } from "../shared/window-wire.ts";
import type { Role, Vector } from "../shared/world.ts";
import { Chart } from "./chart.ts";
import { Cube } from "./cube.ts";
import { asSeenFrom, together } from "./glide.ts";
import { History } from "./history.ts";
import { Drag } from "./input/drag.ts";
import { Gamepads } from "./input/gamepad.ts";
import { Keys } from "./input/keys.ts";
import { Touch } from "./input/touch.ts";
import { watchDetails, watchLayout } from "./layout.ts";
import { Meters } from "./meters.ts";
import { Panel } from "./panel.ts";
import { probed } from "./probed.ts";
import { Stage } from "./scene/stage.ts";
import { PageServerProbe } from "./server-probe.ts";
import { Session, type SessionState } from "./session.ts";
import {
  CalmLink,
  heldFor,
  type PeerLink,
  Presence,
  peerWords,
  type Standing,
  sessionWords,
} from "./status-text.ts";
import { onThemeChange, readTheme } from "./theme.ts";

/** One window: what it knows, and what it does in a frame. */
class CubeWindow {
  readonly poller: Poller = new Poller();

  readonly #session = new Session(
    this.poller,
    session(
      probed(websocket(`ws://${location.host}/cube`), new PageServerProbe(document, "/style.css")),
      HOLDING,
    ),
  );
  readonly #cube = new Cube();
  readonly #stage: Stage;
  readonly #drag: Drag;
  readonly #keys = new Keys(window);
  readonly #pads = new Gamepads(window);
  readonly #touch = new Touch(partOf("touch", HTMLElement));
  readonly #panel = new Panel(document, {
    format: (format) => this.#session.trySend({ kind: "wire", format }),
    network: (network) => this.#session.trySend({ kind: "network", network }),
    cut: () => this.#session.trySend({ kind: "cut" }),
    raw: (isRaw) => {
      this.#cube.follow.isSmooth = !isRaw;
    },
  });
  readonly #history = new History();
  readonly #meters = new Meters();
  readonly #chart = new Chart(partOf("chart", HTMLCanvasElement), this.#history, readTheme(window));
  readonly #link = new CalmLink();
  readonly #process = new Presence("the process behind this window");
  readonly #peer = new Presence("the other peer");
  readonly #reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
  #role: Role | undefined;
  #stat: Stat | undefined;

  constructor() {
    const canvas = partOf("stage", HTMLCanvasElement);
    this.#stage = new Stage(canvas);
    this.#drag = new Drag(canvas, this.#stage.camera, () => this.#role === "mover");
    this.#stage.orbit(canvas);
    watchDetails(window, partOf("more", HTMLDetailsElement));
    watchLayout(window, partOf("panel", HTMLElement), partOf("touch", HTMLElement), (...measured) =>
      this.#stage.resize(...measured),
    );
    this.#paint();
    onThemeChange(window, () => this.#paint());
  }

  /** One frame, between `poll()` and `flush()`. */
  frame(nowMs: number, dtMs: number): void {
    for (const told of this.#session.frame(nowMs)) this.#receive(told, nowMs);
    if (this.#role === "mover") this.#move(dtMs);
    const shown = this.#cube.frame(nowMs);
    this.#tellProcess();
    this.#drag.see(shown);
    this.#stage.frame(nowMs, shown);
    this.#chart.frame(nowMs, devicePixelRatio, this.#reducedMotion.matches ? CALM_CHART_MS : CHART_FRAME_MS);
    this.#showStatus(nowMs, shown);
  }

  #receive(told: Told, nowMs: number): void {
    if (told.kind === "cube") this.#cube.receive(told.position, nowMs);
    if (told.kind === "role") this.#greet(told.role);
    if (told.kind === "link") this.#link.receive(told, nowMs);
    if (told.kind === "wire") this.#panel.setFormat(told.format);
    if (told.kind === "network") this.#panel.setNetwork(told.network);
    if (told.kind === "size") this.#panel.setSizes(told.bytes);
    if (told.kind === "stat") this.#note(told.stat, nowMs);
  }

  #note(stat: Stat, nowMs: number): void {
    this.#stat = stat;
    this.#history.note(stat, nowMs);
    this.#meters.note(stat, nowMs);
  }

  #greet(role: Role): void {
    this.#meters.clear();
    if (role === this.#role) return;
    this.#role = role;
    this.#panel.setRole(role);
    this.#paint();
  }

  #move(dtMs: number): void {
    if (this.#keys.takeStop()) this.#cube.release();
    const put = this.#drag.take();
    if (put !== undefined) this.#cube.put(put);
    if (this.#drag.isHolding) return;
    const wish = together(this.#keys.wish, this.#pads.wish, this.#touch.wish);
    this.#cube.steer(asSeenFrom(this.#stage.yaw, wish), Math.min(dtMs, LONGEST_STEP_MS));
  }

  #tellProcess(): void {
    const { owed } = this.#cube;
    if (owed !== undefined && this.#session.trySend({ kind: "cube", position: owed })) this.#cube.markSent();
  }

  #showStatus(nowMs: number, shown: Vector): void {
    const { state, trips } = this.#session;
    const isHere = state.kind === "open" && !state.isSilent;
    if (state.kind !== "open") {
      // What is held is not what it was told last; what it knew it is told again by another process.
      if (state.kind !== "held") this.#link.forget();
      this.#stat = undefined;
    }
    const link = state.kind === "held" ? undefined : this.#link.at(nowMs);
    const peer = peerStanding(link);
    if (state.kind === "held" || (isHere && typeof peer === "object")) this.#cube.follow.bridge(nowMs);
    const notice =
      this.#process.note(isHere ? "there" : processStanding(state), nowMs) ??
      (isHere ? this.#peer.note(peer, nowMs) : undefined);
    if (notice !== undefined) this.#panel.tell(notice);
    this.#panel.show({
      process: sessionWords(state, trips, nowMs),
      peer: peerWords(link, this.#peer.wasThere),
      stat: this.#stat,
      in: this.#stat === undefined ? undefined : this.#meters.in,
      out: this.#stat === undefined ? undefined : this.#meters.out,
      position: this.#cube.position,
      shown,
    });
  }

  #paint(): void {
    const theme = readTheme(window);
    this.#stage.paint(theme);
    this.#chart.paint(theme);
  }
}

/** How a process stands that is not there. */
function processStanding(state: SessionState): Standing {
  return state.kind === "held" ? { heldFor: heldWords(state.downMs) } : "away";
}

/** How the other peer stands, as its process says. */
function peerStanding(link: PeerLink | undefined): Standing {
  const howLong = heldFor(link);
  if (howLong !== undefined) return { heldFor: howLong };
  return link?.link === "linked" ? "there" : "away";
}

/** A part of the page, of the kind that it must be. */
function partOf<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const part = document.getElementById(id);
  if (part instanceof kind) return part;
  throw new Error(`the page has no ${kind.name} ${id}`);
}

/** After a hidden tab or a stall the cube goes on; it does not leap. */
const LONGEST_STEP_MS = 100;
/** Smooth to the eye, at a small part of the cost of each frame. */
const CHART_FRAME_MS = 30;
/** For who prefers little motion: the chart steps, and does not run. */
const CALM_CHART_MS = 1_000;

try {
  const cubeWindow = new CubeWindow();
  await runLoop({
    poller: cubeWindow.poller,
    pace: "animation",
    tick: (dtMs, frame) => cubeWindow.frame(frame.nowMs, dtMs),
  });
} catch (error) {
  // A browser without WebGL, for one: better said than a page that does nothing.
  partOf("notice", HTMLElement).textContent = `this window has stopped: ${error}`;
  throw error;
}
