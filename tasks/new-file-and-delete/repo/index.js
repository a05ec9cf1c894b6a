const { slug } = require("./legacy");

exports.url = (title) => `/posts/${slug(title)}`;
