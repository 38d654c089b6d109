/** One function per request of the page. Every failure comes as a `ProblemError` with a sentence in both languages. */

import type { Polygon } from "geojson";
import type {
  Bilingual,
  Building,
  BuildingFindings,
  Chain,
  CodePreview,
  Job,
  Layer,
  Preview,
  Problem,
  RefusedFile,
  Resolved,
  Session,
  Stage,
  Upload,
} from "./contract";

export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(readonly problem: Problem) {
    super(problem.detail.en);
  }
}

export const readSession = (): Promise<Session> => request("/session");

export const readLayers = async (): Promise<Layer[]> => (await request<{ layers: Layer[] }>("/layers")).layers;

export const readBuilding = (name: string): Promise<Building> => request(`/buildings/${encodeURIComponent(name)}`);

/** Ask what a text leads to: a code, any other name, an address, a project, coordinates in any form. */
export const resolveText = (text: string): Promise<Resolved> => request(`/resolve?q=${encodeURIComponent(text)}`);

export const readChain = (code: string): Promise<Chain> => request(`/buildings/${encodeURIComponent(code)}/stages`);

/** The address of a building's extract: what every layer has on its ground, on paper. */
export const extractOf = (code: string): string => `/extracts/pdf?code=${encodeURIComponent(code)}`;

export const readFindings = (code: string): Promise<BuildingFindings> =>
  request(`/buildings/${encodeURIComponent(code)}/findings`);

/** Ask for the code, the area and the findings of a footprint; nothing is stored. */
export const previewCode = (geometry: Polygon, signal: AbortSignal): Promise<CodePreview> =>
  request("/codes", {
    method: "POST",
    headers: { "Content-Type": "application/geo+json" },
    body: JSON.stringify({ type: "Feature", properties: {}, geometry }),
    signal,
  });

/** What a person says about reading a file; "" where the file is to tell. */
export interface Reading {
  crs: string;
  layer: string;
  /** What the columns of a table are, such as `north=X`. */
  columns: readonly string[];
  closing_m: string;
  drawing_unit: string;
  /** Whether outlines are mended where that is safe. */
  fix: boolean;
}

export const AS_IT_IS: Reading = { crs: "", layer: "", columns: [], closing_m: "", drawing_unit: "", fix: false };

/** How many rows of a file the page shows; all of them are counted. */
export const MOST_ROWS = 5_000;

/** Ask what a file is and what an upload of it would say; nothing is stored. */
export const previewFile = (
  file: File,
  reading: Reading,
  { signal, onlyDoubtful = false }: { signal: AbortSignal; onlyDoubtful?: boolean },
): Promise<Preview | RefusedFile> =>
  request(`/uploads/preview?most=${MOST_ROWS}&doubtful=${onlyDoubtful}`, {
    method: "POST",
    body: formOf(file, reading),
    signal,
  });

export interface Registration {
  reading: Reading;
  stage: string;
  /** All rows or none, or the good rows alone. */
  mode: "all" | "good";
}

/** Register the footprints of a file. */
export const uploadFile = (file: File, registration: Registration): Promise<Upload> =>
  request("/uploads", { method: "POST", body: formToRegister(file, registration) });

/** Have a job register the footprints of a file. */
export const askForUpload = (file: File, registration: Registration): Promise<Job> =>
  request("/uploads", {
    method: "POST",
    headers: { Prefer: "respond-async" },
    body: formToRegister(file, registration),
  });

export const readUpload = (id: string): Promise<Upload> => request(`/uploads/${id}`);

/** The address of a delivery given back: all of it with its codes, or its refused rows; in the page's language, not the browser's. */
export const partOf = (id: string, part: "coded" | "rejected", language: string): string =>
  `/uploads/${id}/${part}?language=${language}`;

export const readJobs = async (): Promise<Job[]> => (await request<{ jobs: Job[] }>("/jobs")).jobs;

export const readJob = (id: string): Promise<Job> => request(`/jobs/${id}`);

export const cancelJob = (id: string): Promise<Job> => request(`/jobs/${id}`, { method: "DELETE" });

/** Open the line on which a job tells how far it has come. */
export const listenToJob = (id: string): EventSource => new EventSource(`/jobs/${id}/events`);

export const readStages = async (): Promise<Stage[]> => (await request<{ stages: Stage[] }>("/stages")).stages;

function formToRegister(file: File, { reading, stage, mode }: Registration): FormData {
  const body = formOf(file, reading);
  body.set("stage", stage);
  body.set("mode", mode);
  return body;
}

function formOf(file: File, { columns, fix, ...said }: Reading): FormData {
  const body = new FormData();
  body.set("file", file, file.name);
  for (const [name, value] of Object.entries(said)) if (value !== "") body.set(name, value);
  for (const column of columns) body.append("column", column);
  if (fix) body.set("fix", "true");
  return body;
}

/** Register one drawn footprint, as an upload of a single feature. */
export function registerFootprint(geometry: Polygon, name: string): Promise<Upload> {
  const properties = name === "" ? {} : { name };
  const collection = { type: "FeatureCollection", features: [{ type: "Feature", properties, geometry }] };
  const file = new File([JSON.stringify(collection)], "drawn.geojson", { type: "application/geo+json" });
  const body = new FormData();
  body.set("file", file, file.name);
  body.set("mode", "all");
  body.set("stage", "design");
  return request("/uploads", { method: "POST", body });
}

async function request<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await send(path, init);
  const text = await response.text();
  const body = parse(text);
  if (!response.ok || body === undefined) throw new ProblemError(toProblem(response.status, body));
  return body as T;
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, {
      ...init,
      headers: { Accept: "application/json", ...(init.headers as Record<string, string> | undefined) },
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ProblemError(UNREACHABLE);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const UNREACHABLE: Problem = {
  kind: "unreachable",
  status: 0,
  title: { zh: "服务没有回应", en: "The server does not answer" },
  detail: { zh: "没有连上落图服务，刚才的操作没有完成。", en: "Luotu could not be reached; nothing was done." },
  remedy: {
    zh: "请确认服务正在运行（luotu serve），然后再试一次。",
    en: "Check that it is running (luotu serve), then try again.",
  },
  place: {},
  suggestions: [],
  results: [],
};

/** What the statuses that a person can do something about mean; the server names them in English only. */
const TITLES: Readonly<Record<number, Bilingual>> = {
  401: { zh: "没有权限", en: "Not allowed" },
  403: { zh: "没有权限", en: "Not allowed" },
  404: { zh: "没有找到", en: "Not found" },
  409: { zh: "与登记簿冲突", en: "In conflict with the register" },
  413: { zh: "文件太大", en: "Too large" },
  422: { zh: "未被接受", en: "Not accepted" },
  503: { zh: "服务暂不可用", en: "Not available now" },
};
const FAILED: Bilingual = { zh: "请求没有成功", en: "The request failed" };

/** Shape an RFC 9457 body; a body of any other form still becomes a full sentence. */
export function toProblem(status: number, body: unknown): Problem {
  const given = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const zh = (given["zh"] ?? {}) as Record<string, unknown>;
  const both = (key: string): Bilingual | null => {
    const en = text(given[key]) ?? text(zh[key]);
    return en === null ? null : { en, zh: text(zh[key]) ?? en };
  };
  return {
    kind: (text(given["type"]) ?? "").split("/").at(-1) ?? "",
    status,
    title: (text(zh["title"]) && both("title")) || (TITLES[status] ?? FAILED),
    detail: both("detail") ?? { zh: `服务回应了 ${status}。`, en: `The server answered ${status}.` },
    remedy: both("remedy"),
    place: given["place"] ?? {},
    suggestions: (given["suggestions"] ?? []) as string[],
    results: (given["results"] ?? []) as Problem["results"],
  };
}

const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
