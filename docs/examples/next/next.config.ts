import type { NextConfig } from "next"

const config: NextConfig = {
  // So that the gate can tell a page that is loaded ahead from one that somebody has asked for.
  skipProxyUrlNormalize: true,
  cacheComponents: true,
}

export default config
