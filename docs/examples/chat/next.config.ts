import type { NextConfig } from "next"

const config: NextConfig = {
  cacheComponents: true,
  skipProxyUrlNormalize: true,
}

export default config
