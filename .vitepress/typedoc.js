import { readFileSync } from "node:fs"
import { Converter, ReflectionKind } from "typedoc"

const { exports: entries } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
const sources = Object.values(entries).flatMap((target) =>
  typeof target === "object" ? [target.default.replace("./dist/", "../src/").replace(/\.js$/, ".ts")] : [],
)

/** Leaves out what says nothing: the library throws its errors itself, and what overrides what is seen in their types. */
function plainClasses({ converter }) {
  converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const reflection of project.getReflectionsByKind(ReflectionKind.Constructor)) {
      if (!reflection.parent?.name.startsWith("SignInRefused")) project.removeReflection(reflection)
    }
  })
  converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const reflection of Object.values(project.reflections)) {
      for (const key of ["overwrites", "inheritedFrom", "implementationOf"]) delete reflection[key]
    }
  })
}

/** Writes a page for each entry of the package into docs/api. */
export default {
  entryPoints: sources,
  tsconfig: "../tsconfig.build.json",
  // The build checks the types.
  skipErrorChecking: true,
  out: "../docs/api",
  plugin: ["typedoc-plugin-markdown", plainClasses],
  readme: "none",
  name: "API",
  router: "module",
  entryFileName: "index",
  githubPages: false,
  excludeExternals: true,
  disableSources: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useHTMLAnchors: true,
  anchorPrefix: "api-",
  useCodeBlocks: true,
  parametersFormat: "table",
  typeDeclarationFormat: "table",
  groupOrder: ["Functions", "Interfaces", "Classes", "Type Aliases", "Variables"],
  sort: ["alphabetical"],
  // What these types are made of is seen in the types that name them.
  intentionallyNotExported: [
    "Answer",
    "DateColumn",
    "DrizzleMethods",
    "LazyMarkers",
    "LazyProviderConfig",
    "TextColumn",
    "TokenColumn",
    "UsersTable",
    "Visitor",
    "WholeUsersTable",
  ],
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: ["Module", "Interface", "Class", "TypeAlias", "Variable"],
  treatWarningsAsErrors: true,
}
