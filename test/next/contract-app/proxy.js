export function proxy(request, event) {
  return globalThis.contract.proxy(request, event)
}

export const config = { matcher: ["/", "/real", "/lazy", "/optional", "/write", "/stream", "/away/:way"] }
