export default {
  skipProxyUrlNormalize: true,
  // The contract doesn't know the word that Next's router puts into the address of what it asks for.
  experimental: { validateRSCRequestHeaders: false, authInterrupts: true },
  // One copy for the app and for the tests, which share a process.
  serverExternalPackages: ["@auth/core"],
}
