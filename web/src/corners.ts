/** Corners of a footprint as surveyors type them: coordinates, distance and bearing, along and beside the last side. */

import type { Position } from "geojson";
import type { Bilingual } from "./contract";
import { planeAt, planeOfEasting, type Plane, type System } from "./crs";

export interface ReadCorners {
  corners: Position[];
  /** Of the first line that cannot be read; nothing is taken then. */
  fault: Bilingual | null;
}

/** How one side lies: from its corner to the next one. */
export interface Side {
  length_m: number;
  /** Clockwise from grid north. */
  bearing_deg: number;
}

// the code is defined on 1e-8 degrees
const DECIMALS = 8;
const FAR_DEG = 5;
const ZONE_M = 1_000_000;
const NUMBER = /^[-+]?\d+(\.\d*)?$/;
// NFKC makes two primes of a double one
const DEGREES = /^([-+]?\d+)[°-](\d+)(?:[′'-](?:(\d+(?:\.\d+)?)(?:′′|''|")?)?)?$/;
const SIGNS: Readonly<Record<string, string>> = { 度: "°", 分: "′", 秒: '"' };
// a corner's and its ring's number before the coordinates
const COUNTS_BELOW = 10_000;

/**
 * Read lines of corners: `X Y`, `J1 X Y`, `J1,1,X,Y`, full-width punctuation as well. Degrees and metres are told apart by their
 * size, and a zone before Y counts, whatever the system, which says how wide the zones are of metres without one. Which of two
 * numbers is the northing follows from where they lie, near to a place.
 */
export function readCorners(text: string, system: System, near: Position): ReadCorners {
  const corners: Position[] = [];
  for (const [index, line] of text.normalize("NFKC").split(/\r?\n/).entries()) {
    const numbers = numbersOf(line);
    if (numbers === null) continue;
    const corner = numbers.length < 2 ? null : placeOf(numbers, system, near);
    if (corner === null) return { corners: [], fault: unread(index + 1, line) };
    if (Math.hypot((corner[0] ?? 0) - (near[0] ?? 0), (corner[1] ?? 0) - (near[1] ?? 0)) > FAR_DEG)
      return { corners: [], fault: farAway(index + 1) };
    corners.push(rounded(corner));
  }
  return { corners, fault: corners.length === 0 ? NOTHING : null };
}

/** Read an angle: decimal degrees, or degrees, minutes and seconds as `90°30′15″` or `90-30-15`. */
export function readAngle(text: string): number | null {
  const plain = text
    .normalize("NFKC")
    .trim()
    .replace(/[\s度分秒]/g, (sign) => SIGNS[sign] ?? "");
  const parts = DEGREES.exec(plain);
  if (!parts) return NUMBER.test(plain.replace("°", "")) ? Number(plain.replace("°", "")) : null;
  const [degrees = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part: string | undefined) => Number(part ?? 0));
  if (minutes >= 60 || seconds >= 60) return null;
  return (plain.startsWith("-") ? -1 : 1) * (Math.abs(degrees) + minutes / 60 + seconds / 3600);
}

/** Return the place at a distance from another and a bearing, in its plane. */
export function stepTo(from: Position, length_m: number, bearing_deg: number, system: System): Position {
  const plane = planeAt(system, from);
  const [north, east] = plane.toPlane(from);
  const turn = (bearing_deg * Math.PI) / 180;
  return rounded(plane.fromPlane(north + length_m * Math.cos(turn), east + length_m * Math.sin(turn)));
}

/** Return the place so far along the line from one place to another, from the second on, and so far to its right. */
export function stepBeside(from: Position, to: Position, along_m: number, right_m: number, system: System): Position {
  const { bearing_deg } = sideOf(from, to, planeAt(system, from));
  const ahead = along_m === 0 ? to : stepTo(to, along_m, bearing_deg, system);
  return right_m === 0 ? ahead : stepTo(ahead, right_m, bearing_deg + 90, system);
}

/** Return the sides of a ring, each from its corner to the next. */
export function sidesOf(corners: readonly Position[], system: System): Side[] {
  const [first] = corners;
  if (!first) return [];
  const plane = planeAt(system, first);
  return corners.map((corner, index) => sideOf(corner, corners[(index + 1) % corners.length] ?? first, plane));
}

const OBLIQUE_DEG = 15;

/**
 * Return a ring whose sides that are nearly at right angles to its longest direction are so; null where none of them is.
 * Each side turns about its own middle, so the building stays where it is.
 */
export function squareCorners(
  corners: readonly Position[],
  system: System,
): { corners: Position[]; moved_m: number } | null {
  const [first] = corners;
  if (!first || corners.length < 4) return null;
  const plane = planeAt(system, first);
  const points = corners.map((corner) => plane.toPlane(corner));
  const sides = points.map((from, index) => vector(from, points[(index + 1) % points.length] ?? from));
  const main = mainDirection(sides);
  const turned = sides.map(({ north, east }) => {
    const turn = Math.atan2(east, north);
    const square = main + (Math.round((turn - main) / (Math.PI / 2)) * Math.PI) / 2;
    const off = Math.abs(turn - square);
    return off < (OBLIQUE_DEG * Math.PI) / 180 ? square : turn;
  });
  const lines = points.map((from, index) => {
    const side = sides[index] ?? { north: 0, east: 0 };
    return { at: [from[0] + side.north / 2, from[1] + side.east / 2] as const, turn: turned[index] ?? 0 };
  });
  const squared: Position[] = [];
  let moved_m = 0;
  for (const [index, point] of points.entries()) {
    const before = lines[(index + lines.length - 1) % lines.length];
    const after = lines[index];
    if (!before || !after) return null;
    const met = crossing(before, after);
    // two sides in one line meet nowhere: the corner between them goes to the line
    const to = met ?? foot(point, after);
    moved_m = Math.max(moved_m, Math.hypot(to[0] - point[0], to[1] - point[1]));
    squared.push(rounded(plane.fromPlane(...to)));
  }
  return { corners: squared, moved_m };
}

interface Vector {
  north: number;
  east: number;
}

interface Line {
  at: readonly [north: number, east: number];
  turn: number;
}

const vector = (from: readonly [number, number], to: readonly [number, number]): Vector => ({
  north: to[0] - from[0],
  east: to[1] - from[1],
});

/** The direction of most of the ring's length, right angles counting as one direction. */
function mainDirection(sides: readonly Vector[]): number {
  // four times an angle is the same for all at right angles to each other
  const [sine, cosine] = sides.reduce<[number, number]>(
    ([s, c], { north, east }) => {
      const turn = 4 * Math.atan2(east, north);
      const length = Math.hypot(north, east);
      return [s + length * Math.sin(turn), c + length * Math.cos(turn)];
    },
    [0, 0],
  );
  return Math.atan2(sine, cosine) / 4;
}

function crossing(a: Line, b: Line): [number, number] | null {
  const [an, ae, bn, be] = [Math.cos(a.turn), Math.sin(a.turn), Math.cos(b.turn), Math.sin(b.turn)];
  const across = an * be - ae * bn;
  if (Math.abs(across) < 0.05) return null;
  const along = ((b.at[0] - a.at[0]) * be - (b.at[1] - a.at[1]) * bn) / across;
  return [a.at[0] + along * an, a.at[1] + along * ae];
}

function foot(point: readonly [number, number], line: Line): [number, number] {
  const [n, e] = [Math.cos(line.turn), Math.sin(line.turn)];
  const along = (point[0] - line.at[0]) * n + (point[1] - line.at[1]) * e;
  return [line.at[0] + along * n, line.at[1] + along * e];
}

function sideOf(from: Position, to: Position, plane: Plane): Side {
  const { north, east } = vector(plane.toPlane(from), plane.toPlane(to));
  return { length_m: Math.hypot(north, east), bearing_deg: ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360 };
}

/** The numbers of a line without the corner's own; null of a line that says nothing. */
function numbersOf(line: string): number[] | null {
  const words = line.split(/[\s,;、]+/).filter(Boolean);
  if (words.length === 0) return null;
  const values = words.map((word) => (DEGREES.test(word) || NUMBER.test(word) ? readAngle(word) : null));
  // a label before, and what may follow behind
  const from = values.findIndex((value) => value !== null);
  const numbers = values.slice(Math.max(from, 0)).filter((value) => value !== null);
  while (numbers.length > 2 && isCount(numbers[0] ?? 0)) numbers.shift();
  return numbers;
}

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < COUNTS_BELOW;

/** The place of two numbers, in either order: the nearer one to where somebody works. Numbers too large for degrees are metres. */
function placeOf([a = 0, b = 0]: readonly number[], system: System, near: Position): Position | null {
  const isDegrees = Math.max(Math.abs(a), Math.abs(b)) <= 180;
  const read = isDegrees ? inDegrees : (north: number, east: number) => inPlane(north, east, system, near);
  const places = [read(a, b), read(b, a)].filter(
    (place) => place !== null && place.every(Number.isFinite),
  ) as Position[];
  const far = ([lon = 0, lat = 0]: Position): number => Math.hypot(lon - (near[0] ?? 0), lat - (near[1] ?? 0));
  return places.sort((one, other) => far(one) - far(other))[0] ?? null;
}

const inDegrees = (lon: number, lat: number): Position | null => (Math.abs(lat) <= 90 ? [lon, lat] : null);

function inPlane(north: number, east: number, system: System, near: Position): Position | null {
  if (Math.abs(north) > 10 * ZONE_M) return null;
  const stated = planeOfEasting(east);
  if (stated) return stated.fromPlane(north, east);
  if (east < 0 || east > ZONE_M) return null;
  // the zone is that of where somebody works
  const bare = system.replace("_zone", "") as System;
  return planeAt(bare, near).fromPlane(north, east);
}

const rounded = ([lon = 0, lat = 0]: Position): Position => [
  Number(lon.toFixed(DECIMALS)),
  Number(lat.toFixed(DECIMALS)),
];

const NOTHING: Bilingual = { zh: "没有坐标。", en: "There are no coordinates." };

const unread = (line: number, text: string): Bilingual => ({
  zh: `第 ${line} 行“${text.trim()}”不是两个坐标。每行一个角点，如：J1 4858123.412 512345.678`,
  en: `Line ${line}, “${text.trim()}”, is not two coordinates. One corner a line, such as: J1 4858123.412 512345.678`,
});

const farAway = (line: number): Bilingual => ({
  zh: `第 ${line} 行的点离图上所见超过 ${FAR_DEG}°。请核对坐标系，或先把地图移到那里。`,
  en: `Line ${line} lies more than ${FAR_DEG}° from what the map shows. Check the CRS, or move the map there first.`,
});
