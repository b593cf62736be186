/**
 * The stage: renderer, camera, light, and what stands on it. Decides where the
 * eye is and what the window's free part is. Draws only when something asked
 * for it, so that a window at rest costs next to nothing.
 */
import {
  Color,
  DirectionalLight,
  HemisphereLight,
  PCFShadowMap,
  PerspectiveCamera,
  Scene,
  Spherical,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import type { Vector } from "../../shared/world.ts";
import type { Theme } from "../theme.ts";
import { Axes } from "./axes.ts";
import { CubeView } from "./cube-view.ts";
import { Ground } from "./ground.ts";
import { Trail } from "./trail.ts";

/** The part of the window that nothing covers, in CSS pixels from its edges. */
export interface Insets {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Everything that is drawn by WebGL. */
export class Stage {
  readonly camera: PerspectiveCamera = new PerspectiveCamera(FIELD_OF_VIEW, 1, 1, 400);

  readonly #renderer: WebGLRenderer;
  readonly #scene = new Scene();
  readonly #sun = new DirectionalLight(0xffffff, 2.6);
  readonly #sky = new HemisphereLight(0xffffff, 0xffffff, 1.5);
  /** From the viewer's side, so that the faces that one sees are told apart, and not black. */
  readonly #fill = new DirectionalLight(0xffffff, 1);
  readonly #ground = new Ground();
  readonly #axes = new Axes();
  readonly #cube = new CubeView();
  readonly #trail = new Trail();
  #controls: OrbitControls | undefined;
  #needsDrawing = true;
  #freeHeight = 1;

  /** @throws what WebGL throws where there is none */
  constructor(canvas: HTMLCanvasElement) {
    this.#renderer = new WebGLRenderer({ canvas, antialias: true, powerPreference: "low-power" });
    this.#renderer.shadowMap.enabled = true;
    this.#renderer.shadowMap.type = PCFShadowMap;
    this.#scene.add(this.#sky, this.#sun, this.#fill, this.#ground.object, this.#axes.object);
    this.#scene.add(this.#cube.object, this.#trail.object);
    this.#fill.position.set(6, 8, 30);
    this.#placeSun();
    this.camera.position.copy(EYE);
    this.camera.lookAt(LOOKED_AT);
    // Now, while nothing moves: the trail would be made ready in the first frame that shows it.
    this.#renderer.compile(this.#scene, this.camera);
    canvas.addEventListener("webglcontextrestored", () => this.redraw());
  }

  /** Lets the pointer turn the camera. Called after whoever may take the pointer first. */
  orbit(canvas: HTMLCanvasElement): void {
    const controls = new OrbitControls(this.camera, canvas);
    controls.target.copy(LOOKED_AT);
    controls.enablePan = false;
    controls.minDistance = NEAREST;
    controls.maxDistance = FARTHEST;
    // Never from below the ground: one would look through it.
    controls.maxPolarAngle = Math.PI / 2 - 0.04;
    controls.addEventListener("change", () => this.redraw());
    controls.update();
    this.#controls = controls;
  }

  /** How far the eye has gone round, in radians; 0 looks along -z. */
  get yaw(): number {
    return new Spherical().setFromVector3(this.camera.position.clone().sub(LOOKED_AT)).theta;
  }

  /** Something is to be seen anew. */
  redraw(): void {
    this.#needsDrawing = true;
  }

  paint(theme: Theme): void {
    const sky = new Color(theme.sky);
    this.#scene.background = sky;
    this.#sky.color.set(0xffffff).lerp(sky, 0.25);
    this.#sky.groundColor.set(theme.ground);
    this.#sky.intensity = theme.isDark ? 1.1 : 1.7;
    this.#sun.intensity = theme.isDark ? 2.4 : 2.6;
    this.#fill.intensity = theme.isDark ? 1.7 : 1;
    this.#ground.paint(theme);
    this.#axes.paint(theme);
    this.#cube.paint(theme);
    this.#trail.paint(theme);
    this.redraw();
  }

  /** The window has another size; the world is looked at through its free part. */
  resize(width: number, height: number, pixelRatio: number, insets: Insets): void {
    this.#renderer.setPixelRatio(Math.min(pixelRatio, MAX_PIXEL_RATIO));
    this.#renderer.setSize(width, height, false);
    const freeWidth = Math.max(1, width - insets.left - insets.right);
    const freeHeight = Math.max(1, height - insets.top - insets.bottom);
    this.#freeHeight = freeHeight;
    this.camera.aspect = freeWidth / freeHeight;
    // A narrow part would cut the sides off, so the eye opens until the world's width fits.
    const half = Math.tan((FIELD_OF_VIEW * Math.PI) / 360);
    const wide = Math.max(half, (half * FITTING_ASPECT) / this.camera.aspect);
    this.camera.fov = (Math.atan(wide) * 360) / Math.PI;
    this.camera.setViewOffset(freeWidth, freeHeight, -insets.left, -insets.top, width, height);
    this.redraw();
  }

  /** One frame; draws when something changed. `place` is where the cube is shown. */
  frame(nowMs: number, place: Vector): void {
    this.#controls?.update();
    if (this.#cube.moveTo(place)) this.redraw();
    if (this.#trail.frame(nowMs, place, this.camera.position)) this.redraw();
    if (!this.#needsDrawing) return;
    this.#needsDrawing = false;
    this.#axes.face(this.camera, this.#freeHeight);
    this.#renderer.render(this.#scene, this.camera);
  }

  /** Steep, so that the shadow is near the place above which the cube is. */
  #placeSun(): void {
    const { shadow } = this.#sun;
    this.#sun.position.set(-5, 42, 7);
    this.#sun.castShadow = true;
    shadow.mapSize.set(1_024, 1_024);
    shadow.radius = 9;
    shadow.bias = -0.0008;
    shadow.normalBias = 0.06;
    Object.assign(shadow.camera, { left: -26, right: 26, top: 26, bottom: -26, near: 5, far: 90 });
  }
}

const FIELD_OF_VIEW = 32;
const EYE = new Vector3(21, 17, 59);
const LOOKED_AT = new Vector3(0, -2.2, 0);
const NEAREST = 18;
const FARTHEST = 110;
/** Width to height at which the whole world is just seen at {@link FIELD_OF_VIEW}. */
const FITTING_ASPECT = 1;
/** More pixels than this nobody can tell apart, and they cost. */
const MAX_PIXEL_RATIO = 2;
