exports.slug = (title) => title.replace(" ", "_");
