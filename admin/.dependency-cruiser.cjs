/** Imports run app → features → ui, fields → model, api; rooms never import one another, and nothing goes in a circle. */
const forbid = (name, from, to) => ({ name, severity: "error", from, to });

module.exports = {
  forbidden: [
    forbid("no-circles", {}, { circular: true }),
    forbid("rooms-stand-alone", { path: "^src/features/([^/]+)/" }, { path: "^src/features/", pathNot: "^src/features/$1/" }),
    forbid("features-below-app", { path: "^src/features/" }, { path: "^src/app/" }),
    forbid("ui-below-features", { path: "^src/(ui|fields)/" }, { path: "^src/(features|app)/" }),
    forbid("api-below-ui", { path: "^src/api/" }, { path: "^src/(features|app|ui|fields)/" }),
    forbid("model-is-pure", { path: "^src/model/" }, { path: "^(src/(?!model/)|node_modules/(react|@mantine|@tanstack))" }),
  ],
  options: { doNotFollow: { path: "node_modules" }, tsConfig: { fileName: "tsconfig.json" }, tsPreCompilationDeps: true },
};
