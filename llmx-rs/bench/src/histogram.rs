//! A histogram of durations with bounded memory and 0.2 % precision.
//!
//! A run may record millions of latencies; sorting them would cost the client time and memory that
//! the measured proxy shares.

/// Counts of nanosecond values in buckets whose width grows with the value.
#[derive(Debug)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            total: 0,
        }
    }
}

impl Histogram {
    pub(crate) fn record(&mut self, nanoseconds: u64) {
        if let Some(count) = self.counts.get_mut(bucket_of(nanoseconds)) {
            *count += 1;
            self.total += 1;
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The smallest value that at least `share` (0 to 1) of the values do not exceed, in
    /// nanoseconds; 0 if nothing was recorded.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let rank = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle_of(bucket);
            }
        }
        0.0
    }
}

/// Values below `STEPS` have a bucket each; above, every doubling is cut into `STEPS / 2` steps.
fn bucket_of(value: u64) -> usize {
    let magnitude = (u64::BITS - value.leading_zeros()).saturating_sub(STEP_BITS);
    let step = (value >> magnitude) as usize;
    magnitude as usize * (STEPS / 2) + step
}

fn middle_of(bucket: usize) -> f64 {
    if bucket < STEPS {
        return bucket as f64;
    }
    let magnitude = bucket / (STEPS / 2) - 1;
    let step = bucket - magnitude * (STEPS / 2);
    let width = (1_u64 << magnitude) as f64;
    step as f64 * width + width / 2.0
}

/// 512 steps keep the error of one value below 1/512.
const STEP_BITS: u32 = 9;
const STEPS: usize = 1 << STEP_BITS;
const BUCKETS: usize = (u64::BITS as usize - STEP_BITS as usize) * (STEPS / 2) + STEPS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_fifth_of_a_percent() {
        let mut histogram = Histogram::default();
        for value in 1..=1_000_000_u64 {
            histogram.record(value);
        }
        for share in [0.01, 0.5, 0.9, 0.99] {
            let exact = share * 1e6;
            assert!((histogram.quantile(share) - exact).abs() / exact < 0.002);
        }
        assert_eq!(histogram.total(), 1_000_000);
    }

    #[test]
    fn every_value_has_a_bucket_whose_middle_is_near_it() {
        for shift in 0..64 {
            let value = 3_u64.rotate_right(1) >> shift;
            let bucket = bucket_of(value);
            assert!(bucket < BUCKETS, "{value} is out of range");
            let error = (middle_of(bucket) - value as f64).abs();
            assert!(error <= value as f64 / 511.0, "{value} is off by {error}");
        }
    }

    #[test]
    fn an_empty_histogram_says_zero_and_one_value_is_every_quantile() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), 0.0);
        histogram.record(100);
        assert_eq!(histogram.quantile(0.01), 100.0);
        assert_eq!(histogram.quantile(0.99), 100.0);
    }
}
