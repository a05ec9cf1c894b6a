//! Plain-text tables for people and a JSON file for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::bars::{Bar, Verdict};
use crate::cases::Case;
use crate::measure::{Measure, Results};

/// One column of a table.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) label: &'static str,
    pub(crate) measure: Measure,
    pub(crate) decimals: usize,
}

/// Where and in what company the figures were taken: a busy machine yields ratios only.
pub(crate) fn machine() -> String {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load: Vec<&str> = load.split_ascii_whitespace().take(3).collect();
    format!(
        "{} cores, Linux {}, load {}\n",
        cores(),
        kernel.trim(),
        load.join(" ")
    )
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

/// The table of a case, its bars below, and what went wrong.
pub(crate) fn table(case: &Case, results: &Results) -> String {
    let columns = case.columns();
    let mut rows = vec![heading(&columns)];
    for name in results.names() {
        let mut row = vec![name.to_owned()];
        row.extend(columns.iter().map(|column| cell(results, name, column)));
        rows.push(row);
    }
    let mut text = format!("{}: {}\n{}", case.name, case.title, aligned(&rows));
    for bar in case.bars() {
        text.push_str(&bar_line(&bar, bar.judge(results)));
    }
    for name in results.names() {
        let faults = results.faults(name);
        if let Some(first) = faults.first() {
            let _infallible = writeln!(text, "  {name}: {} failures, first: {first}", faults.len());
        }
    }
    text
}

/// One line per bar, for the end of the report.
pub(crate) fn summary(cases: &[(Case, Results)]) -> String {
    let mut text = "bars\n".to_owned();
    for (case, results) in cases {
        for bar in case.bars() {
            let line = bar_line(&bar, bar.judge(results));
            let _infallible = write!(text, "  {:<20}{line}", case.name);
        }
    }
    text
}

/// Everything, for `--json`.
pub(crate) fn json(rounds: u32, cases: &[(Case, Results)]) -> Value {
    let cases: Vec<Value> = cases
        .iter()
        .map(|(case, results)| case_json(case, results))
        .collect();
    json!({"rounds": rounds, "cores": cores(), "machine": machine().trim_end(), "cases": cases})
}

fn case_json(case: &Case, results: &Results) -> Value {
    let table: serde_json::Map<String, Value> = results
        .names()
        .map(|name| {
            let columns = case.columns();
            let row: Vec<Value> = columns
                .iter()
                .map(|column| json!([column.label, results.value(name, column.measure)]))
                .collect();
            (name.to_owned(), Value::Array(row))
        })
        .collect();
    let bars: Vec<Value> = case
        .bars()
        .iter()
        .map(|bar| {
            let verdict = bar.judge(results);
            json!({"bar": bar.text, "value": verdict.value(), "verdict": verdict.to_string()})
        })
        .collect();
    json!({
        "case": case.name,
        "title": case.title,
        "table": table,
        "bars": bars,
        "sides": results.to_json(),
    })
}

fn heading(columns: &[Column]) -> Vec<String> {
    let labels = columns.iter().map(|column| column.label.to_owned());
    std::iter::once("side".to_owned()).chain(labels).collect()
}

fn cell(results: &Results, name: &str, column: &Column) -> String {
    match results.value(name, column.measure) {
        Some(value) => format!("{value:.*}", column.decimals),
        None => "-".to_owned(),
    }
}

fn bar_line(bar: &Bar, verdict: Verdict) -> String {
    let value = verdict
        .value()
        .map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    format!(
        "  bar: {:<34} {} {value:>9}  {verdict}\n",
        bar.text, bar.side
    )
}

/// The first column to the left, the others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _infallible = if column == 0 {
                write!(text, "  {cell:<width$}")
            } else {
                write!(text, "  {cell:>width$}")
            };
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Sample;
    use crate::work;

    fn case_and_results() -> (Case, Results) {
        let case = Case::all()
            .into_iter()
            .find(|case| case.name == "startup")
            .unwrap();
        let mut results = Results::new(["hyper", "llmx"]);
        let sample = |ms| Sample::from([(work::ANSWERED, ms), (work::RSS, 3.25)]);
        results.add("hyper", sample(1.5), Vec::new());
        results.add("llmx", sample(5.5), Vec::new());
        (case, results)
    }

    #[test]
    fn a_table_shows_every_side_and_the_bars_below() {
        let (case, results) = case_and_results();
        assert_eq!(
            table(&case, &results),
            "startup: from spawn to the first answer, and size after it
  side   listening ms  first 200 ms  RSS MiB  threads
  hyper             -          1.50      3.2        -
  llmx              -          5.50      3.2        -
  bar: first 200 <= 5 ms                  llmx     5.500  MISS
  bar: idle RSS <= 8 MiB                  llmx     3.250  PASS
"
        );
    }

    #[test]
    fn failures_are_shown_and_the_json_holds_every_round() {
        let (case, mut results) = case_and_results();
        results.add("llmx", Sample::new(), vec!["cut".to_owned()]);
        assert!(table(&case, &results).contains("llmx: 1 failures, first: cut"));
        let json = json(2, &[(case, results)]);
        let llmx = json.pointer("/cases/0/sides/llmx/rounds").unwrap();
        assert_eq!(llmx, &json!([{"first_200_ms": 5.5, "rss_mib": 3.25}, {}]));
        let verdict = json.pointer("/cases/0/bars/0/verdict").unwrap();
        assert_eq!(verdict, "MISS (failures)");
    }
}
