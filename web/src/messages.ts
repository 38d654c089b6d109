/** Every text of the page, in both languages. Texts from the server come with their own pair. */

import type { Bilingual, Certainty, Confidence, Outcome, Severity, UploadRow } from "./contract";

export type Language = "zh" | "en";

const MESSAGES = {
  title: { zh: "落图 · 一张蓝图", en: "Luotu · the one blueprint" },
  brand: { zh: "落图", en: "Luotu" },
  otherLanguage: { zh: "English", en: "中文" },
  otherLanguageLabel: { zh: "Switch to English", en: "切换为中文" },
  map: { zh: "地图", en: "Map" },
  panel: { zh: "查询与赋码", en: "Search and coding" },
  panelHeight: { zh: "调整面板高度", en: "Change the height of the panel" },
  zoomIn: { zh: "放大", en: "Zoom in" },
  zoomOut: { zh: "缩小", en: "Zoom out" },
  showAll: { zh: "显示全部范围", en: "Show everything" },
  position: { zh: "指针处的经度、纬度（CGCS2000）", en: "Longitude, latitude at the pointer (CGCS2000)" },
  loading: { zh: "正在读取…", en: "Loading…" },

  searchLabel: { zh: "建筑编码或别名", en: "Building code or alias" },
  searchHint: { zh: "编码、不动产单元号、项目代码…", en: "Code, unit number, project code…" },
  search: { zh: "查找", en: "Find" },
  didYouMean: { zh: "是不是：", en: "Did you mean" },

  draw: { zh: "画基底", en: "Draw footprint" },
  drawing: { zh: "正在画基底", en: "Drawing a footprint" },
  drawHelp: {
    zh: "逐个点击角点；再点第一个或最后一个角点，或按 Enter，即闭合。",
    en: "Click corner after corner; click the first or the last one again, or press Enter, to close.",
  },
  drawHelpTouch: {
    zh: "逐个轻触角点；再触第一个或最后一个角点即闭合。",
    en: "Tap corner after corner; tap the first or the last one again to close.",
  },
  undo: { zh: "撤销一点", en: "Undo a corner" },
  cancel: { zh: "取消", en: "Cancel" },
  upload: { zh: "上传测量文件", en: "Upload survey" },

  welcome: { zh: "画出建筑基底，即得编码。", en: "Draw a building's footprint and it has its code." },
  welcomeDraw: {
    zh: "画基底：图形一闭合，编码、面积和合规结果就列在这里，登记之前不保存任何内容。",
    en: "Draw: as the polygon closes, its code, area and findings stand here. Nothing is stored until you register it.",
  },
  welcomeUpload: {
    zh: "上传：把测量文件（GeoJSON、GeoPackage、压缩的 Shapefile）拖到地图上，逐行得到编码和问题。",
    en: "Upload: drop a survey file (GeoJSON, GeoPackage, zipped shapefile) on the map; each row gets its code or its fault.",
  },
  welcomeFind: {
    zh: "查找：输入编码或任何别名，或点击图上的建筑。",
    en: "Find: type a code or any alias, or click a building on the map.",
  },
  emptyBlueprint: {
    zh: "蓝图还没有数据。用 luotu layers load 装入图层后再刷新本页。",
    en: "The blueprint holds no data yet. Load layers with luotu layers load, then reload this page.",
  },

  provisional: { zh: "预览编码", en: "Provisional code" },
  provisionalNote: { zh: "尚未登记", en: "not registered yet" },
  registeredCode: { zh: "建筑编码", en: "Building code" },
  registeredNow: { zh: "已登记，编码从此不变。", en: "Registered. The code is now permanent." },
  registeredSame: {
    zh: "登记簿已有同一图形，沿用原编码。",
    en: "The register already held this very footprint; it keeps its code.",
  },
  registeredRevised: {
    zh: "已作为原有建筑的新版图形登记，沿用原编码。",
    en: "Registered as a new footprint version of a known building, which keeps its code.",
  },
  copy: { zh: "复制", en: "Copy" },
  copied: { zh: "已复制", en: "Copied" },
  copyCode: { zh: "复制编码 {code}", en: "Copy the code {code}" },
  copyLink: { zh: "复制链接", en: "Copy link" },
  coding: { zh: "正在赋码…", en: "Coding…" },
  ellipsoidArea: { zh: "椭球面积", en: "Ellipsoidal area" },
  planeArea: { zh: "平面面积", en: "Plane area" },
  perimeter: { zh: "平面周长", en: "Plane perimeter" },
  registerState: { zh: "登记簿", en: "Register" },
  unknownBuilding: { zh: "新建筑，登记簿中没有", en: "New: not in the register" },
  knownSame: { zh: "已有同一建筑", en: "Already held" },
  knownRevised: { zh: "像是已有建筑的新图形", en: "Looks like a new footprint of" },
  groundTaken: { zh: "此处已有另一建筑", en: "Another building stands here" },
  overlapMeasure: { zh: "重合度 IoU {value}", en: "IoU {value}" },
  clear: { zh: "清除", en: "Clear" },
  editHint: {
    zh: "可拖动角点修改图形，结果随之更新。",
    en: "Drag a corner to change the footprint; the result follows.",
  },
  name: { zh: "名称（可不填）", en: "Name (optional)" },
  register: { zh: "登记", en: "Register" },
  registering: { zh: "正在登记…", en: "Registering…" },

  backToDraft: { zh: "返回所画基底", en: "Back to the drawn footprint" },
  backToUpload: { zh: "返回上传结果", en: "Back to the upload" },
  close: { zh: "关闭", en: "Close" },
  stage: { zh: "阶段", en: "Stage" },
  version: { zh: "图形版本", en: "Footprint version" },
  office: { zh: "登记单位", en: "Office" },
  recordedAt: { zh: "记录时间", en: "Recorded" },
  aliases: { zh: "别名", en: "Aliases" },
  computedNames: { zh: "由基底算出的名称", en: "Names computed from the footprint" },
  history: { zh: "经过", en: "History" },
  checkFindings: { zh: "对照蓝图检查", en: "Check against the blueprint" },
  checking: { zh: "正在检查…", en: "Checking…" },
  asOf: { zh: "截至 {day}", en: "as of {day}" },

  findings: { zh: "合规结果", en: "Findings" },
  noFindings: { zh: "没有可报告的结果。", en: "Nothing to report." },
  advisory: { zh: "建议", en: "Advice" },
  advisoryWhy: {
    zh: "依据尚未经责任人确认，只作建议，不作为禁止。",
    en: "The basis is not confirmed yet: advice, not a prohibition.",
  },
  overlapArea: { zh: "面积 {value}", en: "area {value}" },
  share: { zh: "占 {value}", en: "{value} of the footprint" },
  width: { zh: "宽 {value}", en: "width {value}" },
  margin: { zh: "余量 {value}", en: "margin {value}" },
  measured: { zh: "实测 {value}", en: "measured {value}" },
  required: { zh: "要求 {value}", en: "required {value}" },
  basis: { zh: "依据：{texts}（{confidence}）", en: "Basis: {texts} ({confidence})" },
  andMore: { zh: "{names}等 {count} 个", en: "{names} and {count} in all" },
  listComma: { zh: "、", en: ", " },
  article: { zh: "{doc} 第 {article} 条", en: "{doc}, art. {article}" },
  since: { zh: "{day} 起", en: "from {day}" },
  until: { zh: "至 {day}", en: "until {day}" },
  showWitness: { zh: "在图上显示", en: "Show on the map" },
  adviceCount: { zh: "其中建议 {count}", en: "{count} of them advice" },

  layers: { zh: "蓝图图层", en: "Blueprint layers" },
  layerCount: { zh: "{loaded} / {all} 有数据", en: "{loaded} of {all}" },
  noData: { zh: "无数据", en: "No data" },
  features: { zh: "{count} 个要素", en: "{count} features" },
  buildings: { zh: "建筑", en: "Buildings" },
  buildingsNote: { zh: "登记簿中的建筑基底", en: "Footprints in the register" },
  graticule: { zh: "经纬网", en: "Graticule" },
  groupToggle: { zh: "显示或隐藏：{name}", en: "Show or hide: {name}" },

  dropHere: { zh: "松开即上传", en: "Drop to upload" },
  uploading: { zh: "正在上传 {file}…", en: "Uploading {file}…" },
  uploadStored: { zh: "已登记", en: "Registered" },
  uploadNotStored: { zh: "未保存任何内容", en: "Nothing was stored" },
  format: { zh: "格式", en: "Format" },
  encoding: { zh: "文字编码", en: "Encoding" },
  crs: { zh: "坐标系", en: "CRS" },
  rows: { zh: "要素", en: "Rows" },
  rowCounts: { zh: "{rows}：收下 {accepted}，拒绝 {refused}", en: "{rows}: {accepted} accepted, {refused} refused" },
  moreRows: { zh: "再列 {count} 行", en: "Show {count} more rows" },
  statedCrs: { zh: "注明坐标系，如 EPSG:4551", en: "State the CRS, such as EPSG:4551" },
  tryAgain: { zh: "重新上传", en: "Upload again" },
  takeGood: { zh: "只收合格的 {count} 行", en: "Take the {count} good rows" },
  zoomToPlace: { zh: "定位到问题处", en: "Zoom to the place" },

  row: { zh: "第 {row} 行", en: "row {row}" },
  inFile: { zh: "文件 {value}", en: "file {value}" },
  inLayer: { zh: "图层 {value}", en: "layer {value}" },
  inFeature: { zh: "要素 {value}", en: "feature {value}" },
  inLine: { zh: "第 {value} 行", en: "line {value}" },
  inVertex: { zh: "顶点 {value}", en: "vertex {value}" },
  dismiss: { zh: "知道了", en: "Dismiss" },
} satisfies Record<string, Bilingual>;

export type MessageKey = keyof typeof MESSAGES;

export const OUTCOMES: Record<Outcome, Bilingual> = {
  fail: { zh: "不符合", en: "Fails" },
  fail_within_accuracy: { zh: "精度范围内不符合", en: "Fails within accuracy" },
  manual: { zh: "须人工核对", en: "To be checked by hand" },
  not_evaluated: { zh: "未评价", en: "Not evaluated" },
  pass: { zh: "符合", en: "Passes" },
  not_applicable: { zh: "不适用", en: "Not applicable" },
};

export const SEVERITIES: Record<Severity, Bilingual> = {
  prohibit: { zh: "禁止", en: "Prohibited" },
  approval: { zh: "须批准", en: "Needs approval" },
  restrict: { zh: "限制", en: "Restricted" },
  reject: { zh: "退回", en: "To be drawn again" },
  coordinate: { zh: "须协调", en: "To coordinate" },
  warn: { zh: "提醒", en: "Warning" },
  info: { zh: "说明", en: "Note" },
};

export const CERTAINTIES: Record<Certainty, Bilingual> = {
  certain: { zh: "确定", en: "certain" },
  within_accuracy: { zh: "在精度范围内", en: "within accuracy" },
  noise: { zh: "噪声量级", en: "noise" },
};

export const CONFIDENCES: Record<Confidence, Bilingual> = {
  V: { zh: "已核对原文", en: "read in the source" },
  V2: { zh: "据二手来源", en: "from a secondary source" },
  K: { zh: "据一般知识，待确认", en: "general knowledge, to be confirmed" },
  P: { zh: "拟议，待确认", en: "proposed, to be confirmed" },
};

export const ROW_OUTCOMES: Record<UploadRow["outcome"], Bilingual> = {
  new: { zh: "新", en: "New" },
  same: { zh: "相同", en: "Same" },
  revised: { zh: "新版", en: "Revised" },
  split: { zh: "拆分", en: "Split" },
  merged: { zh: "合并", en: "Merged" },
  held: { zh: "待审", en: "Held for review" },
  refused: { zh: "拒绝", en: "Refused" },
};

/** Says a message of the table, or the right half of a pair from the server. */
export interface Say {
  (key: MessageKey, values?: Record<string, string | number>): string;
  readonly language: Language;
  of(pair: Bilingual): string;
}

/** Return the speaker of one language. */
export function sayIn(language: Language): Say {
  const say = (key: MessageKey, values: Record<string, string | number> = {}): string =>
    MESSAGES[key][language].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  return Object.assign(say, { language, of: (pair: Bilingual) => pair[language] || pair.en || pair.zh });
}
