// The package's index says at every start on Node 20 that it wants Node 22. The demo is tested on Node 20, so it takes the provider
// from behind the index; this is its type.
declare module "oidc-provider/lib/provider.js" {
  export { Provider } from "oidc-provider"
}
