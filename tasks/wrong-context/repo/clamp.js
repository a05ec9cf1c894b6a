/** Returns the number nearest to `value` between `low` and `high`. */
function clamp(value, low, high) {
  if (value < low) {
    return low;
  }
  if (value > high) {
    return value;
  }
  return value;
}

module.exports = { clamp };
