export function GET(request) {
  return new Response(globalThis.contract.events(request.headers), { headers: { "content-type": "text/event-stream" } })
}
