import { expect, test } from "vitest";
import { type SeriesPoint, rateMet, secondsByStep, unitFor, wholeSeries, windowOf } from "./kpis";

const point = (at: string, started: number): SeriesPoint => ({ at, started, running: 0, completed: started, failed: 0, cancelled: 0, avg_seconds: 5 });

test("a period ends with the day of now, and begins with a whole day", () => {
  expect(windowOf("7d", Date.parse("2026-03-10T14:30:00Z"))).toEqual({ from: "2026-03-04T00:00:00.000Z", to: "2026-03-11T00:00:00.000Z" });
  expect(windowOf("7d", Date.parse("2026-03-10T00:00:00Z")).to).toBe("2026-03-11T00:00:00.000Z");
});

test("days, weeks and months without any start are there, too", () => {
  const days = wholeSeries([point("2026-03-02T00:00:00Z", 3)], { from: "2026-03-01T00:00:00Z", to: "2026-03-04T00:00:00Z" }, "day");
  expect(days.map((each) => each.started)).toEqual([0, 3, 0]);
  const weeks = wholeSeries([point("2026-02-23T00:00:00Z", 2)], { from: "2026-03-01T00:00:00Z", to: "2026-03-10T00:00:00Z" }, "week");
  expect(weeks.map((each) => [each.at.slice(0, 10), each.started])).toEqual([["2026-02-23", 2], ["2026-03-02", 0], ["2026-03-09", 0]]);
  const months = wholeSeries([point("2026-01-01T00:00:00Z", 1)], { from: "2025-12-15T00:00:00Z", to: "2026-02-02T00:00:00Z" }, "month");
  expect(months.map((each) => [each.at.slice(0, 7), each.started])).toEqual([["2025-12", 0], ["2026-01", 1], ["2026-02", 0]]);
});

test("rates, heat and units", () => {
  expect(rateMet({ met: 3, breached: 1 })).toBe(75);
  expect(rateMet({ met: 0, breached: 0 })).toBeUndefined();
  const step = { step: "ask", entered: 1, open: 0, p95_seconds: 9, timed_out: 0, escalated: 0 };
  const steps = [{ ...step, workflow: "a", avg_seconds: 7 }, { ...step, step: "new", workflow: "a", avg_seconds: null }];
  expect([...secondsByStep(steps)]).toEqual([["ask", 7]]);
  expect([unitFor([null, 30]), unitFor([7_300]), unitFor([200_000]), unitFor([])].map((each) => each.unit)).toEqual(["second", "hour", "day", "second"]);
});
