import type { NextConfig } from "next"

const config: NextConfig = {
  // So that the gate can tell a page that the router loads ahead from a page that a person opens.
  skipProxyUrlNormalize: true,
  cacheComponents: true,
}

export default config
