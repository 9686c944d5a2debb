// Without skipProxyUrlNormalize: most apps don't have it.
export default {
  basePath: "/app",
  experimental: { serverActions: { allowedOrigins: ["app.test"] } },
}
