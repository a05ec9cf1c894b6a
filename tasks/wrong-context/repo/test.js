const assert = require("node:assert");
const { clamp } = require("./clamp");

assert.equal(clamp(5, 1, 9), 5);
assert.equal(clamp(0, 1, 9), 1);
assert.equal(clamp(12, 1, 9), 9, "what is too high becomes the highest");
