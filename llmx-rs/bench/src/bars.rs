//! The bars of the project's issue, and whether llmx clears them.

use std::fmt;

use crate::measure::{Measure, Results};
/// One promise about llmx's proxy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bar {
    pub(crate) text: &'static str,
    /// As what llmx runs.
    pub(crate) side: &'static str,
    pub(crate) measure: Measure,
    pub(crate) limit: Limit,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    Pass(f64),
    Miss(f64),
    /// Requests failed: figures of what is left prove nothing.
    Failed,
    /// llmx or the side it is held against did not run.
    Unknown,
}

impl Bar {
    pub(crate) fn judge(&self, results: &Results) -> Verdict {
        if !results.faults(self.side).is_empty() {
            return Verdict::Failed;
        }
        let Some(value) = results.value(self.side, self.measure) else {
            return Verdict::Unknown;
        };
        let holds = match self.limit {
            Limit::AtLeast(limit) => value >= limit,
            Limit::AtMost(limit) => value <= limit,
        };
        if holds {
            Verdict::Pass(value)
        } else {
            Verdict::Miss(value)
        }
    }
}

impl Verdict {
    pub(crate) fn value(self) -> Option<f64> {
        match self {
            Self::Pass(value) | Self::Miss(value) => Some(value),
            Self::Failed | Self::Unknown => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Pass(_) => "PASS",
            Self::Miss(_) => "MISS",
            Self::Failed => "MISS (failures)",
            Self::Unknown => "not measured",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Sample;
    use crate::side::LLMX;

    const BAR: Bar = Bar {
        text: "rate",
        side: LLMX,
        measure: Measure::Ratio("rate", "nginx"),
        limit: Limit::AtLeast(0.9),
    };

    fn results(llmx: f64, faults: &[&str]) -> Results {
        let mut results = Results::new(["nginx", LLMX]);
        results.add("nginx", Sample::from([("rate", 100.0)]), Vec::new());
        let faults = faults.iter().map(ToString::to_string).collect();
        results.add(LLMX, Sample::from([("rate", llmx)]), faults);
        results
    }

    #[test]
    fn a_bar_is_cleared_at_its_limit_and_missed_below() {
        assert_eq!(BAR.judge(&results(90.0, &[])), Verdict::Pass(0.9));
        assert_eq!(BAR.judge(&results(89.0, &[])), Verdict::Miss(0.89));
        let at_most = Bar {
            limit: Limit::AtMost(0.9),
            ..BAR
        };
        assert_eq!(at_most.judge(&results(90.0, &[])), Verdict::Pass(0.9));
        assert_eq!(at_most.judge(&results(91.0, &[])), Verdict::Miss(0.91));
    }

    #[test]
    fn failures_miss_every_bar_and_absence_is_not_a_pass() {
        assert_eq!(BAR.judge(&results(200.0, &["cut"])), Verdict::Failed);
        let mut without_nginx = Results::new([LLMX]);
        without_nginx.add(LLMX, Sample::from([("rate", 1.0)]), Vec::new());
        assert_eq!(BAR.judge(&without_nginx), Verdict::Unknown);
        assert_eq!(BAR.judge(&Results::new(["nginx"])), Verdict::Unknown);
    }
}
