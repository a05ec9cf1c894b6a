//! From figures of rounds to one number: medians, and medians of same-round ratios.
//!
//! A machine's speed drifts from minute to minute. All sides run in every round, and only figures
//! of the same round are set against each other.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The figures of one side in one round.
pub(crate) type Sample = BTreeMap<&'static str, f64>;

/// Everything one case has yielded, side by side.
#[derive(Debug, Default)]
pub(crate) struct Results {
    sides: Vec<SideResults>,
}

#[derive(Debug)]
struct SideResults {
    name: String,
    /// One entry per round, empty where the round failed, so that rounds stay aligned.
    rounds: Vec<Sample>,
    faults: Vec<String>,
}

/// A number drawn from the results of a side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Measure {
    /// Median of the rounds.
    Median(&'static str),
    /// Median of the same-round ratios to another side.
    Ratio(&'static str, &'static str),
    /// Median of the same-round differences to another side.
    Excess(&'static str, &'static str),
    /// Median of `(side - base) / (floor - base)`.
    ExcessRatio {
        figure: &'static str,
        base: &'static str,
        floor: &'static str,
    },
    /// Sum of one figure over the sum of another: CPU ticks are too coarse for single rounds.
    Pooled(&'static str, &'static str),
}

impl Results {
    pub(crate) fn new<'a>(sides: impl IntoIterator<Item = &'a str>) -> Self {
        let side = |name: &str| SideResults {
            name: name.to_owned(),
            rounds: Vec::new(),
            faults: Vec::new(),
        };
        Self {
            sides: sides.into_iter().map(side).collect(),
        }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.sides.iter().map(|side| side.name.as_str())
    }

    pub(crate) fn add(&mut self, name: &str, sample: Sample, faults: Vec<String>) {
        if let Some(side) = self.sides.iter_mut().find(|side| side.name == name) {
            side.rounds.push(sample);
            side.faults.extend(faults);
        }
    }

    pub(crate) fn faults(&self, name: &str) -> &[String] {
        self.side(name).map_or(&[], |side| side.faults.as_slice())
    }

    /// The number, or `None` if a side or figure it needs is missing.
    pub(crate) fn value(&self, name: &str, measure: Measure) -> Option<f64> {
        let rounds = &self.side(name)?.rounds;
        match measure {
            Measure::Median(figure) => {
                median(rounds.iter().filter_map(|round| round.get(figure).copied()))
            }
            Measure::Ratio(figure, base) => self.same_round(name, base, |one, other| {
                Some(one.get(figure)? / other.get(figure)?)
            }),
            Measure::Excess(figure, base) => self.same_round(name, base, |one, other| {
                Some(one.get(figure)? - other.get(figure)?)
            }),
            Measure::ExcessRatio {
                figure,
                base,
                floor,
            } => {
                let bases = &self.side(base)?.rounds;
                let floors = &self.side(floor)?.rounds;
                median(
                    rounds
                        .iter()
                        .zip(bases)
                        .zip(floors)
                        .filter_map(|((round, base), floor)| {
                            let base = base.get(figure)?;
                            Some((round.get(figure)? - base) / (floor.get(figure)? - base))
                        }),
                )
            }
            Measure::Pooled(total, per) => {
                let sum = |figure| {
                    rounds
                        .iter()
                        .filter_map(|round| round.get(figure))
                        .sum::<f64>()
                };
                let has_both = rounds.iter().any(|round| round.contains_key(total));
                (has_both && sum(per) > 0.0).then(|| sum(total) / sum(per))
            }
        }
    }

    /// All figures of all rounds, for a file.
    pub(crate) fn to_json(&self) -> Value {
        let sides = self.sides.iter().map(|side| {
            let value = json!({"rounds": side.rounds, "faults": side.faults});
            (side.name.clone(), value)
        });
        Value::Object(sides.collect())
    }

    fn same_round(
        &self,
        name: &str,
        base: &str,
        compare: impl Fn(&Sample, &Sample) -> Option<f64>,
    ) -> Option<f64> {
        let rounds = self.side(name)?.rounds.iter().zip(&self.side(base)?.rounds);
        median(rounds.filter_map(|(one, other)| compare(one, other)))
    }

    fn side(&self, name: &str) -> Option<&SideResults> {
        self.sides.iter().find(|side| side.name == name)
    }
}

/// The middle value, or the mean of the two middle ones; `None` of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values
        .into_iter()
        .filter(|value| value.is_finite())
        .collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *values.get(values.len() / 2 - 1)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Results {
        let mut results = Results::new(["direct", "nginx", "llmx"]);
        // The second round ran on a machine twice as slow.
        for slow in [1.0, 2.0, 1.0] {
            for (side, p50) in [("direct", 50.0), ("nginx", 70.0), ("llmx", 60.0)] {
                let sample = Sample::from([("p50", p50 * slow), ("cpu", 3.0), ("n", 2.0 * slow)]);
                results.add(side, sample, Vec::new());
            }
        }
        results
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median([f64::INFINITY, 1.0]), Some(1.0));
        assert_eq!(median([]), None);
    }

    #[test]
    fn ratios_hold_although_the_machine_slowed_down() {
        let results = results();
        assert_eq!(results.value("llmx", Measure::Median("p50")), Some(60.0));
        assert_eq!(
            results.value("llmx", Measure::Ratio("p50", "direct")),
            Some(1.2)
        );
        assert_eq!(
            results.value("llmx", Measure::Excess("p50", "direct")),
            Some(10.0)
        );
        let added = Measure::ExcessRatio {
            figure: "p50",
            base: "direct",
            floor: "nginx",
        };
        assert_eq!(results.value("llmx", added), Some(0.5));
    }

    #[test]
    fn pooled_figures_are_summed_before_they_are_divided() {
        assert_eq!(
            results().value("llmx", Measure::Pooled("cpu", "n")),
            Some(9.0 / 8.0)
        );
        assert_eq!(results().value("llmx", Measure::Pooled("none", "n")), None);
    }

    #[test]
    fn a_missing_side_or_a_failed_round_is_no_number() {
        let mut results = results();
        assert_eq!(results.value("peer", Measure::Median("p50")), None);
        assert_eq!(results.value("llmx", Measure::Ratio("p50", "peer")), None);
        results.add("llmx", Sample::new(), vec!["broke".to_owned()]);
        results.add("direct", Sample::from([("p50", 1.0)]), Vec::new());
        assert_eq!(
            results.value("llmx", Measure::Ratio("p50", "direct")),
            Some(1.2)
        );
        assert_eq!(results.faults("llmx"), ["broke"]);
    }
}
