/** Places in the systems in which surveyors read and type them: degrees, and metres in the planes of zones. */

import type { Position } from "geojson";
import proj4 from "proj4";
import type { Bilingual } from "./contract";
import { recall, remember } from "./memory";

/** Degrees; Gauss–Krüger zones of 3° or 6° on CGCS2000, the easting with the zone's number before it or without; UTM. */
export type System = "degrees" | "gk3" | "gk3_zone" | "gk6" | "gk6_zone" | "utm";

/** A plane in metres, north first as surveyors have it. */
export interface Plane {
  name: string;
  toPlane(place: Position): [north: number, east: number];
  fromPlane(north: number, east: number): Position;
}

export const SYSTEMS: Record<System, Bilingual> = {
  degrees: { zh: "经度、纬度", en: "Longitude, latitude" },
  gk3: { zh: "3° 带", en: "3° zones" },
  gk3_zone: { zh: "3° 带（Y 加带号）", en: "3° zones, number before Y" },
  gk6: { zh: "6° 带", en: "6° zones" },
  gk6_zone: { zh: "6° 带（Y 加带号）", en: "6° zones, number before Y" },
  utm: { zh: "UTM", en: "UTM" },
};

const KEY = "luotu.crs";
const ZONE_M = 1_000_000;
const MIDDLE_M = 500_000;
// where Gauss–Krüger zones have their numbers, and EPSG its CRSs: those with the number before Y, then those without
const THREE_DEGREES = { width: 3, first: 25, last: 45, numbered: 4513, bare: 4534 };
const SIX_DEGREES = { width: 6, first: 13, last: 23, numbered: 4491, bare: 4502 };
type Zones = typeof THREE_DEGREES;

/** Return the system that was chosen at the last visit. */
export function readSystem(): System {
  const kept = recall(KEY) as System | null;
  return kept !== null && kept in SYSTEMS ? kept : "degrees";
}

export function writeSystem(system: System): void {
  remember(KEY, system);
}

/** Return the system that is chosen where it serves a place, degrees elsewhere. */
export const systemFor = (chosen: System, place: Position): System =>
  systemsAt(place).includes(chosen) ? chosen : "degrees";

/** Return the systems that serve a place. */
export function systemsAt([lon = 0, lat = 0]: Position): System[] {
  const inChina = lon > 73 && lon < 136 && lat > 3 && lat < 54;
  return inChina ? ["degrees", "gk3", "gk3_zone", "gk6", "gk6_zone"] : ["degrees", "utm"];
}

/** Return the plane of a system around a place; for degrees that in which lengths are told. */
export function planeAt(system: System, place: Position): Plane {
  const [lon = 0, lat = 0] = place;
  if (!systemsAt(place).includes("gk3")) return utmPlane(lon, lat);
  const zones = system.startsWith("gk6") ? SIX_DEGREES : THREE_DEGREES;
  return gaussKruger(zones, zoneOf(zones, lon), system.endsWith("_zone"));
}

/** Return the plane whose zone is stated before an easting, if one is. */
export function planeOfEasting(east: number): Plane | null {
  const zone = Math.floor(east / ZONE_M);
  const zones = [THREE_DEGREES, SIX_DEGREES].find(({ first, last }) => zone >= first && zone <= last);
  return zones ? gaussKruger(zones, zone, true) : null;
}

/** Write a place in a system: degrees to 1 mm, metres to 1 mm. */
export function writePlace(system: System, place: Position): [first: string, second: string] {
  const [lon = 0, lat = 0] = place;
  if (system === "degrees") return [lon.toFixed(8), lat.toFixed(8)];
  const [north, east] = planeAt(system, place).toPlane(place);
  return [north.toFixed(3), east.toFixed(3)];
}

const zoneOf = ({ width, first, last }: Zones, lon: number): number => {
  const zone = width === 3 ? Math.round(lon / 3) : Math.floor(lon / 6) + 1;
  return Math.min(Math.max(zone, first), last);
};

function gaussKruger({ width, first, numbered, bare }: Zones, zone: number, isNumbered: boolean): Plane {
  const middle = width === 3 ? zone * 3 : zone * 6 - 3;
  const epsg = (isNumbered ? numbered : bare) + zone - first;
  const far = MIDDLE_M + (isNumbered ? zone * ZONE_M : 0);
  return plane(`EPSG:${epsg}`, `+proj=tmerc +lat_0=0 +lon_0=${middle} +k=1 +x_0=${far} +y_0=0 +ellps=GRS80 +units=m`);
}

function utmPlane(lon: number, lat: number): Plane {
  const zone = Math.min(Math.floor((lon + 180) / 6) + 1, 60);
  const south = lat < 0;
  const north = south ? 10_000_000 : 0;
  const place = `+lat_0=0 +lon_0=${zone * 6 - 183} +k=0.9996 +x_0=${MIDDLE_M} +y_0=${north}`;
  return plane(`EPSG:${(south ? 32700 : 32600) + zone}`, `+proj=tmerc ${place} +ellps=WGS84 +units=m`);
}

function plane(name: string, definition: string): Plane {
  const projection = proj4(definition);
  return {
    name,
    toPlane([lon = 0, lat = 0]) {
      const [east, north] = projection.forward([lon, lat]);
      return [north, east];
    },
    fromPlane: (north, east) => projection.inverse([east, north]),
  };
}
