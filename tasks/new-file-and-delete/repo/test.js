const assert = require("node:assert");
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { url } = require("./index");

assert.equal(url("On the Origin of Bugs"), "/posts/on-the-origin-of-bugs");
assert.equal(url("  Twice  as  far  "), "/posts/twice-as-far");
assert.ok(existsSync(join(__dirname, "lib", "slug.js")), "the function has a file of its own");
assert.ok(!existsSync(join(__dirname, "legacy.js")), "the old file is gone");
