/**
 * The strip chart: the last ten seconds, running to the left. Bars are messages
 * per frame of the process, the line is the round trip. Draws on a 2D canvas in
 * device pixels, so that it is crisp.
 */
import { CHART_MS, type History } from "./history.ts";
import type { Theme } from "./theme.ts";

/** A chart on a canvas. */
export class Chart {
  readonly #canvas: HTMLCanvasElement;
  readonly #history: History;
  #theme: Theme;
  #drawnMs = Number.NEGATIVE_INFINITY;
  /** The scales: they grow at once, and shrink slowly, so that the chart does not jump. */
  #mostArrivals = LEAST_ARRIVALS;
  #mostTripMs = LEAST_TRIP_MS;

  constructor(canvas: HTMLCanvasElement, history: History, theme: Theme) {
    this.#canvas = canvas;
    this.#history = history;
    this.#theme = theme;
  }

  paint(theme: Theme): void {
    this.#theme = theme;
    this.#drawnMs = Number.NEGATIVE_INFINITY;
  }

  /** Draws when it is time. `everyMs` is longer for who wants little motion. */
  frame(nowMs: number, pixelRatio: number, everyMs: number): void {
    if (nowMs - this.#drawnMs < everyMs) return;
    this.#drawnMs = nowMs;
    const { clientWidth, clientHeight } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    if (clientWidth === 0 || context === null) return; // folded away
    const width = Math.round(clientWidth * pixelRatio);
    const height = Math.round(clientHeight * pixelRatio);
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#scale(nowMs);
    context.clearRect(0, 0, width, height);
    this.#drawFrame(context, width, height, pixelRatio);
    this.#drawBars(context, nowMs, width, height, pixelRatio);
    this.#drawTrips(context, nowMs, width, height, pixelRatio);
    this.#drawLabels(context, width, pixelRatio);
  }

  #scale(nowMs: number): void {
    let [arrivals, tripMs] = [LEAST_ARRIVALS, LEAST_TRIP_MS];
    this.#history.forEach(nowMs, (_, count, trip) => {
      if (count > arrivals) arrivals = count;
      if (trip * HEADROOM > tripMs) tripMs = trip * HEADROOM;
    });
    this.#mostArrivals = arrivals;
    this.#mostTripMs =
      tripMs > this.#mostTripMs ? tripMs : this.#mostTripMs + (tripMs - this.#mostTripMs) * 0.05;
  }

  #drawFrame(context: CanvasRenderingContext2D, width: number, height: number, ratio: number): void {
    context.fillStyle = this.#theme.line;
    const hair = Math.max(1, Math.round(ratio));
    context.fillRect(0, height - hair, width, hair);
    for (let second = 0; second <= 10; second += 5) {
      const x = Math.min(width - hair, Math.round((second / 10) * width));
      context.fillRect(x, height - 4 * hair, hair, 4 * hair);
    }
  }

  #drawBars(
    context: CanvasRenderingContext2D,
    nowMs: number,
    width: number,
    height: number,
    ratio: number,
  ): void {
    context.fillStyle = this.#theme.accent;
    const space = height - LABEL_HEIGHT * ratio;
    const bar = Math.max(1, Math.round(0.5 * ratio));
    this.#history.forEach(nowMs, (atMs, arrivals) => {
      if (arrivals === 0) return;
      const x = Math.round((1 - (nowMs - atMs) / CHART_MS) * (width - bar));
      const tall = Math.max(1, Math.round((arrivals / this.#mostArrivals) * BAR_SHARE * space));
      context.fillRect(x, height - tall, bar, tall);
    });
  }

  #drawTrips(
    context: CanvasRenderingContext2D,
    nowMs: number,
    width: number,
    height: number,
    ratio: number,
  ): void {
    context.strokeStyle = this.#theme.ink;
    context.lineWidth = 1.5 * ratio;
    context.lineJoin = "round";
    context.beginPath();
    let isDown = false;
    const space = height - LABEL_HEIGHT * ratio;
    this.#history.forEach(nowMs, (atMs, _, tripMs) => {
      if (Number.isNaN(tripMs)) {
        isDown = false;
        return;
      }
      const x = (1 - (nowMs - atMs) / CHART_MS) * width;
      const y = height - ratio - (tripMs / this.#mostTripMs) * space;
      if (isDown) context.lineTo(x, y);
      else context.moveTo(x, y);
      isDown = true;
    });
    context.stroke();
  }

  #drawLabels(context: CanvasRenderingContext2D, width: number, ratio: number): void {
    context.font = `${10 * ratio}px system-ui, sans-serif`;
    context.textBaseline = "top";
    context.fillStyle = this.#theme.faint;
    context.textAlign = "left";
    context.fillText(`${this.#mostArrivals} per frame`, 0, 0);
    context.textAlign = "right";
    context.fillText(`${this.#mostTripMs.toFixed(this.#mostTripMs < 10 ? 1 : 0)} ms`, width, 0);
  }
}

const LEAST_ARRIVALS = 2;
const LEAST_TRIP_MS = 10;
/** The line keeps this much away from the top, so that it is not in the labels. */
const HEADROOM = 1.15;
/** Bars leave the upper part to the line. */
const BAR_SHARE = 0.6;
/** In CSS pixels: the words above. */
const LABEL_HEIGHT = 14;
