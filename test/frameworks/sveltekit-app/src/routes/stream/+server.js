export const GET = ({ request }) => {
  const app = globalThis.contractApps.get(request.headers.get("x-contract-port"))
  return new Response(app.events(), { headers: { "content-type": "text/event-stream" } })
}
