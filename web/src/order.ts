/** The order in which findings are read: the worst first. */

import type { Finding, Outcome, Severity } from "./contract";

export const OUTCOME_ORDER: readonly Outcome[] = [
  "fail",
  "fail_within_accuracy",
  "manual",
  "not_evaluated",
  "pass",
  "not_applicable",
];
const SEVERITY_ORDER: readonly Severity[] = [
  "prohibit",
  "approval",
  "restrict",
  "reject",
  "coordinate",
  "warn",
  "info",
];

/** Sort by outcome, then confirmed before advisory, then severity, then rule. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) =>
      OUTCOME_ORDER.indexOf(a.outcome) - OUTCOME_ORDER.indexOf(b.outcome) ||
      Number(a.advisory) - Number(b.advisory) ||
      SEVERITY_ORDER.indexOf(a.severity) - SEVERITY_ORDER.indexOf(b.severity) ||
      a.rule.localeCompare(b.rule),
  );
}

export type Tone = "fail" | "warn" | "ask" | "none" | "pass";

/** How strongly a finding is marked: only a confirmed, certain failure is marked as one. */
export function toneOf(finding: Finding): Tone {
  if (finding.outcome === "fail") return finding.advisory ? "warn" : "fail";
  return TONES[finding.outcome];
}

const TONES: Record<Outcome, Tone> = {
  fail: "fail",
  fail_within_accuracy: "warn",
  manual: "ask",
  not_evaluated: "none",
  pass: "pass",
  not_applicable: "none",
};
